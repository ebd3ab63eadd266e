; Uses of names, as far as C and C++ share them.
(call_expression function: [(identifier) @call (field_expression field: (field_identifier) @call)])
(type_identifier) @type
(argument_list [(identifier) @read (pointer_expression (identifier) @read)])
(init_declarator value: (identifier) @read)
(initializer_pair value: (identifier) @read)
(initializer_list (identifier) @read)
(assignment_expression right: (identifier) @read)
(preproc_include) @import
