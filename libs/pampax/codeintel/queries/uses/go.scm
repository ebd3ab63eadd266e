; Uses of names.
(call_expression function: [(identifier) @call (selector_expression field: (field_identifier) @call)])
(composite_literal type: [(type_identifier) @call (qualified_type name: (type_identifier) @call)])
(struct_type (field_declaration_list (field_declaration !name type: [(type_identifier) @inherit (qualified_type name: (type_identifier) @inherit)
  (generic_type type: (type_identifier) @inherit)])))
(type_identifier) @type
(argument_list [(identifier) @read (selector_expression field: (field_identifier) @read)])
(literal_element (identifier) @read)
(return_statement (expression_list (identifier) @read))

(short_var_declaration) @binding
(var_spec type: (_)) @binding
(parameter_declaration) @binding
(field_declaration name: (_)) @binding
(import_spec) @import
