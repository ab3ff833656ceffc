; Captures as Helix names them. Until 25.01 the first pattern that matches a node wins, from 25.07 on the last one: here no
; two patterns give a node different captures. Other names are text.

(comment) @comment.line
(doc_comment) @comment.block.documentation
(number) @constant.numeric
(string) @string
(application) @attribute
(rest) @string.special

((identifier) @constant.builtin.boolean (#any-of? @constant.builtin.boolean "true" "false"))
((identifier) @constant.builtin (#eq? @constant.builtin "none"))

"import" @keyword.control.import
["model" "block" "extern" "sharing" "build"] @keyword.storage.type
"function" @keyword.function
[
  "layer" "weight" "buffer" "state" "init" "forward" "require"
  "tie" "share" "fold" "factorize" "adapt" "freeze" "local" "untie" "reuse" "stage"
  "budget" "dtype" "test"
] @keyword
(incremental) @keyword
[
  "of" "extends" "with" "from" "across" "along" "groups" "cycle" "reversed" "times" "step" "rank" "as" "except" "on"
] @keyword
["frozen" "no_decay"] @keyword.storage.modifier
["if" "else"] @keyword.control.conditional
["for" "while"] @keyword.control.repeat
"return" @keyword.control.return
["and" "or" "not" "in"] @keyword.operator

(model name: (identifier) @type)
(block name: (identifier) @type)
(extern_layer name: (identifier) @type)
(build name: (identifier) @type)
(build model: (identifier) @type)
(plan name: (identifier) @function)
(plan model: (identifier) @type)
(plan_reference name: (identifier) @function)
(function name: (identifier) @function)
(forward name: (identifier) @function.method)
(signature name: (identifier) @function.method)
(stage name: (identifier) @label)
(import name: (identifier) @type)

(layer name: (identifier) @variable.other.member)
(weight name: (identifier) @variable.other.member)
(buffer name: (identifier) @variable.other.member)
(state name: (identifier) @variable.other.member)
(parameter name: (identifier) @variable.parameter)
(input name: (identifier) @variable.parameter)
(parameter kind: (identifier) @type.builtin)
(weight kind: (identifier) @type.builtin)
(type name: (identifier) @type.builtin)
(dtype name: (identifier) @type.builtin)
(output name: (identifier) @variable.other.member)
(budget quantity: (identifier) @constant)
(part name: (identifier) @function)
((call function: (identifier) @constructor) (#match? @constructor "^[A-Z]"))
((call function: (identifier) @function) (#not-match? @function "^[A-Z]"))
(attribute name: (identifier) @variable.other.member)
(selector (identifier) @variable.other.member)
(named_argument name: (identifier) @variable.parameter)
(named_subscript name: (identifier) @variable.parameter)
(labelled_dim name: (identifier) @variable.parameter)

["==" "!=" "<=" ">=" "<" ">" "=" "+" "-" "*" "/" "//" "%" "@" "**" "|>" "->" "|"] @operator
["(" ")" "[" "]" "{" "}"] @punctuation.bracket
["," "." ":"] @punctuation.delimiter
