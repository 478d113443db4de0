//! The tokens the grammar reads: one character for each word, number, string and sign of the source.
//!
//! White space and comments are not among them, so the grammar neither skips nor looks at text twice. What a character
//! stands for is said here and, by the same numbers, at the top and the end of `grammar/phasegate.pest`; a test holds
//! the two together. The grammar's offsets count bytes of this text; [`Tokens`] knows which bytes of the source they are.

use super::grammar::Rule;

/// What a keyword at the beginning of a line begins, if what follows fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begins {
    Nothing,
    Statement,
    Item,
}

pub(super) const NEWLINE: char = '\n';
/// The line break before a keyword that begins a statement.
pub(super) const MARK: char = '\u{1E}';
/// The line break before an unindented keyword that begins an item.
pub(super) const ITEM_MARK: char = '\u{1D}';
pub(super) const STRING: char = '"';
pub(super) const NUMBER: char = '0';
/// A word that is no keyword.
pub(super) const WORD: char = '\u{100}';
/// What belongs to no token.
pub(super) const OTHER: char = '\u{7F}';

/// Keywords from here may begin a clause behind an expression. Followed by a value on their line they do, and stand for
/// another character: no variable then.
const CLAUSES: u16 = 0x170;
const CLAUSES_END: u16 = 0x180;
const AHEAD: u16 = 0x10;

/// The signs of more than one character, longest first, and those of one that need a character of their own.
const SIGNS: [(&[u8], char); 17] = [
    (b"===", '≡'),
    (b"!==", '≠'),
    (b"==", '≡'),
    (b"!=", '≠'),
    (b"<=", '≤'),
    (b"<>", '≶'),
    (b"&&", '∧'),
    (b"||", '∨'),
    (b"??", '∴'),
    (b"..", '∶'),
    (b"+-", '∓'),
    (b"->", '→'),
    (b"<", '≺'),
    (b"+", '∔'),
    (b"-", '−'),
    (b"*", '∗'),
    (b"/", '∕'),
];

/// The sign that `bytes` begin with: its character and its length. `glued`: right behind a word.
///
/// `>=` are two signs, as the first may close a type; so are `<>` behind a word.
pub(super) fn sign(bytes: &[u8], glued: bool) -> (char, usize) {
    match bytes {
        [byte @ (b'{' | b'}' | b'(' | b')' | b'[' | b']' | b',' | b':'), ..] => (char::from(*byte), 1),
        [b'.', next, ..] if *next != b'.' => ('.', 1),
        [b'=', next, ..] if *next != b'=' => ('=', 1),
        [b'<', next, ..] if glued && *next != b'=' => ('⊲', 1),
        [b'>', ..] => ('≻', 1),
        _ => match SIGNS.iter().find(|(sign, _)| bytes.starts_with(sign)) {
            Some((sign, character)) => (*character, sign.len()),
            None => (bytes.first().map_or(OTHER, |byte| plain_sign(*byte)), 1),
        },
    }
}

fn plain_sign(byte: u8) -> char {
    if matches!(byte, b'.' | b'=' | b'?' | b'!' | b'%') { char::from(byte) } else { OTHER }
}

/// `=` right behind `>`.
pub(super) const GLUED_EQUALS: char = '⁼';
/// `>` right behind a `<` that is right behind a word.
pub(super) const GLUED_GREATER: char = '⋗';

/// The text the grammar reads, and where each of its tokens stands in the source.
///
/// Where a line breaks says nothing in a text without faults, except in front of what [`binds`]. So line breaks are kept apart,
/// and stand between the tokens only where a fault must not go beyond its line.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    text: String,
    /// By byte of `text`: where the token begins, and where the one before it ends, line breaks left out.
    places: Vec<(u32, u32)>,
    end: u32,
    /// In front of which byte of `text` each line break stands, and where in the source.
    breaks: Vec<(usize, u32)>,
    /// Where in `text` something stands that binds, behind a line break.
    unbound: Vec<usize>,
    /// Where in `text` each item mark stands.
    item_marks: Vec<usize>,
}

