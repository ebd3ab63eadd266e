; Uses of names. Whatever is applied or passed on is a variable.
(apply function: (variable) @call)
(infix operator: (infix_id (variable) @call))
(variable) @read
(name) @type
(import) @import
