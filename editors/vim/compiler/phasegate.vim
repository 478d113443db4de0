" `:compiler phasegate`: `:make` checks the file of the buffer into the quickfix list.

if exists('current_compiler')
  finish
endif
let current_compiler = 'phasegate'

let s:cpo = &cpo
set cpo&vim

if exists(':CompilerSet') != 2
  command -nargs=* CompilerSet setlocal <args>
endif

execute 'CompilerSet makeprg=' . escape(get(g:, 'phasegate_program', 'phasegate') . ' check --format github %:S', ' \|"')

" What `--format github` writes; the help behind `%0A` has no place in a list:
"   ::error file=F,line=1,endLine=1,col=2,endColumn=3,title=PG001 unexpected-token::message%0Ahelp
CompilerSet errorformat=
      \::%trror\ file=%f\\,line=%l\\,endLine=%*\\d\\,col=%c\\,endColumn=%*\\d\\,title=PG%n\ %*[^:]::%m%%0A%.%#,
      \::%trror\ file=%f\\,line=%l\\,endLine=%*\\d\\,col=%c\\,endColumn=%*\\d\\,title=PG%n\ %*[^:]::%m,
      \::%tarning\ file=%f\\,line=%l\\,endLine=%*\\d\\,col=%c\\,endColumn=%*\\d\\,title=PG%n\ %*[^:]::%m%%0A%.%#,
      \::%tarning\ file=%f\\,line=%l\\,endLine=%*\\d\\,col=%c\\,endColumn=%*\\d\\,title=PG%n\ %*[^:]::%m,
      \%-G%.%#

let &cpo = s:cpo
unlet s:cpo
