; Captures as Neovim and the tree-sitter command line name them. Later patterns win.

(identifier) @variable

; items
"import" @keyword.import
["model" "block" "extern" "sharing" "build"] @keyword.type
"function" @keyword.function

; statements
[
  "layer" "weight" "buffer" "state" "init" "forward" "require"
  "tie" "share" "fold" "factorize" "adapt" "freeze" "local" "untie" "reuse" "stage"
  "budget" "dtype" "test"
] @keyword
(incremental) @keyword

; words inside of statements
[
  "of" "extends" "with" "from" "across" "along" "groups" "cycle" "reversed" "times" "step" "rank" "as" "except" "on"
] @keyword
["frozen" "no_decay"] @keyword.modifier

["if" "else"] @keyword.conditional
["for" "while"] @keyword.repeat
"return" @keyword.return
["and" "or" "not" "in"] @keyword.operator

; definitions
(model name: (identifier) @type.definition)
(block name: (identifier) @type.definition)
(extern_layer name: (identifier) @type.definition)
(plan name: (identifier) @function)
(plan model: (identifier) @type)
(build name: (identifier) @type.definition)
(build model: (identifier) @type)
(plan_reference name: (identifier) @function.call)
(function name: (identifier) @function)
(forward name: (identifier) @function.method)
(signature name: (identifier) @function.method)
(stage name: (identifier) @label)
(import name: (identifier) @type)
(import path: (string) @string.special.path)
(extern_layer path: (string) @string.special.path)

(layer name: (identifier) @variable.member)
(weight name: (identifier) @variable.member)
(buffer name: (identifier) @variable.member)
(state name: (identifier) @variable.member)
(parameter name: (identifier) @variable.parameter)
(input name: (identifier) @variable.parameter)
(parameter kind: (identifier) @type.builtin)
(weight kind: (identifier) @type.builtin)
(output name: (identifier) @variable.member)

; uses
(type name: (identifier) @type.builtin)
(dtype name: (identifier) @type.builtin)
(budget quantity: (identifier) @property)
(part name: (identifier) @function.call)
(call function: (identifier) @function.call)
((call function: (identifier) @constructor) (#match? @constructor "^[A-Z]"))
(call function: (attribute name: (identifier) @function.method.call))
(attribute name: (identifier) @variable.member)
(selector (identifier) @variable.member)
(named_argument name: (identifier) @variable.parameter)
(named_subscript name: (identifier) @variable.parameter)
(labelled_dim name: (identifier) @variable.parameter)
((identifier) @boolean (#any-of? @boolean "true" "false"))
((identifier) @constant.builtin (#eq? @constant.builtin "none"))

; tokens
(number) @number
(string) @string
(application) @attribute
(wildcard) @character.special
(rest) @character.special
["==" "!=" "<=" ">=" "<" ">" "=" "+" "-" "*" "/" "//" "%" "@" "**" "|>" "->" "|"] @operator
(wildcard ["*" "**"] @character.special)
["(" ")" "[" "]" "{" "}"] @punctuation.bracket
["," "." ":"] @punctuation.delimiter
(comment) @comment
(doc_comment) @comment.documentation
