[
  (declarations) (signatures) (statements) (relations) (requests)
  (parameters) (inputs) (outputs) (arguments) (list) (alternatives)
] @indent

["}" ")" "]"] @outdent
