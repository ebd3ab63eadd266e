; Only where definitions stand: types hold nodes that are called functions as well.
(declarations (data_type name: (_) @name constructors: (gadt_constructors)? @body) @type)
(declarations (newtype name: (_) @name) @type)
(declarations (type_synonym name: (_) @name) @type)
(declarations (type_family name: (_) @name closed_family: (_)? @body) @type)
(declarations (data_family name: (_) @name) @type)
(declarations (class name: (_) @name declarations: (_)? @body) @type)
(declarations (instance patterns: (_) @name) @scope)
(field name: (field_name (variable) @name)) @variable

(declarations (function name: (_) @name match: (_) @body) @function)
(declarations (function (infix operator: (_) @name) match: (_) @body) @function)
(declarations (bind name: (_) @name match: (match expression: [(lambda) (lambda_case)]) @body) @function)
(declarations (bind name: (_) @name match: (_) @body) @variable)
(declarations (signature name: (_) @name) @declaration)
(declarations (signature names: (binding_list name: (_) @name)) @declaration)
(declarations (foreign_import signature: (signature name: (_) @name)) @function)
(declarations (pattern_synonym (equation synonym: [
  (apply function: (constructor) @name)
  (apply function: (apply function: (constructor) @name))
  (apply function: (apply function: (apply function: (constructor) @name)))])) @function)
(class_declarations (signature name: (_) @name) @declaration)
(class_declarations (signature names: (binding_list name: (_) @name)) @declaration)
(class_declarations (function name: (_) @name match: (_) @body) @function)
(class_declarations (bind name: (_) @name match: (_) @body) @function)
(instance_declarations (function name: (_) @name match: (_) @body) @function)
(instance_declarations (function (infix operator: (_) @name) match: (_) @body) @function)
(instance_declarations (bind name: (_) @name match: (_) @body) @function)

(local_binds) @hidden
(comment) @lead
(haddock) @lead
(pragma) @attribute
