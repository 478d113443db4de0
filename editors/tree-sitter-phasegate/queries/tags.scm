(pipeline_declaration name: (identifier) @name) @definition.function
(component_declaration name: (identifier) @name) @definition.function
(signature_declaration name: (dotted_name) @name) @definition.function
(threshold_declaration name: (identifier) @name) @definition.function
(schedule_declaration name: (identifier) @name) @definition.function
(rubric_declaration name: (identifier) @name) @definition.class
(type_declaration name: (identifier) @name) @definition.type
(environment_declaration name: (identifier) @name) @definition.module
(metrics_declaration name: (identifier) @name) @definition.module
(channel_declaration name: (identifier) @name) @definition.constant
(killswitch_declaration name: (identifier) @name) @definition.constant
(sentinel_declaration name: (identifier) @name) @definition.constant
(freeze_declaration name: (identifier) @name) @definition.constant
(alert_declaration name: (identifier) @name) @definition.constant
(phase_statement name: (identifier) @name) @definition.method
(test_declaration title: (string (string_content) @name)) @definition.test

(call function: (identifier) @name) @reference.call
(call function: (field_access field: (identifier) @name)) @reference.call
(run_statement component: (identifier) @name) @reference.call
(test_run pipeline: (identifier) @name) @reference.call
(after_phases (path . (identifier) @name)) @reference.call
(type_name (identifier) @name) @reference.type
