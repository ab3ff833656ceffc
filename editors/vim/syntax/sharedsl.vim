" Syntax of sharedsl specs, for Vim and Neovim. Words that begin statements are coloured only where they do, and clause
" words only behind something to be a clause of.
if exists('b:current_syntax')
  finish
endif

syn case match
syn sync minlines=200

syn match sharedslName     /\<\h\w*\>/
syn match sharedslCall     /\<\h\w*\>\ze\s*(/
syn match sharedslLayer    /\<\u\w*\>\ze\s*(/
syn match sharedslOperator /[-+*\/%=!<>|]\+\|@\ze\s/
syn match sharedslBracket  /[][(){}]/
syn match sharedslStar     /\(\.\|[{,[]\s*\|\<\(share\|freeze\|except\|on\|untie\|adapt\|local\|fold\|init\|across\)\s\+\)\@<=\*\{1,2}/

syn match sharedslNumber   /\<\d[0-9_]*\(\.\d\+\)\?\([eE][+-]\?\d\+\)\?\a*/ contains=sharedslUnit
syn match sharedslUnit     /\(kB\|KB\|MB\|GB\|TB\|KiB\|MiB\|GiB\|TiB\|[kMGT]\)\>/ contained
syn match sharedslApplied  /@\(\d\+\|\*\)/
syn region sharedslString  start=/"/ end=/"/ end=/$/ oneline

syn keyword sharedslConstant true false none
syn keyword sharedslWordOperator and or not in
syn keyword sharedslConditional if else
syn keyword sharedslRepeat for while
syn keyword sharedslReturn return

" clause words
syn match sharedslClause /\([[:alnum:]_)\]}"*]\s\+\)\@<=\<\(of\|extends\|with\|from\|across\|along\|rank\|as\|except\|on\)\>\(\s\+[[:alnum:]_*{(["-]\)\@=/ nextgroup=sharedslStep,sharedslAfter skipwhite
syn match sharedslAfter  /\<\h\w*\>\(\s*(\)\@!/ contained
syn match sharedslStep   /\(\<from\s\+\)\@<=step\>/ contained
syn match sharedslClause /\(\<in\s\+\)\@<=\(groups\|cycle\)\s\+of\>/
syn match sharedslClause /\([[:alnum:]_)\]]\s\+\)\@<=\<\(groups\|times\|reversed\|frozen\|no_decay\)\>\(\s*\($\|[}#]\|\<\(except\|with\|frozen\|no_decay\|rank\|as\)\>\)\)\@=/

" types
syn match sharedslType /\(:\s*\|->\s*\)\@<=\<\(float\|int\|bool\|list\|function\|layer\)\>/

" statements
syn match sharedslStatement /\(^\s*\|{\s*\)\@<=\(layer\|weight\|buffer\|state\)\ze\s\+\h/ nextgroup=sharedslMember skipwhite
syn match sharedslMember    /\h\w*/ contained
syn match sharedslStatement /\(^\s*\|{\s*\)\@<=forward\>/ nextgroup=sharedslFunction skipwhite
syn match sharedslStatement /\(^\s*\|{\s*\)\@<=stage\ze\s\+\h/ nextgroup=sharedslFunction skipwhite
syn match sharedslStatement /\(^\s*\|{\s*\)\@<=require\>\ze\(\s*=[^=]\)\@!/
syn match sharedslStatement /\(^\s*\|{\s*\|\]\s*\|\]\s*:\s*\h\w*\s\+\)\@<=init\ze\s\+[[:alpha:]_*{]/
syn match sharedslRelation  /\(^\s*\|{\s*\)\@<=\(tie\|share\|fold\|factorize\|adapt\|freeze\|local\|untie\|reuse\)\ze\s\+[[:alpha:]_*{]/
syn match sharedslBudget    /\(^\s*\|{\s*\)\@<=budget\ze\s\+\h/ nextgroup=sharedslQuantity skipwhite
syn match sharedslQuantity  /\h\w*/ contained
syn match sharedslBudget    /\(^\s*\|{\s*\)\@<=dtype\ze\s\+\h/ nextgroup=sharedslDtype skipwhite
syn match sharedslDtype     /\h\w*/ contained
syn match sharedslBudget    /\(^\s*\|{\s*\)\@<=test\ze\s*(/
syn match sharedslBudget    /\(^\s*\|{\s*\)\@<=incremental\ze\s*\($\|}\|#\)/

" items
syn match sharedslImport /^import\>/
syn match sharedslItem   /^\(model\|block\|build\|sharing\|function\)\>/ nextgroup=sharedslFunction skipwhite
syn match sharedslItem   /^extern\s\+layer\>/ nextgroup=sharedslFunction skipwhite
syn match sharedslFunction /\h\w*/ contained

" what stands after a dot is a name, whatever it is
syn match sharedslAttribute /\.\@<=\h\w*/

syn match sharedslComment   /#.*$/ contains=sharedslTodo,sharedslDirective
syn match sharedslDoc       /##\(#\)\@!.*$/ contains=sharedslTodo
syn keyword sharedslTodo    TODO FIXME NOTE contained
syn match sharedslDirective /sharedsl:\s*ignore\(-file\)\?\(\[[^]]*\]\)\?/ contained

syn region sharedslFold start=/{\s*\(#.*\)\?$/ end=/^\s*}/ transparent fold

hi def link sharedslCall Function
hi def link sharedslLayer Type
hi def link sharedslOperator Operator
hi def link sharedslStar Special
hi def link sharedslNumber Number
hi def link sharedslUnit Special
hi def link sharedslApplied Special
hi def link sharedslString String
hi def link sharedslConstant Constant
hi def link sharedslWordOperator Operator
hi def link sharedslConditional Conditional
hi def link sharedslRepeat Repeat
hi def link sharedslReturn Statement
hi def link sharedslClause Keyword
hi def link sharedslStep Keyword
hi def link sharedslType Type
hi def link sharedslStatement Statement
hi def link sharedslMember Identifier
hi def link sharedslRelation Statement
hi def link sharedslBudget Statement
hi def link sharedslQuantity Identifier
hi def link sharedslDtype Type
hi def link sharedslItem Structure
hi def link sharedslImport Include
hi def link sharedslFunction Function
hi def link sharedslAttribute Identifier
hi def link sharedslComment Comment
hi def link sharedslDoc SpecialComment
hi def link sharedslTodo Todo
hi def link sharedslDirective PreProc

let b:current_syntax = 'sharedsl'
