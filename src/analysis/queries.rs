//! Whether text is PromQL. A large program asks the same few questions of many metrics, so queries that differ in nothing
//! but which series they select are parsed once.

use rustc_hash::FxHashSet;

/// More are not kept: who types one leaves a sound one behind with every other key.
const MOST: usize = 10_000;

/// What has been judged.
#[derive(Debug, Default)]
pub struct Queries {
    sound: FxHashSet<String>,
}

impl Queries {
    /// What is wrong with the query.
    pub fn fault(&mut self, query: &str) -> Option<String> {
        let shape = shape(query);
        if self.sound.contains(&shape) {
            return None;
        }
        let fault = promql_parser::parser::parse(query).err();
        if fault.is_none() {
            if self.sound.len() >= MOST {
                self.sound.clear();
            }
            self.sound.insert(shape);
        }
        fault
    }
}

/// The query with `_` for each name of a series: a word with an underscore right before `{` or `[`. The keywords with one
/// stay, as does what stands in quotes: a name there may be a regular expression.
fn shape(query: &str) -> String {
    let mut shape = String::with_capacity(query.len());
    let mut rest = query;
    while let Some(next) = rest.bytes().next() {
        let end = match next {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => length(rest, is_part_of_word),
            b'"' | b'\'' | b'`' => end_of_quoted(rest, char::from(next)),
            b'0'..=b'9' => length(rest, |byte| is_part_of_word(byte) || byte == b'.'),
            0..0x80 => 1,
            _ => length(rest, |byte| byte >= 0x80),
        };
        let (piece, behind) = rest.split_at(end);
        let is_before_series = next.is_ascii_alphabetic() && matches!(behind.bytes().next(), Some(b'{' | b'['));
        let is_series = is_before_series && piece.contains('_') && !is_keyword(piece);
        shape.push_str(if is_series { "_" } else { piece });
        rest = behind;
    }
    shape
}

/// Bytes at the start of the text that are of a kind.
fn length(text: &str, is_meant: impl Fn(u8) -> bool) -> usize {
    text.bytes().position(|byte| !is_meant(byte)).unwrap_or(text.len())
}

fn is_part_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':'
}

fn is_keyword(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    ["group_", "count_values", "limit_ratio"].iter().any(|keyword| word.starts_with(keyword))
}

/// Behind the closing quote, or at the end.
fn end_of_quoted(text: &str, quote: char) -> usize {
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' if quote != '`' => drop(letters.next()),
            _ if letter == quote => return at + letter.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::{Queries, shape};

    #[test]
    fn queries_about_other_series_have_one_shape() {
        let query = |series: &str| format!(r#"sum by (le) (rate({series}_total{{track="canary_{{x"}}[5m]))"#);
        assert_eq!(shape(&query("api_v1")), shape(&query("shop_v2")));
        assert_eq!(shape(&query("api_v1")), r#"sum by (le) (rate(_{track="canary_{x"}[5m]))"#);
    }

    #[test]
    fn what_decides_whether_it_can_be_read_stays() {
        for query in
            ["rate(up[5m])", "a_b + c_d", "x on(a) group_left{b} y", "1e_3{}", "f_g(x)", "é_a[5m]", "'a_b{", "\"\\"]
        {
            let mut queries = Queries::default();
            let plain = promql_parser::parser::parse(query).err();
            assert_eq!(queries.fault(query), plain, "{query}");
            assert_eq!(queries.fault(query), plain, "{query}");
        }
    }

    #[test]
    fn a_fault_is_told_each_time() {
        let mut queries = Queries::default();
        assert_eq!(queries.fault("rate(api_total[5m])"), None);
        assert!(queries.fault("rate(api_total[5m]").is_some());
        assert!(queries.fault("rate(shop_total[5m]").is_some());
        assert!(queries.fault("rate(api_total{)").is_some());
    }
}
