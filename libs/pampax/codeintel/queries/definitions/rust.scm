(struct_item name: (_) @name) @type
(enum_item name: (_) @name) @type
(union_item name: (_) @name) @type
(trait_item name: (_) @name) @type
(type_item name: (_) @name) @type
(function_item name: (_) @name) @function
(function_signature_item name: (_) @name) @declaration
(macro_definition name: (_) @name) @function
(const_item name: (_) @name) @variable
(static_item name: (_) @name) @variable
(impl_item type: (_) @name) @scope
(mod_item name: (_) @name body: (_)) @scope

(closure_expression) @local
(line_comment) @lead
(block_comment) @lead
(attribute_item) @attribute
