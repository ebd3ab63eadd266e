; Uses of names.
(call_expression function: [(identifier) @call (field_expression member: (identifier) @call)])
(parameter type: (identifier) @type)
(variable_declaration) @import
