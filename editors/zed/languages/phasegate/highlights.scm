; Made by `editors/copies.py`.
; Each node is captured by one pattern, so it does not matter which of two matches an editor prefers.

; ---- comments and documentation ---------------------------------------------------------------------------------------

[(line_comment) (block_comment) (unclosed_comment)] @comment

(doc_comment) @comment.doc

; ---- literals ---------------------------------------------------------------------------------------------------------

(string "\"" @string)
(text_block "\"\"\"" @string)
(string_content) @string
(raw_string ["r\"" "\""] @string)
(escape) @string.escape
(interpolation ["${" "}"] @punctuation.special)

(integer) @number
(float) @number
[(duration) (percentage) (size)] @number
(unknown_quantity) @comment
(boolean) @boolean

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

(environment_entry name: (identifier) @property)
(metric name: (identifier) @property)
(type_field name: (identifier) @property)
(record_field name: (identifier) @property)
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
  (binary_expression (field_access field: (identifier) @property))
  (unary_expression (field_access field: (identifier) @property))
  (if_expression (field_access field: (identifier) @property))
  (parenthesized (field_access field: (identifier) @property))
  (arguments (field_access field: (identifier) @property))
  (named_argument (field_access field: (identifier) @property))
  (list (field_access field: (identifier) @property))
  (record_field (field_access field: (identifier) @property))
  (index (field_access field: (identifier) @property))
  (interpolation (field_access field: (identifier) @property))
  (field_access (field_access field: (identifier) @property))
  (environment_entry (field_access field: (identifier) @property))
  (metric (field_access field: (identifier) @property))
  (metrics_declaration (field_access field: (identifier) @property))
  (channel_declaration (field_access field: (identifier) @property))
  (probe (field_access field: (identifier) @property))
  (trip (field_access field: (identifier) @property))
  (recover (field_access field: (identifier) @property))
  (expect_clause (field_access field: (identifier) @property))
  (alert_declaration (field_access field: (identifier) @property))
  (summary (field_access field: (identifier) @property))
  (runbook (field_access field: (identifier) @property))
  (pass_rule (field_access field: (identifier) @property))
  (award (field_access field: (identifier) @property))
  (schedule_declaration (field_access field: (identifier) @property))
  (freeze_declaration (field_access field: (identifier) @property))
  (parameter (field_access field: (identifier) @property))
  (let_statement (field_access field: (identifier) @property))
  (lock_statement (field_access field: (identifier) @property))
  (timeout_statement (field_access field: (identifier) @property))
  (window_statement (field_access field: (identifier) @property))
  (each_clause (field_access field: (identifier) @property))
  (step_statement (field_access field: (identifier) @property))
  (hold_statement (field_access field: (identifier) @property))
  (ramp_statement (field_access field: (identifier) @property))
  (weights (field_access field: (identifier) @property))
  (approve_statement (field_access field: (identifier) @property))
  (wait_statement (field_access field: (identifier) @property))
  (return_statement (field_access field: (identifier) @property))
  (require_statement (field_access field: (identifier) @property))
  (warn_statement (field_access field: (identifier) @property))
  (rollback_statement (field_access field: (identifier) @property))
  (pause_statement (field_access field: (identifier) @property))
  (abort_statement (field_access field: (identifier) @property))
  (notify_statement (field_access field: (identifier) @property))
  (when_clause (field_access field: (identifier) @property))
  (every_clause (field_access field: (identifier) @property))
  (lag_clause (field_access field: (identifier) @property))
  (for_clause (field_access field: (identifier) @property))
  (after_clause (field_access field: (identifier) @property))
  (else_clause (field_access field: (identifier) @property))
  (timeout_clause (field_access field: (identifier) @property))
  (retry_clause (field_access field: (identifier) @property))
  (backoff_clause (field_access field: (identifier) @property))
  (undo_clause (field_access field: (identifier) @property))
  (by_clause (field_access field: (identifier) @property))
  (within_clause (field_access field: (identifier) @property))
  (at_clause (field_access field: (identifier) @property))
  (given_value (field_access field: (identifier) @property))
  (takes (field_access field: (identifier) @property))
  (given_start (field_access field: (identifier) @property))
  (given_metric (field_access field: (identifier) @property))
  (then_value (field_access field: (identifier) @property))
  (noise (field_access field: (identifier) @property))
  (because (field_access field: (identifier) @property))
  (expect_always (field_access field: (identifier) @property))
  (expect_never (field_access field: (identifier) @property))
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
(path (identifier) (identifier) @property)

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

[(effect) (policy) (severity) (state)] @constant
(handler event: (identifier) @constant)
(failure_policy event: (identifier) @constant)
(failure_policy policy: (identifier) @constant)
(rubric_declaration subject: (identifier) @type.builtin)

; ---- keywords ---------------------------------------------------------------------------------------------------------

["use" "as"] @keyword

["pipeline" "component" "test" "schedule" "rubric" "threshold"] @keyword

["type" "environment" "metrics" "channel" "killswitch" "sentinel" "freeze" "alert" "source" "extractor" "target"]
@keyword

["if" "then" "else" "when"] @keyword

["for" "every" "max" "at" "once" "in"] @keyword

["return"] @keyword

["rollback" "abort" "pause" "undo" "fails" "crash" "trip" "recover"] @keyword

["and" "or" "not"] @keyword
(not_in) @keyword

(rollback_statement "phase" @keyword)

(phase_statement "phase" @keyword)

[
  "after" "always" "approval" "approve" "award" "backoff" "because" "before" "by" "criterion" "effect" "expect" "failure" "file"
  "from" "gate" "given" "hold" "lag" "let" "lock" "missing" "never" "noise" "notified" "notify" "off" "on" "outcome" "parallel"
  "param" "pass" "probe" "ramp" "ran" "require" "resolve" "resume" "retry" "run" "runbook" "start" "step" "summary"
  "takes" "through" "tier" "timeout" "times" "to" "undone" "wait" "warn" "window" "within"
] @keyword

[(idempotent) (builtin)] @keyword
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
