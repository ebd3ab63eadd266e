; Uses of names.
(application_expression function: (value_path (value_name) @call))
(value_path (value_name) @read)
(type_constructor_path (type_constructor) @type)
(open_module) @import
