([(line_comment) (block_comment)] @injection.content
  (#set! injection.language "comment"))

; What Prometheus is asked.
(call
  function: (identifier) @_function
  (arguments . [(string) (text_block)] @injection.content)
  (#eq? @_function "query")
  (#offset! @injection.content 0 1 0 -1)
  (#set! injection.language "promql"))

; Commands.
(call
  function: (identifier) @_function
  (arguments . (string) @injection.content)
  (#any-of? @_function "shell" "command")
  (#offset! @injection.content 0 1 0 -1)
  (#set! injection.language "bash"))

(call
  function: (identifier) @_function
  (arguments . (raw_string) @injection.content)
  (#any-of? @_function "match" "matches")
  (#offset! @injection.content 0 2 0 -1)
  (#set! injection.language "regex"))
