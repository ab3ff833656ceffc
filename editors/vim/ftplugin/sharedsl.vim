if exists('b:did_ftplugin')
  finish
endif
let b:did_ftplugin = 1

setlocal expandtab shiftwidth=2 softtabstop=2 textwidth=120 formatoptions-=t
setlocal comments=:##,:# commentstring=#\ %s
setlocal suffixesadd=.sdsl
if executable('sharedsl')
  setlocal formatprg=sharedsl\ fmt\ -
  setlocal makeprg=sharedsl\ check\ --output-format\ concise\ %:S
  setlocal errorformat=%f:%l:%c:\ %trror[%*[^]]]:\ %m,%f:%l:%c:\ %tarning[%*[^]]]:\ %m,%f:%l:%c:\ %tnfo[%*[^]]]:\ %m
endif

let b:undo_ftplugin = 'setlocal et< sw< sts< tw< fo< com< cms< sua< fp< mp< efm<'
