; What Prometheus is asked.
(call
  function: (identifier) @_function
  (arguments . [(string (string_content) @injection.content) (text_block (string_content) @injection.content)])
  (#eq? @_function "query")
  (#set! injection.language "promql"))

; Commands.
(call
  function: (identifier) @_function
  (arguments . [(string (string_content) @injection.content) (text_block (string_content) @injection.content)])
  (#match? @_function "^(shell|command)$")
  (#set! injection.language "bash"))

(call
  function: (identifier) @_function
  (arguments . (raw_string (string_content) @injection.content))
  (#match? @_function "^match(es)?$")
  (#set! injection.language "regex"))
