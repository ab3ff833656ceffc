" Opens each file named in g:specs and writes, a line each, the syntax group of every first character of a word:
" file, line, column (from 0), group, filetype.
let s:out = []
for s:file in g:specs
  execute 'edit' fnameescape(s:file)
  for s:line in range(1, line('$'))
    let s:text = getline(s:line)
    let s:at = match(s:text, '[[:alnum:]_"#]')
    while s:at >= 0
      let s:group = synIDattr(synID(s:line, s:at + 1, 1), 'name')
      call add(s:out, join([s:file, s:line - 1, strchars(strpart(s:text, 0, s:at)), s:group, &filetype], "\t"))
      if s:text[s:at] ==# '#'
        break
      endif
      let s:end = s:text[s:at] ==# '"' ? matchend(s:text, '"[^"]*"\?', s:at) : matchend(s:text, '\w\+', s:at)
      let s:at = match(s:text, '[[:alnum:]_"#]', s:end)
    endwhile
  endfor
endfor
call writefile(s:out, g:out)
qall!
