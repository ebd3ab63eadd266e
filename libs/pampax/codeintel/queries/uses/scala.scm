; Uses of names.
(call_expression function: [(identifier) @call (field_expression field: (identifier) @call)
  (generic_function function: [(identifier) @call (field_expression field: (identifier) @call)])])
(instance_expression [(type_identifier) @call (generic_type type: (type_identifier) @call)])
(extends_clause [(type_identifier) @inherit (generic_type type: (type_identifier) @inherit)])
(type_identifier) @type
(arguments [(identifier) @read (field_expression field: (identifier) @read)])

(val_definition) @binding
(parameter) @binding
(class_parameter) @binding
(import_declaration) @import
