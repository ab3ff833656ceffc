; Scopes: an item, a forward, a comprehension.
[(model) (block) (function) (extern_layer) (plan) (build) (forward) (comprehension)] @local.scope

(parameter name: (identifier) @local.definition.parameter)
(input name: (identifier) @local.definition.parameter)
(layer name: (identifier) @local.definition.field)
(weight name: (identifier) @local.definition.field)
(buffer name: (identifier) @local.definition.field)
(state name: (identifier) @local.definition.field)
(assignment name: (identifier) @local.definition.var)
(for index: (identifier) @local.definition.var)
(declared_for index: (identifier) @local.definition.var)
(planned_for index: (identifier) @local.definition.var)
(layer index: (identifier) @local.definition.var)
(comprehension index: (identifier) @local.definition.var)

(identifier) @local.reference
