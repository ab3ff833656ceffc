; Bodies and whatever else in brackets may go over several lines.
[
  (declarations) (signatures) (statements) (relations) (requests)
  (parameters) (inputs) (arguments) (list) (alternatives)
  (doc_comment)+
] @fold
