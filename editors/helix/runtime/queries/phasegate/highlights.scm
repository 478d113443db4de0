; Made by `editors/copies.py`.
; Each node is captured by one pattern, so it does not matter which of two matches an editor prefers.

; ---- comments and documentation ---------------------------------------------------------------------------------------

[(line_comment) (block_comment) (unclosed_comment)] @comment

(doc_comment) @comment.line.documentation

; ---- literals ---------------------------------------------------------------------------------------------------------

(string "\"" @string)
(text_block "\"\"\"" @string)
(string_content) @string
(raw_string ["r\"" "\""] @string)
(escape) @constant.character.escape
(interpolation ["${" "}"] @punctuation.special)

(integer) @constant.numeric
(float) @constant.numeric.float
[(duration) (percentage) (size)] @constant.numeric
(unknown_quantity) @error
(boolean) @constant.builtin.boolean

; ---- what is declared -------------------------------------------------------------------------------------------------

(pipeline_declaration name: (identifier) @function)
(component_declaration name: (identifier) @function)
(signature_declaration name: (dotted_name (identifier) @function))
(schedule_declaration name: (identifier) @function)
(rubric_declaration name: (identifier) @function)
(threshold_declaration name: (identifier) @function)

(type_declaration name: (identifier) @type)

(environment_declaration name: (identifier) @namespace)
(metrics_declaration name: (identifier) @namespace)
(killswitch_declaration name: (identifier) @constant)
(sentinel_declaration name: (identifier) @constant)
(channel_declaration name: (identifier) @constant)
(freeze_declaration name: (identifier) @constant)
(alert_declaration name: (identifier) @constant)

(phase_statement name: (identifier) @label)
(tier name: (identifier) @label)
(criterion name: (identifier) @label)
(probe name: (identifier) @label)

(step_statement name: (identifier) @variable)
(let_statement name: (identifier) @variable)
(each_clause name: (identifier) @variable)
(param_statement (parameter name: (identifier) @variable.parameter))
(parameters (parameter name: (identifier) @variable.parameter))
(threshold_parameter name: (identifier) @variable.parameter)
(threshold_parameter group: (identifier) @namespace)

(environment_entry name: (identifier) @variable.other.member)
(metric name: (identifier) @variable.other.member)
(type_field name: (identifier) @variable.other.member)
(record_field name: (identifier) @variable.other.member)
(named_argument name: (identifier) @variable.parameter)

; ---- what is used -----------------------------------------------------------------------------------------------------

