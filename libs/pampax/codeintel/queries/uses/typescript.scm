; What TypeScript and TSX add to javascript.scm.
(extends_clause value: [(identifier) @inherit (member_expression property: (property_identifier) @inherit)])
(implements_clause [(type_identifier) @inherit (generic_type name: (type_identifier) @inherit)])
(extends_type_clause [(type_identifier) @inherit (generic_type name: (type_identifier) @inherit)])
(type_annotation [(type_identifier) @type (generic_type name: (type_identifier) @type) (array_type (type_identifier) @type)
                  (union_type (type_identifier) @type)])
(type_arguments [(type_identifier) @type (generic_type name: (type_identifier) @type)])
(type_alias_declaration value: [(type_identifier) @type (union_type (type_identifier) @type) (intersection_type (type_identifier) @type)])
(as_expression (type_identifier) @type)
(required_parameter type: (_)) @binding
(optional_parameter type: (_)) @binding
(variable_declarator type: (_)) @binding
(public_field_definition type: (_)) @binding
(public_field_definition value: (new_expression)) @binding
