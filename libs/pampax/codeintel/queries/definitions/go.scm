(function_declaration name: (identifier) @name) @function
(method_declaration
  receiver: (parameter_list (parameter_declaration type: (_) @container))
  name: (field_identifier) @name) @function
(type_spec name: (type_identifier) @name) @type
(type_alias name: (type_identifier) @name) @type
(method_elem name: (field_identifier) @name) @declaration
(const_spec name: (identifier) @name) @variable
(var_spec name: (identifier) @name) @variable

(func_literal) @local
(comment) @lead
