; Uses of names.
(method_invocation name: (identifier) @call)
(method_reference (identifier) @call .)
(object_creation_expression type: [(type_identifier) @call (generic_type (type_identifier) @call) (scoped_type_identifier (type_identifier) @call .)])
(superclass [(type_identifier) @inherit (generic_type (type_identifier) @inherit)])
(super_interfaces (type_list [(type_identifier) @inherit (generic_type (type_identifier) @inherit)]))
(extends_interfaces (type_list [(type_identifier) @inherit (generic_type (type_identifier) @inherit)]))
[(marker_annotation name: (identifier) @type) (annotation name: (identifier) @type)]
(type_identifier) @type
(argument_list (identifier) @read)

(local_variable_declaration) @binding
(field_declaration) @binding
(formal_parameter) @binding
(catch_formal_parameter) @binding
(import_declaration) @import
