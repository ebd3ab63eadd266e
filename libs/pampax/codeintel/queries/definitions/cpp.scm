; What C++ adds to c.scm. A template's definition begins at the word template.
(class_specifier name: (_) @name body: (_)) @type
(namespace_definition name: (_) @name) @scope
(alias_declaration name: (_) @name) @type
(concept_definition name: (_) @name) @type
(field_declaration declarator: (function_declarator) @declarator) @declaration
(field_declaration declarator: (pointer_declarator declarator: (function_declarator)) @declarator) @declaration
(field_declaration declarator: (reference_declarator (function_declarator)) @declarator) @declaration
(declaration declarator: (reference_declarator (function_declarator)) @declarator) @declaration

(template_declaration (function_definition declarator: (_) @declarator)) @function
(template_declaration (declaration declarator: (_) @declarator)) @declaration
(template_declaration (class_specifier name: (_) @name body: (_))) @type
(template_declaration (struct_specifier name: (_) @name body: (_))) @type
(template_declaration (alias_declaration name: (_) @name)) @type
(template_declaration (concept_definition name: (_) @name)) @type

(lambda_expression) @local
