" Phasegate: indentation as `phasegate fmt` writes it.
"
" What a bracket holds is two columns further in than the statement that opened it; a line that goes on with a statement
" (a clause, an operator) is four further in than where the statement begins. Lines of text blocks stay where they are.

if exists('b:did_indent')
  finish
endif
let b:did_indent = 1

setlocal indentexpr=PhasegateIndent(v:lnum)
setlocal indentkeys=0{,0},0),0],!^F,o,O,e,=after,=and,=at,=backoff,=because,=by,=effect,=every,=for,=idempotent,=missing
setlocal indentkeys+==or,=retry,=then,=timeout,=undo,=when,=within
setlocal nolisp autoindent

let b:undo_indent = 'setlocal indentexpr< indentkeys< lisp< autoindent<'

if exists('*PhasegateIndent')
  finish
endif

let s:cpo = &cpo
set cpo&vim

let s:word = '\%(after\|at\|backoff\|because\|before\|by\|effect\|else\|every\|for\|from\|in\|lag\|max\|missing\|noise\|retry\|then\|through\|to\|undo\|when\|within\)'
let s:clause = '^\s*\%(' . s:word . '\s\+[[:alnum:]_"([{-]\|idempotent\s*$\|idempotent\s\+\l\|builtin\s*$\)'
let s:operator = '^\s*\%(\%(and\|or\|not in\)\>\|\%(==\|!=\|<=\|>=\|??\|\.\.\|+-\|->\|[-+*/<>]\)\s\)'
" Clauses behind a step, its call alone or a probe, statements elsewhere.
let s:either = '^\s*\%(timeout\s\+[[:alnum:]_"(]\|on\s\+failure\s\+\l\|expect\s\)'
let s:takes_clauses = '^\s*\%(\%(step\|probe\)\s\|\h\w*\%(\.\h\w*\)*(\)'

" A line without its texts and comments: brackets in it are brackets.
function! s:bare(text) abort
  if a:text !~# '["/]'
    return a:text
  endif
  let l:text = substitute(a:text, '\%(r"[^"]*"\|"\%(\\.\|\${[^}]*}\|[^"\\]\)*"\)', '""', 'g')
  return substitute(l:text, '//.*$\|/\*.\{-}\*/', '', 'g')
endfunction

" What is read of each line, kept until the text changes: `code` is what counts of it, `brackets` what it leaves open or
" closes of others, `inside` says that it begins in a
" text block or a block comment, whose lines are nobody's business.
function! s:read(line) abort
  if get(b:, 'phasegate_tick') == b:changedtick
    return
  endif
  let l:lines = getline(1, '$')
  let l:known = get(b:, 'phasegate_lines', [])
  " While many lines are indented, one after the other changes at its beginning: that needs no second look.
  if len(l:known) == len(l:lines) && a:line > 1
    let l:index = a:line - 2
    if !b:phasegate_inside[a:line - 1] && trim(l:known[l:index]) ==# trim(l:lines[l:index])
      let l:known[l:index] = l:lines[l:index]
    endif
  endif
  if l:known !=# l:lines
    call s:read_all(l:lines)
  endif
  let b:phasegate_lines = l:lines
  let b:phasegate_tick = b:changedtick
endfunction

