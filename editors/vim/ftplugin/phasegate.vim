" Phasegate: what the editor has to know of the language beside its colours.

if exists('b:did_ftplugin')
  finish
endif
let b:did_ftplugin = 1

let s:cpo = &cpo
set cpo&vim

setlocal comments=s1:/*,mb:*,ex:*/,:///,://
setlocal commentstring=//\ %s
setlocal formatoptions-=t formatoptions+=croql
setlocal expandtab shiftwidth=2 softtabstop=2 tabstop=2
setlocal textwidth=100
setlocal suffixesadd=.deploy
setlocal include=^\\s*use\\s\\+\"
setlocal define=^\\s*\\(pipeline\\\|component\\\|phase\\\|metrics\\\|type\\\|threshold\\\|environment\\\|channel\\)\\>
setlocal matchpairs=(:),{:},[:]
setlocal foldmethod=syntax foldlevel=99

" `=` reads the lines itself (see indent/phasegate.vim); `gq` asks the program, which formats whole files only.
if !exists('g:phasegate_program')
  let g:phasegate_program = 'phasegate'
endif

if !exists('current_compiler')
  compiler phasegate
endif

" Formats the whole buffer with `phasegate fmt`. What does not parse stays as it is, the rest is formatted.
function! s:format() abort
  let l:before = getline(1, '$')
  let l:errors = tempname()
  let l:command = shellescape(g:phasegate_program) . ' fmt - 2>' . shellescape(l:errors)
  let l:after = systemlist(l:command, l:before)
  let l:failed = v:shell_error
  let l:said = filereadable(l:errors) ? readfile(l:errors) : []
  call delete(l:errors)
  if l:failed > 1 || empty(l:after)
    echohl ErrorMsg
    echomsg 'phasegate fmt: ' . get(l:said, 0, 'ended with status ' . l:failed)
    echohl None
    return
  endif
  if l:after !=# l:before
    let l:view = winsaveview()
    " Only what differs is written, so that marks and folds stay.
    let l:first = 0
    while l:first < min([len(l:before), len(l:after)]) && l:before[l:first] ==# l:after[l:first]
      let l:first += 1
    endwhile
    let l:same = 0
    while l:same < min([len(l:before), len(l:after)]) - l:first && l:before[-1 - l:same] ==# l:after[-1 - l:same]
      let l:same += 1
    endwhile
    if len(l:before) - l:same > l:first
      silent execute 'keepjumps' (l:first + 1) . ',' . (len(l:before) - l:same) . 'delete _'
    endif
    call append(l:first, l:after[l:first : len(l:after) - l:same - 1])
    if len(l:after) == len(l:after[l:first : len(l:after) - l:same - 1])
      silent keepjumps $delete _
    endif
    call winrestview(l:view)
  endif
  if l:failed
    echohl WarningMsg
    echomsg 'phasegate fmt: something does not parse; the rest is formatted (:make shows it)'
    echohl None
  endif
endfunction

command! -buffer -bar PhasegateFormat call s:format()

let b:undo_ftplugin = 'setlocal comments< commentstring< formatoptions< expandtab< shiftwidth< softtabstop< tabstop<'
      \ . ' textwidth< suffixesadd< include< define< matchpairs< foldmethod< foldlevel<'
      \ . ' | silent! delcommand -buffer PhasegateFormat'

" For matchit: from a bracket to its other half needs no words of the language.
let b:match_words = '(:),\[:\],{:}'

let &cpo = s:cpo
unlet s:cpo
