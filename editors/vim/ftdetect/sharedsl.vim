autocmd BufRead,BufNewFile *.sdsl set filetype=sharedsl
