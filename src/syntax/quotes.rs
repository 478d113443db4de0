//! Where a string ends. The same rules as `string` in the grammar, as one loop without recursion.
//!
//! A plain string that is not closed ends with its line, before the closing brackets at the end of the line: they
//! belong to the code around it. `${…}` may hold strings and braces.

/// How a string was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quote {
    Plain,
    /// `"""`
    Block,
    /// `r"…"`
    Raw,
}

impl Quote {
    /// What stands at `at`, if a string begins there.
    pub(super) fn opens_at(bytes: &[u8], at: usize) -> Option<Self> {
        match bytes.get(at) {
            Some(b'"') if bytes[at..].starts_with(b"\"\"\"") => Some(Self::Block),
            Some(b'"') => Some(Self::Plain),
            Some(b'r') if bytes.get(at + 1) == Some(&b'"') => Some(Self::Raw),
            _ => None,
        }
    }

    /// Bytes of its opening.
    pub(super) fn width(self) -> usize {
        match self {
            Self::Plain => 1,
            Self::Raw => 2,
            Self::Block => 3,
        }
    }
}

/// A string as it was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quoted {
    /// Behind its last byte.
    pub(super) end: usize,
    pub(super) closed: bool,
    /// The first `${` that nothing closes.
    pub(super) open_hole: Option<usize>,
    /// How deep `${`, braces and strings nest in it.
    pub(super) depth: usize,
}

/// The line breaks of prepared text: plain, before a statement, before an item.
pub(super) const fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | 0x1E | 0x1D)
}

/// The string that begins at `at`; `quote` says how.
pub(super) fn quoted(bytes: &[u8], at: usize, quote: Quote) -> Quoted {
    let start = at + quote.width();
    match quote {
        Quote::Raw => raw(bytes, start),
        Quote::Plain => match simple_end(bytes, start) {
            Some(end) => Quoted { end, closed: true, open_hole: None, depth: 0 },
            None => Reader::new(bytes, Frame::Text { block: false, outer: true }).run(start),
        },
        Quote::Block => Reader::new(bytes, Frame::Text { block: true, outer: true }).run(start),
    }
}

/// The `${…}` whose inside begins at `start`: where its inside ends, and whether a `}` stands there.
pub(super) fn hole(bytes: &[u8], start: usize, block: bool) -> Quoted {
    Reader::new(bytes, Frame::Hole { block, from: start }).run(start)
}

/// Where a plain string ends that is closed and has no `${`: most are like that.
fn simple_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' if bytes.get(at + 1).is_some_and(|next| !is_line_end(*next)) => at += 2,
            b'\\' => return None,
            b'$' if bytes.get(at + 1) == Some(&b'{') => return None,
            byte if is_line_end(*byte) => return None,
            _ => at += 1 + plain_length(&bytes[at + 1..]),
        }
    }
}

/// Bytes that mean nothing in a string, nor in the code in it: most are like that, and one look tells.
const IS_PLAIN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let is_special = matches!(byte as u8, b'"' | b'\\' | b'$' | b')' | b']' | b'{' | b'}' | b',');
        table[byte] = !(is_special || is_line_end(byte as u8));
        byte += 1;
    }
    table
};

/// How many bytes at the start of `bytes` mean nothing in a string.
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| !IS_PLAIN[usize::from(*byte)]).unwrap_or(bytes.len())
}

fn raw(bytes: &[u8], start: usize) -> Quoted {
    let stop = bytes[start..].iter().position(|byte| *byte == b'"' || is_line_end(*byte));
    let end = stop.map_or(bytes.len(), |offset| start + offset);
    let closed = bytes.get(end) == Some(&b'"');
    Quoted { end: end + usize::from(closed), closed, open_hole: None, depth: 0 }
}

