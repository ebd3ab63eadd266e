(class_definition name: (identifier) @name) @type
(mixin_declaration . (mixin) . (identifier) @name) @type
(extension_declaration name: (identifier) @name) @type
(extension_type_declaration name: (identifier) @name) @type
(enum_declaration name: (identifier) @name) @type
(type_alias . (type_identifier) @name) @type

(function_declaration signature: [(function_signature name: (identifier) @name)
                                  (getter_signature name: (identifier) @name)
                                  (setter_signature name: (identifier) @name)]) @function
(method_declaration signature: (method_signature [
  (function_signature name: (identifier) @name)
  (getter_signature name: (identifier) @name)
  (setter_signature name: (identifier) @name)
  (constructor_signature name: (identifier) @name . (formal_parameter_list))
  (factory_constructor_signature (identifier) @name . (formal_parameter_list))])) @function
(declaration [
  (constructor_signature name: (identifier) @name . (formal_parameter_list))
  (constant_constructor_signature (identifier) @name . (formal_parameter_list))]) @function
(declaration [
  (function_signature name: (identifier) @name)
  (getter_signature name: (identifier) @name)
  (setter_signature name: (identifier) @name)]) @declaration
(program (function_signature name: (identifier) @name) @declaration)
(declaration (initialized_identifier_list (initialized_identifier . (identifier) @name))) @variable
(declaration (static_final_declaration_list (static_final_declaration . (identifier) @name))) @variable
(program (initialized_identifier_list (initialized_identifier . (identifier) @name)) @variable)
(program (static_final_declaration_list (static_final_declaration . (identifier) @name)) @variable)

(comment) @lead
(documentation_comment) @lead
(annotation) @attribute
