; Implementations and interfaces. A `let` in the middle of an expression is nobody else's.
(module_binding (module_name) @name) @type
(module_binding (module_name) @name module_type: (signature) @body) @type
(module_type_definition (module_type_name) @name) @type
(type_binding name: [(type_constructor) (type_constructor_path)] @name) @type
(class_binding (class_name) @name) @type
(class_type_binding (class_type_name) @name) @type
(exception_definition (constructor_declaration (constructor_name) @name)) @type

(let_binding pattern: [(value_name) (parenthesized_operator)] @name (parameter)) @function
(let_binding pattern: [(value_name) (parenthesized_operator)] @name body: [(fun_expression) (function_expression)]) @function
(let_binding pattern: [(value_name) (parenthesized_operator)] @name) @variable
(method_definition (method_name) @name) @function
(instance_variable_definition (instance_variable_name) @name) @variable

(external [(value_name) (parenthesized_operator)] @name) @declaration
(value_specification [(value_name) (parenthesized_operator)] @name) @declaration
(method_specification (method_name) @name) @declaration

(let_expression) @hidden
(fun_expression) @hidden
(function_expression) @hidden
(comment) @lead