#[derive(Debug, Clone, Copy)]
enum Frame {
    Text {
        block: bool,
        outer: bool,
    },
    /// Behind `${`, or behind a brace in it.
    Hole {
        block: bool,
        from: usize,
    },
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    frames: Vec<Frame>,
    open_hole: Option<usize>,
    depth: usize,
    closed: bool,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8], frame: Frame) -> Self {
        Self { bytes, at: 0, frames: vec![frame], open_hole: None, depth: 0, closed: false }
    }

    fn run(mut self, start: usize) -> Quoted {
        self.at = start;
        while let Some(frame) = self.frames.last().copied() {
            self.depth = self.depth.max(self.frames.len() - 1);
            let Some(byte) = self.bytes.get(self.at).copied() else {
                self.leave(false);
                continue;
            };
            match frame {
                Frame::Text { block, outer } => self.text(byte, block, outer),
                Frame::Hole { block, .. } => self.hole(byte, block),
            }
        }
        Quoted { end: self.at, closed: self.closed, open_hole: self.open_hole, depth: self.depth }
    }

    fn text(&mut self, byte: u8, block: bool, outer: bool) {
        match byte {
            b'\\' => {
                let next_is_text = self.bytes.get(self.at + 1).is_some_and(|next| !is_line_end(*next));
                self.at += 1 + usize::from(next_is_text);
            }
            b'$' if self.bytes.get(self.at + 1) == Some(&b'{') => {
                self.frames.push(Frame::Hole { block, from: self.at });
                self.at += 2;
            }
            b'"' if block && !self.bytes[self.at..].starts_with(b"\"\"\"") => self.at += 1,
            b'"' => {
                self.at += if block { 3 } else { 1 };
                self.leave(true);
            }
            _ if !block && is_line_end(byte) => self.leave(false),
            b')' | b']' | b'{' | b'}' | b',' if !block && outer && self.is_tail() => self.leave(false),
            _ => self.pass(),
        }
    }

    fn hole(&mut self, byte: u8, block: bool) {
        match byte {
            b'"' if self.bytes[self.at..].starts_with(b"\"\"\"") => self.leave(false),
            b'"' => {
                self.at += 1;
                self.frames.push(Frame::Text { block: false, outer: false });
            }
            b'{' => {
                self.at += 1;
                self.frames.push(Frame::Hole { block, from: self.at });
            }
            b'}' => {
                self.at += 1;
                self.leave(true);
            }
            _ if !block && is_line_end(byte) => self.leave(false),
            _ => self.pass(),
        }
    }

    /// Passes a byte, and all behind it that mean nothing.
    fn pass(&mut self) {
        self.at += 1 + plain_length(&self.bytes[self.at + 1..]);
    }

    fn leave(&mut self, closed: bool) {
        let left = self.frames.pop();
        if let (Some(Frame::Hole { from, .. }), false) = (left, closed) {
            self.open_hole = Some(self.open_hole.map_or(from, |first| first.min(from)));
        }
        self.closed = closed;
    }

    /// Up to six closing brackets, commas or opening braces, and then the line ends.
    fn is_tail(&self) -> bool {
        let mut at = self.at;
        for _ in 0..6 {
            match self.bytes.get(at) {
                Some(b')' | b']' | b'}' | b'{' | b',') => at += 1,
                _ => return false,
            }
            while matches!(self.bytes.get(at), Some(b' ' | b'\t' | b'\r')) {
                at += 1;
            }
            if self.bytes.get(at).is_none_or(|byte| is_line_end(*byte)) {
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::{Quote, quoted};

    fn end_of(text: &str) -> (&str, bool) {
        let quote = Quote::opens_at(text.as_bytes(), 0).expect("the text begins with a string");
        let found = quoted(text.as_bytes(), 0, quote);
        (&text[..found.end], found.closed)
    }

    #[test]
    fn strings_end_at_their_closing_quote() {
        assert_eq!(end_of(r#""a" b"#), (r#""a""#, true));
        assert_eq!(end_of(r#""a\"b" c"#), (r#""a\"b""#, true));
        assert_eq!(end_of(r#""a ${f("x")} b" c"#), (r#""a ${f("x")} b""#, true));
        assert_eq!(end_of(r#""a ${ { k: "}" } } b" c"#), (r#""a ${ { k: "}" } } b""#, true));
        assert_eq!(end_of(r#"r"\" b"#), (r#"r"\""#, true));
        assert_eq!(end_of("\"\"\"a\n\"b\" \"\"\" c"), ("\"\"\"a\n\"b\" \"\"\"", true));
    }

    #[test]
    fn open_strings_end_before_the_brackets_at_the_end_of_their_line() {
        assert_eq!(end_of("\"a\nb"), ("\"a", false));
        assert_eq!(end_of("\"a {\nb"), ("\"a ", false));
        assert_eq!(end_of("\"a) }\nb"), ("\"a", false));
        assert_eq!(end_of("\"a ${b\nc\""), ("\"a ${b", false));
    }
}
