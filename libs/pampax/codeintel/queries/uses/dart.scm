; Uses of names.
(expression_statement . (identifier) @call . (selector (argument_part)))
(unconditional_assignable_selector (identifier) @call)
(type_identifier) @type
(superclass (type_identifier) @inherit)
(interfaces (type_identifier) @inherit)
(mixins (type_identifier) @inherit)
(import_or_export) @import
