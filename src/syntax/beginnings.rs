//! Where statements and items begin: the words there, and what can follow them on their line.

/// Letters, digits and `_`, by byte: words are most of a text, and one look tells.
const IS_WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
        byte += 1;
    }
    table
};

pub(super) fn is_word(byte: u8) -> bool {
    IS_WORD[usize::from(byte)]
}

pub(super) fn word_length(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| !is_word(*byte)).unwrap_or(bytes.len())
}

pub(super) fn blanks(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\r')).unwrap_or(bytes.len())
}

/// Behind an unindented keyword: the name or title that belongs to it.
pub(super) fn begins_item(rest: &[u8]) -> bool {
    let next = next_on_line(rest);
    next.len() < rest.len()
        && next.first().is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'"'))
}

/// Behind a keyword: what can follow it in a statement. `timeout` and `on` begin none here: they may also begin a clause
/// on a line of its own.
pub(super) fn begins_statement(word: &[u8], rest: &[u8]) -> bool {
    let next = next_on_line(rest);
    match next.first() {
        Some(b'{') => matches!(word, b"gate" | b"parallel" | b"return"),
        Some(b'"' | b'(' | b'[') => next.len() < rest.len(),
        Some(byte) if is_word(*byte) => next.len() < rest.len() && !is_operator_word(next),
        _ => false,
    }
}

/// `every 1m`: a value behind a blank on the same line.
pub(super) fn has_value_ahead(rest: &[u8]) -> bool {
    let blanks = blanks(rest);
    blanks > 0 && rest.get(blanks).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'"')
}

/// `hold and x`: a name, not a statement.
fn is_operator_word(next: &[u8]) -> bool {
    let word = &next[..word_length(next)];
    matches!(word, b"and" | b"or" | b"in" | b"then" | b"else")
}

fn next_on_line(rest: &[u8]) -> &[u8] {
    let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    &rest[blanks..]
}
