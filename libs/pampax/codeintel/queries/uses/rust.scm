; Uses of names.
(call_expression function: [(identifier) @call (scoped_identifier name: (identifier) @call) (field_expression field: (field_identifier) @call)
  (generic_function function: [(identifier) @call (scoped_identifier name: (identifier) @call) (field_expression field: (field_identifier) @call)])])
(macro_invocation macro: [(identifier) @call (scoped_identifier name: (identifier) @call)])
(struct_expression name: [(type_identifier) @call (scoped_type_identifier name: (type_identifier) @call)])
(impl_item trait: [(type_identifier) @inherit (generic_type type: (type_identifier) @inherit) (scoped_type_identifier name: (type_identifier) @inherit)])
(trait_bounds [(type_identifier) @type (generic_type type: (type_identifier) @type)])
(type_identifier) @type
(arguments [(identifier) @read (scoped_identifier name: (identifier) @read)])

(let_declaration) @binding
(parameter type: (_)) @binding
(field_declaration) @binding
(use_declaration) @import
(mod_item !body) @import
