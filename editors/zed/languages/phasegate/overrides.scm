[(line_comment) (block_comment) (unclosed_comment) (doc_comment)] @comment.inclusive

[(string) (text_block) (raw_string)] @string
