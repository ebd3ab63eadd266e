(class_declaration name: (type_identifier) @name) @type
(class_declaration name: (user_type) @name) @scope
(protocol_declaration name: (_) @name) @type
(typealias_declaration name: (type_identifier) @name) @type
(associatedtype_declaration name: (type_identifier) @name) @type

; What the result is called has the field's name as well.
(function_declaration name: [
  (simple_identifier) (custom_operator) "+" "-" "*" "/" "%" "<" ">" "<=" ">=" "==" "!=" "===" "!==" "&" "|" "^" "~" "!"
  "<<" ">>" "+=" "-=" "*=" "/=" "%="] @name) @function
(init_declaration name: _ @name body: (_)) @function
(init_declaration name: _ @name !body) @declaration
(deinit_declaration "deinit" @name) @function
(subscript_declaration "subscript" @name (computed_property)? @body) @function
(macro_declaration (simple_identifier) @name definition: (_)? @body) @function
(protocol_function_declaration name: [(simple_identifier) (custom_operator)] @name) @declaration
(protocol_property_declaration name: (pattern bound_identifier: (simple_identifier) @name)) @declaration

(property_declaration name: (pattern bound_identifier: (simple_identifier) @name)
  [(computed_property) (willset_didset_block)]? @body) @variable

(computed_property) @hidden
(willset_didset_block) @hidden
(lambda_literal) @local
(comment) @lead
(multiline_comment) @lead
(attribute) @attribute
