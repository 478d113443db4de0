//! Bytes of a pipe to lines of text without secrets.
//!
//! Invariants: no content of a secret leaves here, also none that a read or a long line splits; what is no UTF-8 becomes
//! U+FFFD; memory is bounded by the longest piece.

use crate::adapters::secrets::Redactor;

/// A line longer than this is given out in pieces.
const LONGEST_PIECE: usize = 16 * 1024;

/// One stream on its way from bytes to lines.
#[derive(Debug, Default)]
pub struct Lines {
    pending: Vec<u8>,
}

impl Lines {
    /// Takes bytes and gives out every line that is whole, with its line end.
    pub fn push(&mut self, bytes: &[u8], redactor: &Redactor, mut give: impl FnMut(&str)) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.pending.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.flush(redactor, &mut give);
            } else if self.pending.len() > LONGEST_PIECE + redactor.longest() {
                self.give_piece(redactor, &mut give);
            }
        }
    }

    /// Gives out what is left when the stream has ended.
    pub fn flush(&mut self, redactor: &Redactor, mut give: impl FnMut(&str)) {
        if !self.pending.is_empty() {
            give(&redactor.redact(&String::from_utf8_lossy(&self.pending)));
            self.pending.clear();
        }
    }

    /// Gives out the beginning of a long line. Kept back is as much as could be the beginning of a secret, or of a letter.
    fn give_piece(&mut self, redactor: &Redactor, mut give: impl FnMut(&str)) {
        let unfinished = self.pending.split_off(finished(&self.pending));
        let text = String::from_utf8_lossy(&self.pending);
        let text = redactor.redact(&text).into_owned();
        let limit = text.len().saturating_sub(redactor.longest().saturating_sub(1));
        let cut = (0..=limit).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        give(&text[..cut]);
        self.pending = text.as_bytes()[cut..].to_vec();
        self.pending.extend(unfinished);
    }
}

/// Where a letter begins that the bytes do not finish.
fn finished(bytes: &[u8]) -> usize {
    let from = bytes.len().saturating_sub(3);
    let lead = bytes[from..].iter().rposition(|byte| *byte >= 0xC0);
    match lead.map(|at| from + at) {
        Some(at) if std::str::from_utf8(&bytes[at..]).is_err_and(|error| error.error_len().is_none()) => at,
        _ => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;
    use crate::adapters::secrets::{Redactor, Secrets};

    fn lines(chunks: &[&[u8]], redactor: &Redactor) -> Vec<String> {
        let (mut lines, mut given) = (Lines::default(), Vec::new());
        for chunk in chunks {
            lines.push(chunk, redactor, |line| given.push(line.to_owned()));
        }
        lines.flush(redactor, |line| given.push(line.to_owned()));
        given
    }

    fn redactor(secret: &'static str) -> Redactor {
        let secrets = Secrets::new(move |_| Some(secret.to_owned()), None);
        secrets.resolve("ANY").unwrap();
        secrets.redactor()
    }

    #[test]
    fn lines_are_whole_however_the_bytes_come() {
        let given = lines(&[b"one\ntw", b"o\r\n", b"", b"\nend"], &Redactor::default());
        assert_eq!(given, ["one\n", "two\r\n", "\n", "end"]);
    }

    #[test]
    fn what_is_no_utf_8_is_replaced_and_letters_split_between_reads_are_not() {
        assert_eq!(lines(&[b"a\xffb\n"], &Redactor::default()), ["a\u{fffd}b\n"]);
        assert_eq!(lines(&["ü".as_bytes().split_at(1).0, "ü".as_bytes().split_at(1).1], &Redactor::default()), ["ü"]);
    }

    #[test]
    fn a_secret_split_between_reads_or_pieces_of_a_long_line_is_redacted() {
        let redactor = redactor("hunter22-and-more");
        assert_eq!(lines(&[b"pw hunter", b"22-and-more!\n"], &redactor), ["pw ***!\n"]);
        for before in 16_300..16_500 {
            let line = format!("{}hunter22-and-more{}", "x".repeat(before), "y".repeat(20_000));
            for size in [1000, 16_384] {
                let chunks: Vec<&[u8]> = line.as_bytes().chunks(size).collect();
                let text = lines(&chunks, &redactor).concat();
                assert_eq!(text.len(), before + 3 + 20_000, "{before} {size}");
                assert!(text.contains("x***y"), "{before} {size}");
            }
        }
    }

    #[test]
    fn long_lines_come_in_pieces_that_split_no_letter() {
        let line = "aü€𝄞".repeat(10_000);
        let chunks: Vec<&[u8]> = line.as_bytes().chunks(7).collect();
        let given = lines(&chunks, &Redactor::default());
        assert!(given.len() > 3 && given.iter().all(|piece| piece.len() <= 17_000));
        assert_eq!(given.concat(), line);
    }
}
