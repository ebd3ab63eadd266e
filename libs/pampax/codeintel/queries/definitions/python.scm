; Definitions, what leads them (comments, decorators) and what documents them.
(class_definition name: (identifier) @name) @type
(function_definition name: (identifier) @name) @function
(type_alias_statement left: (type (identifier) @name)) @type
(module (expression_statement (assignment left: (identifier) @name) @variable))
(class_definition body: (block (expression_statement (assignment left: (identifier) @name) @variable)))

(block . (expression_statement . (string) @doc))
(comment) @lead
(decorator) @attribute
