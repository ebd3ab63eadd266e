; Types are values: what is assigned tells. A function that gives a type is one.
((function_declaration name: (_) @name type: (builtin_type) @_result body: (_)) @type (#eq? @_result "type"))
((function_declaration name: (_) @name type: (_) @_result body: (_)) @function (#not-eq? @_result "type"))
(function_declaration name: (_) @name !body) @declaration
(variable_declaration . (identifier) @name
  [(struct_declaration) (enum_declaration) (union_declaration) (opaque_declaration) (error_set_declaration)]) @type

(source_file (variable_declaration . (identifier) @name) @variable)
(struct_declaration (variable_declaration . (identifier) @name) @variable)
(enum_declaration (variable_declaration . (identifier) @name) @variable)
(union_declaration (variable_declaration . (identifier) @name) @variable)
(opaque_declaration (variable_declaration . (identifier) @name) @variable)

(test_declaration) @hidden
(comptime_declaration) @hidden
(comment) @lead
