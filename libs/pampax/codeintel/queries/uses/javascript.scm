; Uses of names, as far as JavaScript, TypeScript and TSX share them.
(call_expression function: [(identifier) @call (member_expression property: [(property_identifier) (private_property_identifier)] @call)])
; The grammar takes `await f<T>(x)` for a call of `await f`.
(call_expression function: (await_expression [(identifier) @call (member_expression property: (property_identifier) @call)]))
(new_expression constructor: [(identifier) @call (member_expression property: (property_identifier) @call)])
(decorator [(identifier) @call (call_expression function: (identifier) @call)])
(arguments [(identifier) @read (member_expression property: (property_identifier) @read)])
(assignment_expression right: (identifier) @read)
(return_statement (identifier) @read)
(pair value: (identifier) @read)
(shorthand_property_identifier) @read
(array (identifier) @read)

(variable_declarator value: [(new_expression) (call_expression) (await_expression)]) @binding
(assignment_expression right: (new_expression)) @binding
(import_statement) @import
(export_statement source: (_)) @import
(variable_declarator value: (call_expression function: (identifier) @_require (#eq? @_require "require"))) @import
