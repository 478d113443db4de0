" Phasegate: colours for Vim, and for Neovim without tree-sitter.
"
" Words are keywords only where the language reads them so: a keyword is followed by a value on its line (`phase one`,
" `timeout 5m`), a name by `.`, `=`, `:`, an operator or a bracket that touches it.

if exists('b:current_syntax')
  finish
endif

let s:cpo = &cpo
set cpo&vim

syntax case match
syntax iskeyword @,48-57,_
syntax sync fromstart

" ---- what stands between brackets ---------------------------------------------------------------------------------

syntax region phasegateBlock matchgroup=phasegateBracket start="{" end="}" transparent fold
syntax region phasegateList matchgroup=phasegateBracket start="\[" end="\]" transparent fold
syntax region phasegateParentheses matchgroup=phasegateBracket start="(" end=")" transparent fold

" ---- values -------------------------------------------------------------------------------------------------------

syntax match phasegateNumberError "\<\d\w*\%(\.\d\w*\)*%\="
syntax match phasegateNumber "\<\d[0-9_]*\%(\.\d[0-9_]*\)\=\%([eE][+-]\=\d\+\)\=\>"
syntax match phasegateQuantity "\<\d[0-9_]*\%(\.\d[0-9_]*\)\=\%(%\|pp\>\|B\>\|[KMGT]i\=B\>\)"
syntax match phasegateQuantity "\<\%(\d[0-9_]*\%(\.\d[0-9_]*\)\=\%(us\|µs\|ms\|s\|m\|h\|d\|w\)\)\+\>"
syntax keyword phasegateBoolean true false

syntax match phasegateEscape contained "\\\%([ntr0\"\\$]\|u{\x\{1,6}}\)"
syntax match phasegateEscapeError contained "\\\%([^ntr0\"\\$u]\|u\%({\x\{1,6}}\)\@!\)"
syntax region phasegateHole contained matchgroup=phasegateHoleSign start="\${" end="}" contains=TOP,@Spell
syntax region phasegateString start=+"+ end=+"+ end=+$+ contains=phasegateEscape,phasegateEscapeError,phasegateHole,@Spell
syntax region phasegateString start=+\<r"+ end=+"+ end=+$+
syntax region phasegateTextBlock start=+"""+ end=+"""+ contains=phasegateEscape,phasegateEscapeError,phasegateHole,@Spell fold

" ---- signs --------------------------------------------------------------------------------------------------------

syntax match phasegateOperator "[-+*/<>=!?]"
syntax match phasegateOperator "\.\.\|+-\|±\|->\|??"
syntax match phasegateOperatorWord "\<\%(and\|or\|not\|in\)\>"

" ---- names --------------------------------------------------------------------------------------------------------

syntax match phasegateCall "\<\h\w*\ze("
syntax match phasegateModule "\<\h\w*\ze\.\h\w*("
syntax match phasegateField "\.\@<=\h\w*\>\%(\.\|(\)\@!"
syntax match phasegateArgument "\<\h\w*\ze:\%([^:]\|$\)"
syntax match phasegateSource "\<\%(env\|run\|stage\)\ze\."
syntax match phasegateType "\%(:\s*\|<\s*\|->\s*\)\@<=\<\%(bool\|int\|float\|string\|path\|url\|regex\|version\|cron\|time\|duration\|ratio\|bytes\|rate\|list\|map\|range\|secret\|json\|metric\)\>"
syntax match phasegateTypeName "\%(:\s*\|<\s*\|->\s*\)\@<=\<\u\w*\>"

" ---- keywords -----------------------------------------------------------------------------------------------------

