(call_expression function: [(qualified_identifier name: (identifier) @call) (template_function name: (identifier) @call)
  (qualified_identifier name: (template_function name: (identifier) @call))
  (qualified_identifier name: (qualified_identifier name: (identifier) @call))])
(new_expression type: (type_identifier) @call)
(base_class_clause [(type_identifier) @inherit (qualified_identifier name: (type_identifier) @inherit) (template_type name: (type_identifier) @inherit)])
(declaration) @binding
(parameter_declaration) @binding
(field_declaration) @binding
