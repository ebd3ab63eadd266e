; Uses of names.
(function_call_expression function: [(name) @call (qualified_name (name) @call)])
(member_call_expression name: (name) @call)
(nullsafe_member_call_expression name: (name) @call)
(scoped_call_expression name: (name) @call)
(object_creation_expression [(name) @call (qualified_name (name) @call)])
(base_clause [(name) @inherit (qualified_name (name) @inherit)])
(class_interface_clause [(name) @inherit (qualified_name (name) @inherit)])
(use_declaration [(name) @inherit (qualified_name (name) @inherit)])
(named_type [(name) @type (qualified_name (name) @type)])
(scoped_call_expression scope: (name) @type)
(class_constant_access_expression . (name) @type)

(simple_parameter type: (_)) @binding
(property_declaration) @binding
(assignment_expression right: (object_creation_expression)) @binding
(namespace_use_declaration) @import