syntax match phasegateConditional "\.\@<!\<\%(if\|then\|else\|when\)\>\%(\s*$\|\s\+\S\)\@="
syntax match phasegateClause "\.\@<!\<\%(after\|and\|as\|at\|backoff\|because\|before\|by\|effect\|every\|fails\|for\|from\|lag\|max\|missing\|never\|noise\|notified\|once\|outcome\|always\|passed\|resolve\|resume\|retry\|takes\|through\|timeout\|to\|undo\|undone\|within\)\>\%(\s\+[[:alnum:]_\"([{-]\)\@="
syntax match phasegateClause "\.\@<!\<\%(idempotent\|builtin\|samples\|sample\|times\|once\|ran\|fails\|missing\)\>\%(\s*[.=:(]\)\@!"
syntax match phasegateStatement "\.\@<!\<\%(approve\|award\|criterion\|expect\|gate\|given\|hold\|let\|lock\|notify\|on\|param\|pass\|phase\|probe\|ramp\|require\|return\|run\|runbook\|step\|summary\|tier\|wait\|warn\|window\)\>\%(\s\+[[:alnum:]_\"([{-]\)\@="
syntax match phasegateStatement "\.\@<!\<\%(gate\|on\|off\|parallel\)\>\%(\s*{\)\@="
syntax match phasegateTrigger "\.\@<!\<\%(abort\|pause\|recover\|rollback\|trip\)\>\%(\s\+\%(when\|phase\|\h\w*\s\+when\)\>\)\@="
syntax match phasegateTestWord contained "\<\%(approval\|crash\|file\|resolve\|resume\|start\|step\|undo\|always\|never\|notified\|outcome\|undone\)\>\%(\s*[.=[]\)\@!"
syntax match phasegateStatement "\<\%(given\|expect\)\>\%(\s\+\h\)\@=" nextgroup=phasegateTestWord skipwhite
syntax match phasegateDeclaration "\%(^\|}\s\+\)\@<=\<\%(alert\|channel\|component\|environment\|extractor\|freeze\|killswitch\|metrics\|pipeline\|rubric\|schedule\|sentinel\|source\|step\|target\|test\|threshold\|type\)\>\%(\s\+[[:alpha:]_\"]\)\@="
syntax match phasegateImport "^use\>\%(\s\+\S\)\@="
syntax match phasegateImport "^use\s.*\zs\<as\>\ze\s\+\h"

" ---- comments: last, as of two that match at one place the later one wins -----------------------------------------

syntax keyword phasegateTodo contained TODO FIXME XXX NOTE
syntax match phasegateComment "//.*$" contains=phasegateTodo,phasegateAllow,@Spell
syntax match phasegateDocComment "///\%(/\)\@!.*$" contains=phasegateTodo,@Spell
syntax match phasegateAllow "\<phasegate: allow(PG\d\+)" contained
syntax region phasegateComment start="/\*" end="\*/" contains=phasegateTodo,@Spell fold

highlight default link phasegateTodo Todo
highlight default link phasegateComment Comment
highlight default link phasegateDocComment SpecialComment
highlight default link phasegateAllow PreProc
highlight default link phasegateNumber Number
highlight default link phasegateQuantity Number
highlight default link phasegateNumberError Error
highlight default link phasegateBoolean Boolean
highlight default link phasegateString String
highlight default link phasegateTextBlock String
highlight default link phasegateEscape SpecialChar
highlight default link phasegateEscapeError Error
highlight default link phasegateHoleSign Special
highlight default link phasegateBracket Delimiter
highlight default link phasegateOperator Operator
highlight default link phasegateOperatorWord Operator
highlight default link phasegateCall Function
highlight default link phasegateModule Include
highlight default link phasegateField Identifier
highlight default link phasegateArgument Identifier
highlight default link phasegateSource Constant
highlight default link phasegateType Type
highlight default link phasegateTypeName Type
highlight default link phasegateConditional Conditional
highlight default link phasegateClause Keyword
highlight default link phasegateStatement Statement
highlight default link phasegateTrigger Exception
highlight default link phasegateTestWord Keyword
highlight default link phasegateDeclaration Structure
highlight default link phasegateImport Include

let b:current_syntax = 'phasegate'

let &cpo = s:cpo
unlet s:cpo
