//! Edits of a program, each the same for the same number.

/// Words and signs that mean something somewhere.
const TOKENS: [&str; 64] = [
    "phase",
    "step",
    "pipeline",
    "metrics",
    "hold",
    "gate",
    "require",
    "rollback",
    "when",
    "for",
    "after",
    "else",
    "ramp",
    "through",
    "run",
    "component",
    "use",
    "std",
    "let",
    "param",
    "environment",
    "test",
    "given",
    "expect",
    "alert",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    "=",
    "==",
    "<=",
    ":",
    ",",
    ".",
    "..",
    "+-",
    "+",
    "-",
    "*",
    "/",
    "??",
    "?",
    "->",
    "\"",
    "\"\"\"",
    "${",
    "//",
    "/*",
    "*/",
    "///",
    "5m",
    "5%",
    "10pp",
    "1e9",
    "64MiB",
    "not",
    "and",
    "≤",
    "\u{a0}",
];

/// SplitMix64 (Steele, Lea and Flood, 2014): small, and the same everywhere.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to `below`, which does not belong to it.
    pub fn below(&mut self, below: usize) -> usize {
        usize::try_from(self.next() % below.max(1) as u64).expect("it is below a usize")
    }

    pub fn token(&mut self) -> &'static str {
        TOKENS[self.below(TOKENS.len())]
    }
}

/// The text with one edit.
pub fn mutated(text: &str, random: &mut Random) -> String {
    let at = boundary(text, random.below(text.len() + 1));
    let end = boundary(text, (at + 1 + random.below(24)).min(text.len()));
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let next = text[at..].find('\n').map_or(text.len(), |end| at + end + 1);
    match random.below(7) {
        0 => format!("{}{}", &text[..at], &text[end..]),
        1 => format!("{}{}{}", &text[..at], random.token(), &text[at..]),
        2 => format!("{}{}{}", &text[..at], random.token(), &text[end..]),
        3 => format!("{}{}", &text[..line], &text[next..]),
        4 => format!("{}{}{}", &text[..next], &text[line..next], &text[next..]),
        5 => {
            let letter = char::from_u32(u32::try_from(random.next() % 0x0250).expect("it is small")).unwrap_or('x');
            format!("{}{letter}{}", &text[..at], &text[at..])
        }
        _ => {
            let other = boundary(text, random.below(text.len() + 1));
            let stop = boundary(text, (other + random.below(40)).min(text.len()));
            format!("{}{}{}", &text[..at], &text[other..stop], &text[at..])
        }
    }
}

/// Words in any order.
pub fn row_of_tokens(random: &mut Random) -> String {
    let length = random.below(120);
    let gaps = [" ", "\n", "", "\n  "];
    (0..length).flat_map(|_| [random.token(), gaps[random.below(gaps.len())]]).collect()
}

fn boundary(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
