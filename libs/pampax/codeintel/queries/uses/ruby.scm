; Uses of names. A bare identifier may be a call without arguments: it is read.
(call method: [(identifier) (constant)] @call)
(superclass [(constant) @inherit (scope_resolution name: (constant) @inherit)])
(call method: (identifier) @_mixin arguments: (argument_list [(constant) @inherit (scope_resolution name: (constant) @inherit)])
  (#match? @_mixin "^(include|extend|prepend)$"))
(constant) @type
(argument_list (identifier) @read)
(body_statement (identifier) @read)
(assignment right: (identifier) @read)

(assignment right: (call)) @binding
(call method: (identifier) @_require (#match? @_require "^require(_relative)?$")) @import