(call function: (identifier) @function)
(call function: (field_access field: (identifier) @function))
(call function: (field_access value: (identifier) @namespace (#not-match? @namespace "^(env|run|stage)$")))
(run_statement component: (identifier) @function)
(test_run pipeline: (identifier) @function)
(schedule_declaration pipeline: (identifier) @function)

(field_access value: (identifier) @variable.builtin (#any-of? @variable.builtin "env" "run" "stage"))

; A field wherever a value stands; what is called is a function.
[
  (binary_expression (field_access field: (identifier) @variable.other.member))
  (unary_expression (field_access field: (identifier) @variable.other.member))
  (if_expression (field_access field: (identifier) @variable.other.member))
  (parenthesized (field_access field: (identifier) @variable.other.member))
  (arguments (field_access field: (identifier) @variable.other.member))
  (named_argument (field_access field: (identifier) @variable.other.member))
  (list (field_access field: (identifier) @variable.other.member))
  (record_field (field_access field: (identifier) @variable.other.member))
  (index (field_access field: (identifier) @variable.other.member))
  (interpolation (field_access field: (identifier) @variable.other.member))
  (field_access (field_access field: (identifier) @variable.other.member))
  (environment_entry (field_access field: (identifier) @variable.other.member))
  (metric (field_access field: (identifier) @variable.other.member))
  (metrics_declaration (field_access field: (identifier) @variable.other.member))
  (channel_declaration (field_access field: (identifier) @variable.other.member))
  (probe (field_access field: (identifier) @variable.other.member))
  (trip (field_access field: (identifier) @variable.other.member))
  (recover (field_access field: (identifier) @variable.other.member))
  (expect_clause (field_access field: (identifier) @variable.other.member))
  (alert_declaration (field_access field: (identifier) @variable.other.member))
  (summary (field_access field: (identifier) @variable.other.member))
  (runbook (field_access field: (identifier) @variable.other.member))
  (pass_rule (field_access field: (identifier) @variable.other.member))
  (award (field_access field: (identifier) @variable.other.member))
  (schedule_declaration (field_access field: (identifier) @variable.other.member))
  (freeze_declaration (field_access field: (identifier) @variable.other.member))
  (parameter (field_access field: (identifier) @variable.other.member))
  (let_statement (field_access field: (identifier) @variable.other.member))
  (lock_statement (field_access field: (identifier) @variable.other.member))
  (timeout_statement (field_access field: (identifier) @variable.other.member))
  (window_statement (field_access field: (identifier) @variable.other.member))
  (each_clause (field_access field: (identifier) @variable.other.member))
  (step_statement (field_access field: (identifier) @variable.other.member))
  (hold_statement (field_access field: (identifier) @variable.other.member))
  (ramp_statement (field_access field: (identifier) @variable.other.member))
  (weights (field_access field: (identifier) @variable.other.member))
  (approve_statement (field_access field: (identifier) @variable.other.member))
  (wait_statement (field_access field: (identifier) @variable.other.member))
  (return_statement (field_access field: (identifier) @variable.other.member))
  (require_statement (field_access field: (identifier) @variable.other.member))
  (warn_statement (field_access field: (identifier) @variable.other.member))
  (rollback_statement (field_access field: (identifier) @variable.other.member))
  (pause_statement (field_access field: (identifier) @variable.other.member))
  (abort_statement (field_access field: (identifier) @variable.other.member))
  (notify_statement (field_access field: (identifier) @variable.other.member))
  (when_clause (field_access field: (identifier) @variable.other.member))
  (every_clause (field_access field: (identifier) @variable.other.member))
  (lag_clause (field_access field: (identifier) @variable.other.member))
  (for_clause (field_access field: (identifier) @variable.other.member))
  (after_clause (field_access field: (identifier) @variable.other.member))
  (else_clause (field_access field: (identifier) @variable.other.member))
  (timeout_clause (field_access field: (identifier) @variable.other.member))
  (retry_clause (field_access field: (identifier) @variable.other.member))
  (backoff_clause (field_access field: (identifier) @variable.other.member))
  (undo_clause (field_access field: (identifier) @variable.other.member))
  (by_clause (field_access field: (identifier) @variable.other.member))
  (within_clause (field_access field: (identifier) @variable.other.member))
  (at_clause (field_access field: (identifier) @variable.other.member))
  (given_value (field_access field: (identifier) @variable.other.member))
  (takes (field_access field: (identifier) @variable.other.member))
  (given_start (field_access field: (identifier) @variable.other.member))
  (given_metric (field_access field: (identifier) @variable.other.member))
  (then_value (field_access field: (identifier) @variable.other.member))
  (noise (field_access field: (identifier) @variable.other.member))
  (because (field_access field: (identifier) @variable.other.member))
  (expect_always (field_access field: (identifier) @variable.other.member))
  (expect_never (field_access field: (identifier) @variable.other.member))
]

(after_phases (path . (identifier) @label))
(before (path . (identifier) @label))
(given_step step: (path . (identifier) @label))
(given_undo step: (path . (identifier) @label))
(given_approval phase: (path . (identifier) @label))
(given_resolve step: (path . (identifier) @label))
(expect_step step: (path . (identifier) @label))
(expect_undone step: (path . (identifier) @label))
(expect_state phase: (path . (identifier) @label))
(given_metric metric: (path . (identifier) @namespace))
(path (identifier) (identifier) @variable.other.member)

(alert_notify channel: (identifier) @constant)
(notify_statement channel: (identifier) @constant)
(expect_notified channel: (identifier) @constant)
(trip switch: (identifier) @constant)
(in_clause environment: (identifier) @namespace)

(use_declaration name: (identifier) @namespace)
(use_declaration alias: (identifier) @namespace)
(import_list name: (identifier) @namespace)
(standard_library) @namespace

(type_name (identifier) @type.builtin
  (#any-of? @type.builtin
    "bool" "int" "float" "string" "path" "url" "regex" "version" "cron" "time" "duration" "ratio" "bytes" "rate" "list" "map"
    "range" "secret" "json" "metric"))
(type_name (identifier) @type
  (#not-match? @type
    "^(bool|int|float|string|path|url|regex|version|cron|time|duration|ratio|bytes|rate|list|map|range|secret|json|metric)$"))
(encoded_type encoding: (identifier) @attribute)
(encoded_type encoding: "%" @attribute)

[(effect) (policy) (severity) (state)] @constant.builtin
(handler event: (identifier) @constant.builtin)
(failure_policy event: (identifier) @constant.builtin)
(failure_policy policy: (identifier) @constant.builtin)
(rubric_declaration subject: (identifier) @type.builtin)

; ---- keywords ---------------------------------------------------------------------------------------------------------

["use" "as"] @keyword.control.import

["pipeline" "component" "test" "schedule" "rubric" "threshold"] @keyword.function

["type" "environment" "metrics" "channel" "killswitch" "sentinel" "freeze" "alert" "source" "extractor" "target"]
@keyword.storage.type

["if" "then" "else" "when"] @keyword.control.conditional

["for" "every" "max" "at" "once" "in"] @keyword.control.repeat

["return"] @keyword.control.return

["rollback" "abort" "pause" "undo" "fails" "crash" "trip" "recover"] @keyword.control.exception

["and" "or" "not"] @keyword.operator
(not_in) @keyword.operator

(rollback_statement "phase" @keyword.control.exception)

(phase_statement "phase" @keyword)

[
  "after" "always" "approval" "approve" "award" "backoff" "because" "before" "by" "criterion" "effect" "expect" "failure" "file"
  "from" "gate" "given" "hold" "lag" "let" "lock" "missing" "never" "noise" "notified" "notify" "off" "on" "outcome" "parallel"
  "param" "pass" "probe" "ramp" "ran" "require" "resolve" "resume" "retry" "run" "runbook" "start" "step" "summary"
  "takes" "through" "tier" "timeout" "times" "to" "undone" "wait" "warn" "window" "within"
] @keyword

[(idempotent) (builtin)] @keyword.storage.modifier
(samples) @keyword

; ---- signs ------------------------------------------------------------------------------------------------------------

["=" "==" "!=" "<=" ">=" "??" ".." "+-" "±" "+" "-" "*" "/" "->"] @operator
(binary_expression operator: ["<" ">"] @operator)
(generic_type ["<" ">"] @punctuation.bracket)
(optional_type "?" @operator)

["(" ")" "[" "]" "{"] @punctuation.bracket

; The other `}` closes an interpolation.
[
  (block "}" @punctuation.bracket)
  (environment_body "}" @punctuation.bracket)
  (metrics_body "}" @punctuation.bracket)
  (killswitch_body "}" @punctuation.bracket)
  (sentinel_body "}" @punctuation.bracket)
  (alert_body "}" @punctuation.bracket)
  (rubric_body "}" @punctuation.bracket)
  (tier_body "}" @punctuation.bracket)
  (criterion_body "}" @punctuation.bracket)
  (test_body "}" @punctuation.bracket)
  (import_list "}" @punctuation.bracket)
  (record_type "}" @punctuation.bracket)
  (record "}" @punctuation.bracket)
]

["," "." ":"] @punctuation.delimiter