impl Tokens {
    pub(super) fn with_capacity(source: usize) -> Self {
        Self {
            text: String::with_capacity(source / 2),
            places: Vec::with_capacity(source / 2),
            breaks: Vec::with_capacity(source / 32),
            ..Self::default()
        }
    }

    pub(super) fn push(&mut self, token: char, start: usize, end: usize) {
        let at = self.text.len();
        match token {
            NEWLINE => return self.breaks.push((at, clip(start))),
            ITEM_MARK => self.item_marks.push(at),
            _ if binds(token) && self.breaks.last().is_some_and(|(before, _)| *before == at) => self.unbound.push(at),
            _ => {}
        }
        self.put(token, clip(start));
        if !matches!(token, MARK | ITEM_MARK) {
            self.end = clip(end);
        }
    }

    fn put(&mut self, token: char, start: u32) {
        self.text.push(token);
        self.places.extend_from_slice(&[(start, self.end); 4][..token.len_utf8()]);
    }

    /// The tokens before the item mark that stands there in the source.
    pub(super) fn before_mark(&self, source: usize) -> Self {
        let mark = self.mark(source);
        let at = self.item_marks.get(mark).copied().unwrap_or(self.text.len());
        let until = |places: &[usize]| places[..places.partition_point(|place| *place < at)].to_vec();
        let breaks = self.breaks.partition_point(|(_, place)| (*place as usize) < source);
        let mut before = Self {
            breaks: self.breaks[..breaks].to_vec(),
            unbound: until(&self.unbound),
            item_marks: until(&self.item_marks),
            ..Self::with_capacity(2 * self.text.len())
        };
        before.copy(self, 0, at);
        before
    }

    /// Goes on as the tokens of another text do from an item mark, which stood at `from` there and stands at `to` here.
    pub(super) fn append_from_mark(&mut self, other: &Self, from: usize, to: usize) {
        let mark = other.mark(from);
        let Some(at) = other.item_marks.get(mark).copied() else { return };
        let here = self.text.len();
        let moved = |place: u32| clip(place as usize - from + to);
        // The token before the mark is one of this text.
        let end = self.end;
        let place =
            |(start, before): &(u32, u32)| (moved(*start), if *before as usize <= from { end } else { moved(*before) });
        self.text.push_str(&other.text[at..]);
        self.places.extend(other.places[at..].iter().map(place));
        let shifted = |offset: &usize| offset - at + here;
        self.item_marks.extend(other.item_marks[mark..].iter().map(shifted));
        let unbound = other.unbound.partition_point(|place| *place < at);
        self.unbound.extend(other.unbound[unbound..].iter().map(shifted));
        let breaks = other.breaks.partition_point(|(_, place)| (*place as usize) < from);
        self.breaks.extend(other.breaks[breaks..].iter().map(|(at, place)| (shifted(at), moved(*place))));
        self.end = if other.end as usize <= from { end } else { moved(other.end) };
    }

    /// Which item mark stands there in the source.
    fn mark(&self, source: usize) -> usize {
        self.item_marks.partition_point(|at| (self.places[*at].0 as usize) < source)
    }

