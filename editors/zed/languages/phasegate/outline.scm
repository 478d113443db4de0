(pipeline_declaration "pipeline" @context name: (identifier) @name) @item
(component_declaration "component" @context name: (identifier) @name) @item
(test_declaration "test" @context title: (string) @name) @item
(type_declaration "type" @context name: (identifier) @name) @item
(environment_declaration "environment" @context name: (identifier) @name) @item
(metrics_declaration "metrics" @context name: (identifier) @name) @item
(metric name: (identifier) @name) @item
(threshold_declaration "threshold" @context name: (identifier) @name) @item
(channel_declaration "channel" @context name: (identifier) @name) @item
(killswitch_declaration "killswitch" @context name: (identifier) @name) @item
(sentinel_declaration "sentinel" @context name: (identifier) @name) @item
(freeze_declaration "freeze" @context name: (identifier) @name) @item
(alert_declaration "alert" @context name: (identifier) @name) @item
(rubric_declaration "rubric" @context name: (identifier) @name) @item
(schedule_declaration "schedule" @context name: (identifier) @name) @item
(signature_declaration kind: _ @context name: (dotted_name) @name) @item
(phase_statement "phase" @context name: (identifier) @name) @item
(step_statement "step" @context name: (identifier) @name) @item
(doc_comment) @annotation
