(phase_statement body: (block) @function.inside) @function.around
(signature_declaration) @function.around
(handler body: (block) @function.inside) @function.around

(pipeline_declaration body: (block) @class.inside) @class.around
(component_declaration body: (block) @class.inside) @class.around

(test_declaration body: (test_body) @test.inside) @test.around

(parameters (parameter) @parameter.inside @parameter.around)
(arguments (_) @parameter.inside @parameter.around)

(record (record_field) @entry.inside @entry.around)
(list (_) @entry.inside @entry.around)
(environment_body (environment_entry) @entry.inside @entry.around)
(metrics_body (metric) @entry.inside @entry.around)

[(line_comment) (block_comment) (doc_comment)] @comment.inside
(line_comment)+ @comment.around
(doc_comment)+ @comment.around
(block_comment) @comment.around
