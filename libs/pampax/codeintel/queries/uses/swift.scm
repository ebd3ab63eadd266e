; Uses of names.
(call_expression . [(simple_identifier) @call (navigation_expression suffix: (navigation_suffix suffix: (simple_identifier) @call))])
(inheritance_specifier inherits_from: (user_type (type_identifier) @inherit))
(user_type (type_identifier) @type)
(value_argument value: (simple_identifier) @read)

(property_declaration) @binding
(parameter) @binding
(import_declaration) @import
