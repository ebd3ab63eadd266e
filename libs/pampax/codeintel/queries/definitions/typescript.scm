; What TypeScript and TSX add to javascript.scm.
(abstract_class_declaration name: (_) @name) @type
(interface_declaration name: (_) @name) @type
(type_alias_declaration name: (_) @name) @type
(enum_declaration name: (_) @name) @type
(internal_module name: (_) @name) @scope
(module name: (_) @name) @scope
(public_field_definition name: (_) @name) @variable
(public_field_definition name: (_) @name value: [(arrow_function) (function_expression)]) @function
(function_signature name: (_) @name) @declaration
(method_signature name: (_) @name) @declaration
(abstract_method_signature name: (_) @name) @declaration
(ambient_declaration [(lexical_declaration (variable_declarator name: (identifier) @name) @variable)
                      (variable_declaration (variable_declarator name: (identifier) @name) @variable)])
