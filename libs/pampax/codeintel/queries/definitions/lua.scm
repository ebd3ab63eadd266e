(function_declaration name: (identifier) @name) @function
(function_declaration name: (dot_index_expression table: (_) @container field: (_) @name)) @function
(function_declaration name: (method_index_expression table: (_) @container method: (_) @name)) @function

; A function is what is assigned, alone or as a field of a table, also inside a call: `M.setup = wrap(function() ...)`.
(assignment_statement
  (variable_list . name: (identifier) @name)
  (expression_list . [(function_definition parameters: (_) @head)
                      (function_call arguments: (arguments (function_definition parameters: (_) @head)))])) @function
(assignment_statement
  (variable_list . name: (dot_index_expression table: (_) @container field: (_) @name))
  (expression_list . [(function_definition parameters: (_) @head)
                      (function_call arguments: (arguments (function_definition parameters: (_) @head)))])) @function
(assignment_statement
  (variable_list . name: (bracket_index_expression table: (_) @container field: (string content: (_) @name)))
  (expression_list . (function_definition parameters: (_) @head))) @function
(field name: (identifier) @name value: (function_definition parameters: (_) @head)) @function

(chunk (variable_declaration [(assignment_statement (variable_list name: (identifier) @name))
                              (variable_list name: (identifier) @name)]) @variable)
(chunk (assignment_statement (variable_list name: (identifier) @name)) @variable)
(chunk (assignment_statement
  (variable_list name: (dot_index_expression table: (_) @container field: (_) @name))) @variable)

(function_definition) @local
(comment) @lead
