; C++ uses these too: its grammar extends the one of C.
(function_definition declarator: (_) @declarator) @function
(declaration declarator: (function_declarator) @declarator) @declaration
(declaration declarator: (pointer_declarator declarator: (function_declarator)) @declarator) @declaration
(declaration declarator: (pointer_declarator declarator: (pointer_declarator declarator: (function_declarator))) @declarator) @declaration
(translation_unit (declaration declarator: (_) @declarator) @variable)
(preproc_ifdef (declaration declarator: (_) @declarator) @variable)
(preproc_if (declaration declarator: (_) @declarator) @variable)
(preproc_else (declaration declarator: (_) @declarator) @variable)
(declaration_list (declaration declarator: (_) @declarator) @variable)
(struct_specifier name: (_) @name body: (_)) @type
(union_specifier name: (_) @name body: (_)) @type
(enum_specifier name: (_) @name body: (_)) @type
(type_definition declarator: (_) @declarator) @type
(preproc_def name: (identifier) @name value: (_)) @variable
(preproc_function_def name: (identifier) @name) @function

(comment) @lead
