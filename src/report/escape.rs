//! Text of the user's in each format.

/// In a terminal: control characters (escape sequences above all) are shown, not obeyed.
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => shown.push(' '),
            letter if letter.is_control() || is_direction(letter) => {
                shown.push_str(&format!("\\u{{{:x}}}", letter as u32));
            }
            letter => shown.push(letter),
        }
    }
    shown
}

/// Marks that change the direction of what follows could make a line read as another one.
fn is_direction(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Inside of an XML element or attribute.
pub fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in printable(text).chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // No characters in XML.
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// Inside of a quoted string in DOT.
pub fn dot(text: &str) -> String {
    printable(text).replace('\\', "\\\\").replace('"', "\\\"")
}

/// Inside of a quoted label in Mermaid, whose escapes are entities with a number sign.
pub fn mermaid(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in printable(text).chars() {
        match letter {
            '"' => escaped.push_str("#quot;"),
            '&' => escaped.push_str("#amp;"),
            '<' => escaped.push_str("#lt;"),
            '>' => escaped.push_str("#gt;"),
            '#' | '`' | '\\' | '*' | '_' | '~' | '%' | ';' => escaped.push_str(&format!("#{};", letter as u32)),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// At most `width` characters, the last one an ellipsis when some are left out.
pub fn shorten(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::{dot, mermaid, printable, shorten, xml};

    #[test]
    fn what_would_end_a_string_does_not() {
        assert_eq!(xml("a<b & \"c\""), "a&lt;b &amp; &quot;c&quot;");
        assert_eq!(dot("say \"hi\" \\"), "say \\\"hi\\\" \\\\");
        assert_eq!(mermaid("a \"b\" <c> #d;"), "a #quot;b#quot; #lt;c#gt; #35;d#59;");
    }

    #[test]
    fn control_characters_are_shown() {
        assert_eq!(printable("a\u{1b}[31mb\nc"), "a\\u{1b}[31mb c");
        assert_eq!(xml("\u{0}\u{202e}"), "\\u{0}\\u{202e}");
    }

    #[test]
    fn long_text_is_cut_by_characters() {
        assert_eq!(shorten("ümlaut", 6), "ümlaut");
        assert_eq!(shorten("ümlaute", 6), "ümlau…");
    }
}
