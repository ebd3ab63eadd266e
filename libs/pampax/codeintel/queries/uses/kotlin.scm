; Uses of names.
(call_expression . [(identifier) @call (navigation_expression (identifier) @call .)])
(delegation_specifier [(user_type (identifier) @inherit) (constructor_invocation (user_type (identifier) @inherit))])
(user_type (identifier) @type)
(value_argument (identifier) @read)

(property_declaration) @binding
(parameter) @binding
(class_parameter) @binding
(import) @import
