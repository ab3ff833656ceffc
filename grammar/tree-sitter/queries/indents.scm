[
  (declarations) (signatures) (statements) (relations) (requests)
  (parameters) (inputs) (outputs) (arguments) (list) (alternatives)
] @indent.begin

["}" ")" "]"] @indent.branch @indent.end
[(comment) (doc_comment)] @indent.ignore
