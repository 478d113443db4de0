autocmd BufRead,BufNewFile *.deploy setfiletype phasegate
