; A module that only holds other modules and classes is opened again in file after file: it qualifies, no more.
(module name: (_) @name) @scope
(module name: (_) @name body: (body_statement [(method) (singleton_method) (singleton_class) (call) (assignment)])) @type
(class name: (_) @name) @type
((assignment left: (constant) @name right: (call receiver: (constant) @_class method: (identifier) @_new)) @type
  (#any-of? @_class "Class" "Data" "Module" "Struct")
  (#any-of? @_new "new" "define"))

(method name: (_) @name) @function
(singleton_method name: (_) @name) @function
((call method: (identifier) @_method arguments: (argument_list . (simple_symbol) @name)) @function
  (#any-of? @_method "define_method" "alias_method" "define_singleton_method"))
(alias name: (_) @name) @function

(assignment left: (constant) @name) @variable
((call method: (identifier) @_method arguments: (argument_list (simple_symbol) @name)) @variable
  (#any-of? @_method "attr_reader" "attr_writer" "attr_accessor"))

; What stands behind the bare word has that visibility.
((identifier) @private (#any-of? @private "private" "protected"))
((identifier) @public (#eq? @public "public"))

(do_block) @local
(block) @local
(comment) @lead