    /// The source has been read up to its end.
    pub(super) fn finish(&mut self, length: usize) {
        self.places.push((clip(length), self.end));
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Where the tokens of each part of the file begin and end: a part begins with an item mark, but for the first one.
    pub(super) fn parts(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let starts = std::iter::once(0).chain(self.item_marks.iter().copied());
        let ends = self.item_marks.iter().copied().chain(std::iter::once(self.text.len()));
        starts.zip(ends)
    }

    /// Whether the line breaks between the tokens of a part say nothing as long as it has no faults.
    pub(super) fn may_do_without_breaks(&self, (first, last): (usize, usize)) -> bool {
        let next = self.unbound.partition_point(|at| *at < first);
        self.unbound.get(next).is_none_or(|at| *at >= last)
    }

    /// The tokens of a part with its line breaks between them. None when there are no line breaks in it.
    pub(super) fn with_breaks(&self, (first, last): (usize, usize)) -> Option<Self> {
        // Those in front of an item mark belong to the part above it.
        let from = if first == 0 { 0 } else { self.breaks.partition_point(|(at, _)| *at <= first) };
        let to = self.breaks.partition_point(|(at, _)| *at <= last);
        let breaks = self.breaks.get(from..to).filter(|breaks| !breaks.is_empty())?;
        let mut whole = Self { end: clip(self.end_before(first)), ..Self::default() };
        let mut copied = first;
        for (at, start) in breaks {
            whole.copy(self, copied, *at);
            whole.put(NEWLINE, *start);
            copied = *at;
        }
        whole.copy(self, copied, last);
        whole.places.extend(self.places.get(last));
        Some(whole)
    }

    fn copy(&mut self, from: &Self, first: usize, last: usize) {
        self.text.push_str(from.text.get(first..last).unwrap_or_default());
        self.places.extend_from_slice(from.places.get(first..last).unwrap_or_default());
        self.end = clip(from.end_before(last));
    }

    /// Where in the source the token before this offset of the text ends.
    pub(super) fn end_before(&self, at: usize) -> usize {
        self.places.get(at).map_or(self.end, |(_, before)| *before) as usize
    }

    /// The part of the source that the tokens between two offsets of the text cover; empty ones stand at what follows.
    pub(super) fn place(&self, from: usize, to: usize) -> (u32, u32) {
        let start = self.places.get(from).map_or(self.end, |(start, _)| *start);
        let end = self.places.get(to).map_or(self.end, |(_, before)| *before);
        (start, end.max(start))
    }
}

/// Whether it means something else right behind a name or a word than on the next line: `name.name`, `duration(s)`, and what
/// makes a name of a word of the tests.
fn binds(token: char) -> bool {
    matches!(token, '.' | '(' | '[' | '=' | '∶' | '≡' | GLUED_EQUALS)
}

fn clip(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// A keyword's character and what it begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keyword {
    code: u16,
    pub(super) begins: Begins,
}

impl Keyword {
    /// `value_ahead`: whether a word, a number or a string follows on its line, behind a blank.
    pub(super) fn token(self, value_ahead: impl FnOnce() -> bool) -> char {
        let is_clause = (CLAUSES..CLAUSES_END).contains(&self.code);
        let code = self.code + if is_clause && value_ahead() { AHEAD } else { 0 };
        char::from_u32(u32::from(code)).unwrap_or(WORD)
    }
}

pub(super) fn keyword(word: &[u8]) -> Option<Keyword> {
    let mut slot = slot_of(word);
    while let Some(index) = SLOTS[slot].checked_sub(1) {
        let (known, code, begins) = KEYWORDS[usize::from(index)];
        if known.as_bytes() == word {
            return Some(Keyword { code, begins });
        }
        slot = (slot + 1) % SLOTS.len();
    }
    None
}

/// Whether the word is one of the language's own somewhere.
#[must_use]
pub fn is_keyword(word: &str) -> bool {
    keyword(word.as_bytes()).is_some()
}

/// The rule of the grammar that a keyword is, for the lossless tree.
pub(super) fn keyword_rule(word: &str) -> Option<Rule> {
    static RULES: std::sync::OnceLock<Vec<Option<Rule>>> = std::sync::OnceLock::new();
    let rules = RULES.get_or_init(|| {
        let named = |name: String| Rule::all_rules().iter().copied().find(|rule| format!("{rule:?}") == name);
        let of = |word: &str| named(format!("kw_{word}")).or_else(|| named(format!("word_{word}")));
        KEYWORDS.iter().map(|(word, ..)| of(if *word == "sample" { "samples" } else { word })).collect()
    });
    let mut slot = slot_of(word.as_bytes());
    while let Some(index) = SLOTS[slot].checked_sub(1) {
        if KEYWORDS[usize::from(index)].0 == word {
            return rules[usize::from(index)];
        }
        slot = (slot + 1) % SLOTS.len();
    }
    None
}

/// An open hash table over [`KEYWORDS`]: 0 is free, else the index and one.
const SLOTS: [u8; 512] = {
    let mut slots = [0; 512];
    let mut index = 0;
    while index < KEYWORDS.len() {
        let mut slot = slot_of(KEYWORDS[index].0.as_bytes());
        while slots[slot] != 0 {
            slot = (slot + 1) % slots.len();
        }
        index += 1;
        slots[slot] = index as u8;
    }
    slots
};

const fn slot_of(word: &[u8]) -> usize {
    let length = word.len();
    if length == 0 {
        return 0;
    }
    (word[0] as usize * 29 + word[length - 1] as usize * 53 + word[length / 2] as usize * 7 + length * 101) % 512
}

/// Every word that means something to the grammar, with its character. The numbers are grouped so that one comparison of
/// a range tells a kind of word: 100 to 17F may be variables, 10F to 124 begin statements, 170 to 18F clauses, 1A0 to 1A2
/// are operators.
const KEYWORDS: [(&str, u16, Begins); 104] = [
    ("abort", 0x122, Begins::Statement),
    ("after", 0x171, Begins::Nothing),
    ("alert", 0x133, Begins::Item),
    ("always", 0x15E, Begins::Nothing),
    ("and", 0x1A0, Begins::Nothing),
    ("approval", 0x157, Begins::Nothing),
    ("approve", 0x11C, Begins::Statement),
    ("as", 0x13B, Begins::Nothing),
    ("at", 0x13C, Begins::Nothing),
    ("award", 0x13D, Begins::Statement),
    ("backoff", 0x173, Begins::Nothing),
    ("because", 0x179, Begins::Nothing),
    ("before", 0x13E, Begins::Nothing),
    ("builtin", 0x13F, Begins::Nothing),
    ("by", 0x140, Begins::Nothing),
    ("channel", 0x12E, Begins::Item),
    ("component", 0x12F, Begins::Item),
    ("crash", 0x15B, Begins::Nothing),
    ("criterion", 0x141, Begins::Statement),
    ("effect", 0x125, Begins::Nothing),
    ("else", 0x190, Begins::Nothing),
    ("environment", 0x12B, Begins::Item),
    ("every", 0x176, Begins::Nothing),
    ("expect", 0x142, Begins::Statement),
    ("extractor", 0x138, Begins::Item),
    ("fails", 0x143, Begins::Nothing),
    ("failure", 0x144, Begins::Nothing),
    ("false", 0x194, Begins::Nothing),
    ("file", 0x15A, Begins::Nothing),
    ("for", 0x170, Begins::Nothing),
    ("freeze", 0x132, Begins::Item),
    ("from", 0x17B, Begins::Nothing),
    ("gate", 0x114, Begins::Statement),
    ("given", 0x145, Begins::Statement),
    ("hold", 0x115, Begins::Statement),
    ("idempotent", 0x126, Begins::Nothing),
    ("if", 0x191, Begins::Nothing),
    ("in", 0x1A2, Begins::Nothing),
    ("killswitch", 0x130, Begins::Item),
    ("lag", 0x17A, Begins::Nothing),
    ("let", 0x112, Begins::Statement),
    ("lock", 0x11E, Begins::Statement),
    ("max", 0x146, Begins::Nothing),
    ("metrics", 0x12C, Begins::Item),
    ("missing", 0x172, Begins::Nothing),
    ("never", 0x147, Begins::Nothing),
    ("noise", 0x148, Begins::Nothing),
    ("not", 0x193, Begins::Nothing),
    ("notified", 0x160, Begins::Nothing),
    ("notify", 0x11D, Begins::Statement),
    ("off", 0x149, Begins::Nothing),
    ("on", 0x124, Begins::Nothing),
    ("once", 0x14A, Begins::Nothing),
    ("or", 0x1A1, Begins::Nothing),
    ("outcome", 0x15D, Begins::Nothing),
    ("parallel", 0x120, Begins::Statement),
    ("param", 0x11A, Begins::Statement),
    ("pass", 0x14B, Begins::Nothing),
    ("pause", 0x121, Begins::Statement),
    ("phase", 0x113, Begins::Statement),
    ("pipeline", 0x128, Begins::Item),
    ("probe", 0x14C, Begins::Statement),
    ("ramp", 0x116, Begins::Statement),
    ("ran", 0x14D, Begins::Nothing),
    ("recover", 0x14E, Begins::Statement),
    ("require", 0x110, Begins::Statement),
    ("resolve", 0x159, Begins::Nothing),
    ("resume", 0x158, Begins::Nothing),
    ("retry", 0x127, Begins::Nothing),
    ("return", 0x10F, Begins::Statement),
    ("rollback", 0x117, Begins::Statement),
    ("rubric", 0x134, Begins::Item),
    ("run", 0x118, Begins::Statement),
    ("runbook", 0x14F, Begins::Nothing),
    ("sample", 0x150, Begins::Nothing),
    ("samples", 0x150, Begins::Nothing),
    ("schedule", 0x135, Begins::Item),
    ("sentinel", 0x131, Begins::Item),
    ("source", 0x137, Begins::Nothing),
    ("start", 0x15C, Begins::Nothing),
    ("std", 0x13A, Begins::Nothing),
    ("step", 0x111, Begins::Statement),
    ("summary", 0x151, Begins::Nothing),
    ("takes", 0x152, Begins::Nothing),
    ("target", 0x139, Begins::Nothing),
    ("test", 0x136, Begins::Item),
    ("then", 0x192, Begins::Nothing),
    ("threshold", 0x12D, Begins::Item),
    ("through", 0x178, Begins::Nothing),
    ("tier", 0x153, Begins::Statement),
    ("timeout", 0x123, Begins::Nothing),
    ("times", 0x154, Begins::Nothing),
    ("to", 0x155, Begins::Nothing),
    ("trip", 0x156, Begins::Statement),
    ("true", 0x194, Begins::Nothing),
    ("type", 0x12A, Begins::Item),
    ("undo", 0x175, Begins::Nothing),
    ("undone", 0x15F, Begins::Nothing),
    ("use", 0x129, Begins::Item),
    ("wait", 0x119, Begins::Statement),
    ("warn", 0x11B, Begins::Statement),
    ("when", 0x174, Begins::Nothing),
    ("window", 0x11F, Begins::Statement),
    ("within", 0x177, Begins::Nothing),
];

#[cfg(test)]
mod tests {
    use super::{AHEAD, CLAUSES, CLAUSES_END, KEYWORDS, keyword};

