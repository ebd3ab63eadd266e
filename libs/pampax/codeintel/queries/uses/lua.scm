; Uses of names.
(function_call name: [(identifier) @call (dot_index_expression field: (identifier) @call) (method_index_expression method: (identifier) @call)])
(arguments [(identifier) @read (dot_index_expression field: (identifier) @read)])
(assignment_statement) @import
