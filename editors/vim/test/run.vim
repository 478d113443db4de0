" Run by `editors/ci`: vim -Nu NONE -n -es -S test/run.vim, with PHASEGATE and ROOT in the environment.
" Writes what is wrong to $REPORT and ends with status 1 when there is anything.

set nocompatible nomore shortmess+=I noswapfile
let s:here = expand('<sfile>:p:h:h')
let s:root = fnamemodify(s:here, ':h:h')
let &runtimepath = (empty($PLUGIN) ? s:here : $PLUGIN) . ',' . &runtimepath
let g:phasegate_program = $PHASEGATE
filetype plugin indent on
syntax on

let s:wrong = []
let s:checked = 0

function! s:expect(what, found, wanted) abort
  let s:checked += 1
  if a:found !=# a:wanted
    call add(s:wrong, a:what . ': ' . string(a:found) . ', not ' . string(a:wanted))
  endif
endfunction

" ---- every program indents to itself ---------------------------------------------------------------------------------

function! s:indents() abort
  let l:programs = glob(s:root . '/pipelines/**/*.deploy', 0, 1) + glob(s:root . '/stdlib/*.deploy', 0, 1)
  call s:expect('there are programs', len(l:programs) > 20, 1)
  for l:path in l:programs
    execute 'edit' fnameescape(l:path)
    call s:expect('the type of ' . l:path, &filetype, 'phasegate')
    let l:before = getline(1, '$')
    silent normal! gg=G
    let l:lines = getline(1, '$')
    for l:index in range(len(l:before))
      if l:lines[l:index] !=# l:before[l:index]
        call s:expect(l:path . ':' . (l:index + 1), l:lines[l:index], l:before[l:index])
        break
      endif
    endfor
    bwipeout!
  endfor
endfunction

" A program whose indentation is gone gets it back; lines of texts stay, so it has to be one without any.
function! s:indents_anew() abort
  execute 'edit' fnameescape(s:root . '/pipelines/quickstart.deploy')
  let l:before = getline(1, '$')
  silent %substitute/^\s\+//e
  call s:expect('nothing is indented', search('^\s', 'cnw'), 0)
  silent normal! gg=G
  call s:expect('indented anew', getline(1, '$'), l:before)
  bwipeout!
endfunction

" ---- colours ---------------------------------------------------------------------------------------------------------

function! s:colours() abort
  new
  call setline(1, [
        \ '/// Documentation',
        \ 'use std.{exec}',
        \ 'pipeline rollout {',
        \ '  param version: version = "1.${env.x}"',
        \ '  phase one "Title" after zero {',
        \ '    step built: Bench = exec(["x"]) timeout 1h30m undo flags.unset("a")',
        \ '    rollback phase when a.b > 5% for 3 samples missing breach // why',
        \ '    let phase = if timeout then not gate else 5min',
        \ '  }',
        \ '}',
        \ 'test "a" {',
        \ '  given step one.built = 3',
        \ '  given file.x = 3',
        \ '  expect outcome succeeded',
        \ '}'])
  setfiletype phasegate
  for [l:line, l:word, l:group] in [
        \ [1, 'Doc', 'phasegateDocComment'],
        \ [2, 'use', 'phasegateImport'],
        \ [3, 'pipeline', 'phasegateDeclaration'],
        \ [4, 'param', 'phasegateStatement'],
        \ [4, 'version:', 'phasegateArgument'],
        \ [4, 'version =', 'phasegateType'],
        \ [4, '1\.', 'phasegateString'],
        \ [4, '\${', 'phasegateHoleSign'],
        \ [4, 'env', 'phasegateSource'],
        \ [5, 'phase', 'phasegateStatement'],
        \ [5, 'Title', 'phasegateString'],
        \ [5, 'after', 'phasegateClause'],
        \ [6, 'step', 'phasegateStatement'],
        \ [6, 'Bench', 'phasegateTypeName'],
        \ [6, 'exec', 'phasegateCall'],
        \ [6, 'timeout', 'phasegateClause'],
        \ [6, '1h30m', 'phasegateQuantity'],
        \ [6, 'undo', 'phasegateClause'],
        \ [6, 'flags', 'phasegateModule'],
        \ [6, 'unset', 'phasegateCall'],
        \ [7, 'rollback', 'phasegateTrigger'],
        \ [7, 'when', 'phasegateConditional'],
        \ [7, 'b >', 'phasegateField'],
        \ [7, '5%', 'phasegateQuantity'],
        \ [7, 'for', 'phasegateClause'],
        \ [7, 'samples', 'phasegateClause'],
        \ [7, 'why', 'phasegateComment'],
        \ [8, 'let', 'phasegateStatement'],
        \ [8, 'phase', ''],
        \ [8, 'if', 'phasegateConditional'],
        \ [8, 'not', 'phasegateOperatorWord'],
        \ [8, '5min', 'phasegateNumberError'],
        \ [11, 'test', 'phasegateDeclaration'],
        \ [12, 'given', 'phasegateStatement'],
        \ [12, 'step', 'phasegateTestWord'],
        \ [13, 'file', ''],
        \ [14, 'outcome', 'phasegateTestWord'],
        \ ]
    call cursor(l:line, 1)
    let l:column = searchpos(l:word, 'cW', l:line)[1]
    call s:expect('the colour of ' . l:word . ' in line ' . l:line, synIDattr(synID(l:line, l:column, 1), 'name'), l:group)
  endfor
  call s:expect('comments', &commentstring, '// %s')
  bwipeout!
endfunction

" ---- :make and :PhasegateFormat ----------------------------------------------------------------------------------------

function! s:checks() abort
  let l:folder = tempname()
  call mkdir(l:folder)
  let l:path = l:folder . '/broken.deploy'
  call writefile(['use std.exec', '', '/// It is.', 'pipeline p {', '  phase one {',
        \ '    step a = exec(["x"]) timeout 1m', '    gate { require a.exit_cod == 0 }', '    let b = a.exit_code', '  }', '}'], l:path)
  execute 'edit' fnameescape(l:path)
  silent make!
  let l:found = map(getqflist(), '[bufname(v:val.bufnr) =~# "broken.deploy$", v:val.lnum, v:val.col, v:val.type, v:val.nr]')
  call s:expect('the quickfix list', l:found, [[1, 7, 22, 'e', 108], [1, 8, 9, 'w', 501]])
  call s:expect('its words', get(getqflist(), 0, {'text': ''}).text, '`one.a` has no field `exit_cod`')
  bwipeout!
endfunction

function! s:formats() abort
  new
  setfiletype phasegate
  call setline(1, ['/// It is.', 'pipeline p {', 'phase   one{wait   5m}', '}'])
  PhasegateFormat
  call s:expect('formatted', getline(1, '$'), ['/// It is.', 'pipeline p {', '  phase one { wait 5m }', '}'])
  silent %delete _
  call setline(1, ['type  A = int', 'type B ='])
  PhasegateFormat
  call s:expect('what does not parse stays', getline(1, '$'), ['type A = int', 'type B ='])
  bwipeout!
endfunction

try
  call s:indents()
  call s:indents_anew()
  call s:colours()
  call s:checks()
  call s:formats()
catch
  call add(s:wrong, v:throwpoint . ': ' . v:exception)
endtry
call writefile(s:wrong + [s:checked . ' checked, ' . len(s:wrong) . ' wrong'], $REPORT)
execute empty(s:wrong) && s:checked > 60 ? 'qall!' : 'cquit!'
