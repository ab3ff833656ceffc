(model name: (identifier) @name) @definition.class
(block name: (identifier) @name) @definition.class
(extern_layer name: (identifier) @name) @definition.class
(function name: (identifier) @name) @definition.function
(plan name: (identifier) @name) @definition.constant
(build name: (identifier) @name) @definition.constant
(import name: (identifier) @name) @reference.class
(call function: (identifier) @name) @reference.call
