; What stands in a companion object without a name is named after the class alone.
(class_declaration name: (_) @name) @type
(object_declaration name: (_) @name) @type
(companion_object (identifier) @name) @type
(type_alias type: (identifier) @name) @type

(function_declaration name: (_) @name (function_body)) @function
(function_declaration name: (_) @name) @declaration
(function_declaration [(user_type) (nullable_type)] @container . name: (_) @name) @function
(secondary_constructor "constructor" @name) @function

(property_declaration (variable_declaration . (identifier) @name)) @variable
(property_declaration [(user_type) (nullable_type)] @container . (variable_declaration . (identifier) @name)) @variable
(property_declaration (multi_variable_declaration (variable_declaration . (identifier) @name))) @variable
(class_parameter ["val" "var"] . (identifier) @name) @variable

(anonymous_initializer) @hidden
(getter) @hidden
(setter) @hidden
(lambda_literal) @local
(anonymous_function) @local
(line_comment) @lead
(block_comment) @lead
(annotation) @attribute
