(model body: (_) @class.inside) @class.around
(block body: (_) @class.inside) @class.around
(plan body: (_) @class.inside) @class.around
(build body: (_) @class.inside) @class.around
(function body: (_) @function.inside) @function.around
(forward body: (_) @function.inside) @function.around
(parameter) @parameter.inside
(input) @parameter.inside
(doc_comment) @comment.inside
(doc_comment)+ @comment.around
(comment) @comment.inside
