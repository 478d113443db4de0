//! Characters that text processors and chats put in the place of others.

/// What a pasted character was meant to be.
pub(super) fn look_alike(character: char) -> Option<&'static str> {
    Some(match character {
        '≤' | '⩽' => "<=",
        '≥' | '⩾' => ">=",
        '≠' => "!=",
        '±' => "+-",
        '“' | '”' | '„' | '‟' | '″' | '＂' => "\"",
        '–' | '—' | '−' | '‐' | '‑' | '‒' => "-",
        '×' | '∗' => "*",
        '÷' | '∕' | '⁄' => "/",
        '…' => "..",
        '→' => "->",
        '\u{A0}'
        | '\u{1680}'
        | '\u{2000}'..='\u{200B}'
        | '\u{202F}'
        | '\u{205F}'
        | '\u{2060}'
        | '\u{3000}'
        | '\u{FEFF}' => " ",
        '＝' => "=",
        '，' => ",",
        '：' => ":",
        '（' => "(",
        '）' => ")",
        '｛' => "{",
        '｝' => "}",
        _ => return None,
    })
}