function! s:read_all(lines) abort
  let b:phasegate_code = ['']
  let b:phasegate_brackets = ['']
  let b:phasegate_inside = [0]
  let l:open = ''
  for l:text in a:lines
    call add(b:phasegate_inside, l:open !=# '')
    let l:code = l:text
    if l:open !=# ''
      let l:end = stridx(l:text, l:open)
      let l:code = l:end < 0 ? '' : strpart(l:text, l:end + len(l:open))
      let l:open = l:end < 0 ? l:open : ''
    endif
    if l:open ==# ''
      if count(l:code, '"""') % 2
        let l:open = '"""'
        let l:code = strpart(l:code, 0, strridx(l:code, '"""'))
      elseif l:code =~# '/\*' && s:bare(l:code) =~# '/\*'
        let l:open = '*/'
        let l:code = strpart(l:code, 0, strridx(l:code, '/*'))
      endif
    endif
    let l:code = s:bare(l:code)
    call add(b:phasegate_code, l:code)
    call add(b:phasegate_brackets, s:open_brackets(l:code))
  endfor
  call add(b:phasegate_inside, l:open !=# '')
endfunction

function! s:code_at(line) abort
  return b:phasegate_code[a:line]
endfunction

" Of a line, the brackets that it does not close or open itself.
function! s:open_brackets(code) abort
  if a:code !~# '[][(){}]'
    return ''
  endif
  let l:brackets = substitute(a:code, '[^][(){}]', '', 'g')
  let l:before = ''
  while l:brackets !=# l:before
    let l:before = l:brackets
    let l:brackets = substitute(l:brackets, '()\|\[\]\|{}', '', 'g')
  endwhile
  return l:brackets
endfunction

" The place of the bracket that is open before `line`: its line, or 0, and the brackets before it on that line.
function! s:opening(line) abort
  let l:depth = 0
  let l:at = a:line
  while l:at > 1
    let l:at -= 1
    let l:brackets = b:phasegate_brackets[l:at]
    let l:index = len(l:brackets)
    while l:index > 0
      let l:index -= 1
      if l:brackets[l:index] =~# '[])}]'
        let l:depth += 1
      elseif l:depth > 0
        let l:depth -= 1
      else
        return [l:at, strpart(l:brackets, 0, l:index + 1)]
      endif
    endwhile
  endwhile
  return [0, '']
endfunction

" The line of code before this one.
function! s:before(line) abort
  let l:at = prevnonblank(a:line - 1)
  while l:at > 0 && s:code_at(l:at) =~# '^\s*$'
    let l:at = prevnonblank(l:at - 1)
  endwhile
  return l:at
endfunction

" Whether the line goes on with what the line before it began.
function! s:goes_on(line) abort
  let l:text = s:code_at(a:line)
  if l:text =~# s:clause || l:text =~# s:operator
    return 1
  endif
  if l:text =~# s:either
    let l:before = s:before(a:line)
    return l:before > 0 && getline(s:start(l:before)) =~# (l:text =~# '^\s*expect' ? '^\s*probe\s' : s:takes_clauses)
  endif
  return l:text =~# '^\s*run\s' && s:before(a:line) > 0 && getline(s:before(a:line)) =~# '^schedule\s\+\h\w*\s\+"[^"]*"\s*$'
endfunction

" The line where the statement begins that `line` belongs to.
function! s:start(line) abort
  let l:at = a:line
  while l:at > 1
    if b:phasegate_inside[l:at]
      let l:at -= 1
    elseif s:code_at(l:at) =~# '^\s*[])}]'
      let l:at = s:opening(l:at)[0]
    elseif s:goes_on(l:at)
      let l:at = s:before(l:at)
    else
      break
    endif
  endwhile
  return max([l:at, 1])
endfunction

function! PhasegateIndent(line) abort
  call s:read(a:line)
  if b:phasegate_inside[a:line]
    return indent(a:line)
  endif
  let [l:opening, l:brackets] = s:opening(a:line)
  " What a block holds belongs to its statement, what a list or a call holds to the line that opens it.
  let l:is_block = l:brackets =~# '{$' && l:brackets !~# '[([]'
  let l:base = !l:opening ? 0 : indent(l:is_block ? s:start(l:opening) : l:opening)
  if getline(a:line) =~# '^\s*[])}]'
    return l:base
  endif
  let l:body = l:opening ? l:base + 2 : 0
  if !s:goes_on(a:line)
    return l:body
  endif
  " What a signature says of itself stands below it.
  return !l:opening && getline(a:line) =~# '^\s*\%(effect\|idempotent\|builtin\)\>' ? 0 : l:body + 4
endfunction

let &cpo = s:cpo
unlet s:cpo
