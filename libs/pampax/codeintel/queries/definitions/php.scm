(namespace_definition name: (_) @name body: (_)) @scope
(namespace_definition name: (_) @name !body) @rest
(class_declaration name: (_) @name) @type
(interface_declaration name: (_) @name) @type
(trait_declaration name: (_) @name) @type
(enum_declaration name: (_) @name) @type

(function_definition name: (_) @name) @function
(method_declaration name: (_) @name body: (_)) @function
(method_declaration name: (_) @name !body) @declaration

(const_declaration (const_element . (name) @name)) @variable
(property_declaration (property_element name: (variable_name (name) @name))) @variable
(property_promotion_parameter name: (variable_name (name) @name)) @variable
((function_call_expression
  function: (name) @_function
  arguments: (arguments . (argument (string (string_content) @name)))) @variable
  (#eq? @_function "define"))

(anonymous_function) @local
(arrow_function) @local
(comment) @lead
(attribute_list) @attribute
