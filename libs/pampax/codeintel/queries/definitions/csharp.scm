(namespace_declaration name: (_) @name) @scope
(file_scoped_namespace_declaration name: (_) @name) @rest
(class_declaration name: (_) @name) @type
(struct_declaration name: (_) @name) @type
(record_declaration name: (_) @name) @type
(interface_declaration name: (_) @name) @type
(enum_declaration name: (_) @name) @type
(delegate_declaration name: (_) @name) @type

(method_declaration name: (_) @name body: (_)) @function
(method_declaration name: (_) @name !body) @declaration
(constructor_declaration name: (_) @name) @function
(operator_declaration operator: _ @name) @function
(global_statement (local_function_statement name: (_) @name) @function)

(property_declaration name: (_) @name [accessors: (_) value: (_)] @body) @variable
(interface_declaration body: (declaration_list (property_declaration name: (_) @name accessors: (_) @body) @declaration))
(indexer_declaration "this" @name [accessors: (_) value: (_)] @body) @variable
(event_declaration name: (_) @name accessors: (_)? @body) @variable
(event_field_declaration (variable_declaration (variable_declarator name: (_) @name))) @variable
(field_declaration (variable_declaration (variable_declarator name: (_) @name))) @variable

(comment) @lead
(attribute_list) @attribute
