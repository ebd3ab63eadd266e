; Uses of names: what is called, inherited, named as a type, passed on, bound to a type, imported.
(call function: [(identifier) @call (attribute attribute: (identifier) @call)])
(decorator [(identifier) @call (attribute attribute: (identifier) @call)])
(class_definition superclasses: (argument_list [(identifier) @inherit (attribute attribute: (identifier) @inherit)]))
(type [(identifier) @type (attribute attribute: (identifier) @type) (generic_type (identifier) @type)
       (subscript value: (identifier) @type) (binary_operator (identifier) @type)])
(except_clause [(identifier) @type (as_pattern (identifier) @type) (tuple (identifier) @type) (as_pattern (tuple (identifier) @type))])
(argument_list [(identifier) @read (attribute attribute: (identifier) @read) (keyword_argument value: (identifier) @read)
                (keyword_argument value: (attribute attribute: (identifier) @read))])
(assignment right: [(identifier) @read (attribute attribute: (identifier) @read)])
(return_statement [(identifier) @read (attribute attribute: (identifier) @read)])
[(pair value: (identifier) @read) (list (identifier) @read) (tuple (identifier) @read)]

(assignment right: [(call) (await (call)) (attribute)]) @binding
(assignment type: (_)) @binding
(typed_parameter) @binding
(typed_default_parameter) @binding
(as_pattern (call)) @binding
[(import_statement) (import_from_statement)] @import
