; Definitions are calls of macros; a clause without a body is the head of others, or a protocol's promise.
((call target: (identifier) @_macro (arguments . (alias) @name) (do_block) @body) @type
  (#any-of? @_macro "defmodule" "defprotocol"))
((call target: (identifier) @_macro (arguments . (alias) @name .) (do_block)) @scope (#eq? @_macro "defimpl"))
((call target: (identifier) @_macro (arguments (keywords (pair value: (alias) @name))) (do_block)) @scope
  (#eq? @_macro "defimpl"))

((call target: (identifier) @_macro
  (arguments . [(call target: (identifier) @name)
                (identifier) @name
                (binary_operator left: [(call target: (identifier) @name) (identifier) @name] operator: "when")])
  (do_block) @body) @function
  (#any-of? @_macro "def" "defp" "defmacro" "defmacrop"))
((call target: (identifier) @_macro
  (arguments . [(call target: (identifier) @name)
                (identifier) @name
                (binary_operator left: [(call target: (identifier) @name) (identifier) @name] operator: "when")]
             . (keywords) @body)) @function
  (#any-of? @_macro "def" "defp" "defmacro" "defmacrop" "defdelegate"))
((call target: (identifier) @_macro
  (arguments . [(call target: (identifier) @name)
                (identifier) @name
                (binary_operator left: (call target: (identifier) @name) operator: "when")] .)) @declaration
  (#any-of? @_macro "def" "defp" "defmacro" "defmacrop"))
((call target: (identifier) @_macro
  (arguments . (binary_operator left: (call target: (identifier) @name) operator: "when"))) @function
  (#any-of? @_macro "defguard" "defguardp"))

((unary_operator operator: "@" operand: (call
  target: (identifier) @_attribute
  (arguments . (binary_operator left: [(call target: (identifier) @name) (identifier) @name] operator: "::")))) @type
  (#any-of? @_attribute "type" "typep" "opaque"))
((unary_operator operator: "@" operand: (call
  target: (identifier) @_attribute
  (arguments . (binary_operator left: (call target: (identifier) @name) operator: "::")))) @declaration
  (#any-of? @_attribute "callback" "macrocallback"))
((unary_operator operator: "@" operand: (call target: (identifier) @name (arguments))) @variable
  (#not-match? @name "^((after|before)_compile|after_verify|behaviour|(macro)?callback|compile|deprecated|derive|dialyzer|(short|module|type)?doc|enforce_keys|external_resource|impl|on_definition|on_load|opaque|optional_callbacks|since|spec|(module|describe)?tag|typep?|vsn)$"))

((do_block (unary_operator operator: "@" operand: (call
  target: (identifier) @_attribute
  (arguments . [(string) (sigil)] @doc)))) @body
  (#eq? @_attribute "moduledoc"))
((unary_operator operator: "@" operand: (call
  target: (identifier) @_attribute
  (arguments . [(string) (sigil)] @doc))) @attribute
  (#any-of? @_attribute "doc" "typedoc"))
((unary_operator operator: "@" operand: (call target: (identifier) @_attribute)) @attribute
  (#any-of? @_attribute "deprecated" "dialyzer" "doc" "impl" "since" "spec" "typedoc"))

(anonymous_function) @local
(comment) @lead
