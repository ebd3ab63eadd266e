; Shared by JavaScript, TypeScript and TSX: only nodes that all three grammars have.
(class_declaration name: (_) @name) @type
(function_declaration name: (_) @name) @function
(generator_function_declaration name: (_) @name) @function
(method_definition name: (_) @name) @function

(program [(lexical_declaration (variable_declarator name: (identifier) @name) @variable)
          (variable_declaration (variable_declarator name: (identifier) @name) @variable)])
(export_statement [(lexical_declaration (variable_declarator name: (identifier) @name) @variable)
                   (variable_declaration (variable_declarator name: (identifier) @name) @variable)])
(variable_declarator name: (identifier) @name value: [(arrow_function) (function_expression) (generator_function)]) @function
(variable_declarator name: (identifier) @name value: (class)) @type
; const Button = forwardRef((props, ref) => ...), const useStore = create((set) => ...)
(program (lexical_declaration (variable_declarator
  name: (identifier) @name
  value: (call_expression arguments: (arguments [(arrow_function) (function_expression)]))) @function))
(export_statement (lexical_declaration (variable_declarator
  name: (identifier) @name
  value: (call_expression arguments: (arguments [(arrow_function) (function_expression)]))) @function))

(pair key: (property_identifier) @name value: [(arrow_function) (function_expression) (generator_function)]) @function
(assignment_expression
  left: (member_expression object: (_) @container property: (_) @name)
  right: [(arrow_function) (function_expression) (generator_function)]) @function
(assignment_expression
  left: (member_expression object: (_) @container property: (_) @name)
  right: (class)) @type

(arrow_function body: (statement_block)) @local
(function_expression) @local
(comment) @lead
(decorator) @attribute
