(package_clause name: (_) @name body: (_)) @scope
(package_object name: (_) @name) @type
(class_definition name: (_) @name) @type
(object_definition name: (_) @name) @type
(trait_definition name: (_) @name) @type
(enum_definition name: (_) @name) @type
(type_definition name: (_) @name) @type
(extension_definition parameters: (parameters (parameter type: (_) @name))) @scope
(given_definition !name return_type: (_) @name body: (with_template_body)) @scope

(function_definition name: (_) @name) @function
(function_declaration name: (_) @name) @declaration

(given_definition name: (_) @name) @variable
(val_definition pattern: (identifier) @name) @variable
(val_definition pattern: (tuple_pattern (identifier) @name)) @variable
(var_definition pattern: (identifier) @name) @variable
(val_declaration name: (identifier) @name) @declaration
(var_declaration name: (identifier) @name) @declaration
(class_parameter ["val" "var"] name: (identifier) @name) @variable
(class_definition "case" class_parameters: (class_parameters (class_parameter name: (identifier) @name) @variable))

(block) @hidden
(indented_block) @hidden
(lambda_expression) @local
(comment) @lead
(block_comment) @lead
(annotation) @attribute
