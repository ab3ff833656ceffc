" Two spaces a body; a line that goes on stands behind its open bracket, or four further in.
if exists('b:did_indent')
  finish
endif
let b:did_indent = 1

setlocal indentexpr=GetSharedslIndent() indentkeys=0{,0},0),0],!^F,o,O,e
let b:undo_indent = 'setlocal indentexpr< indentkeys<'

if exists('*GetSharedslIndent')
  finish
endif

" The line without its comment, its strings blotted out; columns stay.
function! s:Code(number) abort
  let l:line = substitute(getline(a:number), '"[^"]*"', '\=repeat("_", strlen(submatch(0)))', 'g')
  return substitute(substitute(l:line, '#.*$', '', ''), '\s\+$', '', '')
endfunction

" The line of code above line `number`.
function! s:Above(number) abort
  let l:at = prevnonblank(a:number - 1)
  while l:at > 0 && getline(l:at) =~# '^\s*#'
    let l:at = prevnonblank(l:at - 1)
  endwhile
  return l:at
endfunction

" The innermost bracket that is open at the end of line `number`: its line, its place in it, and itself.
function! s:Bracket(number) abort
  let l:depth = 0
  let l:line = a:number
  while l:line > 0
    let l:code = s:Code(l:line)
    let l:at = match(l:code, '[][(){}][^][(){}]*$')
    while l:at >= 0
      if l:code[l:at] =~# '[])}]'
        let l:depth += 1
      elseif l:depth == 0
        return [l:line, l:at, l:code[l:at]]
      else
        let l:depth -= 1
      endif
      let l:at = l:at > 0 ? match(strpart(l:code, 0, l:at), '[][(){}][^][(){}]*$') : -1
    endwhile
    if l:depth == 0 && l:code =~# '^\h'
      break  " an item began here
    endif
    let l:line -= 1
  endwhile
  return [0, 0, '']
endfunction

" Whether the statement goes on behind line `number`: it ends with a comma or an operator, and not with a selector's `*`.
function! s:GoesOn(number) abort
  let l:code = a:number > 0 ? s:Code(a:number) : ''
  return l:code =~# '\([,+*/%=<>-]\|\<\(and\|or\|not\|in\|else\)\)$'
        \ && l:code !~# '\(^\|[.{,@]\|\<\(share\|freeze\|except\|on\|untie\|adapt\|local\|across\)\s\)\s*\*\+$'
endfunction

" Where the statement begins that line `number` belongs to.
function! s:Begins(number) abort
  let l:at = a:number
  while l:at > 1
    let l:above = s:Above(l:at)
    let l:open = s:Bracket(l:above)
    if l:open[2] ==# '(' || l:open[2] ==# '['
      let l:at = l:open[0]
    elseif getline(l:at) =~# '^\s*\(->\||>\|else\>\)' || s:GoesOn(l:above)
      let l:at = l:above
    else
      break
    endif
  endwhile
  return l:at
endfunction

function! GetSharedslIndent() abort
  let l:before = s:Above(v:lnum)
  let l:here = getline(v:lnum)
  let [l:line, l:at, l:bracket] = s:Bracket(l:before)
  if l:bracket ==# '(' || l:bracket ==# '['
    let l:is_last = strlen(s:Code(l:line)) == l:at + 1
    return l:is_last ? indent(s:Begins(l:line)) + 4 : virtcol([l:line, l:at + 1])
  endif
  let l:body = l:line > 0 ? indent(s:Begins(l:line)) + 2 : 0
  if l:here =~# '^\s*}'
    return l:body - 2
  endif
  return l:here =~# '^\s*\(->\||>\)' || s:GoesOn(l:before) ? l:body + 4 : l:body
endfunction
