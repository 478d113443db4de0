[
  (block)
  (environment_body)
  (metrics_body)
  (killswitch_body)
  (sentinel_body)
  (alert_body)
  (rubric_body)
  (tier_body)
  (criterion_body)
  (test_body)
  (import_list)
  (record_type)
  (parameters)
  (arguments)
  (record)
  (list)
  (parenthesized)
] @indent.begin

["}" ")" "]"] @indent.branch @indent.end

[(text_block) (block_comment)] @indent.ignore