    const GRAMMAR: &str = include_str!("../../grammar/phasegate.pest");

    #[test]
    fn every_keyword_is_found_and_nothing_else() {
        for (word, code, _) in KEYWORDS {
            assert_eq!(
                keyword(word.as_bytes()).map(|found| found.token(|| false) as u32),
                Some(u32::from(code)),
                "{word}"
            );
        }
        for word in ["", "x", "pipelines", "Step", "requires"] {
            assert!(keyword(word.as_bytes()).is_none(), "{word}");
        }
    }

    #[test]
    fn the_grammar_gives_every_keyword_the_same_number() {
        for (word, code, _) in KEYWORDS {
            let rule = match word {
                "true" | "false" => "bool".to_owned(),
                "sample" => "kw_samples".to_owned(),
                word => format!("kw_{word}"),
            };
            let line = GRAMMAR.lines().find(|line| line.split_whitespace().take(2).eq([rule.as_str(), "="]));
            let line = line.unwrap_or_else(|| panic!("the grammar has no rule `{rule}`"));
            assert!(line.contains(&format!("\\u{{{code:X}}}")), "{line}");
            if (CLAUSES..CLAUSES_END).contains(&code) {
                assert!(line.contains(&format!("\\u{{{:X}}}", code + AHEAD)), "{line}");
            }
        }
    }
}
