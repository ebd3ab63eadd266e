; Uses of names.
(call target: [(identifier) @call (dot right: (identifier) @call)])
(alias) @type
(call target: (identifier) @_keyword (#match? @_keyword "^(alias|import|use|require)$")) @import
