//! What is kept of an output: its beginning and its end. Invariant: bounded, however much is printed.

/// Beginning and end of a text that may be longer than memory.
#[derive(Debug)]
pub struct Kept {
    head: String,
    head_limit: usize,
    tail: String,
    tail_limit: usize,
    /// Bytes between the two that were dropped.
    dropped: u64,
}

impl Kept {
    #[must_use]
    pub fn new(head_limit: usize, tail_limit: usize) -> Self {
        Self { head: String::new(), head_limit, tail: String::new(), tail_limit, dropped: 0 }
    }

    pub fn push(&mut self, text: &str) {
        let room = if self.tail.is_empty() { self.head_limit - self.head.len() } else { 0 };
        let cut = floor_boundary(text, room);
        self.head.push_str(&text[..cut]);
        self.tail.push_str(&text[cut..]);
        // Twice the limit is let in, so that each byte is moved once on average.
        if self.tail.len() > 2 * self.tail_limit {
            self.shorten();
        }
    }

    /// The text, with a line in the place of what was dropped, and how many bytes that were.
    #[must_use]
    pub fn finish(mut self) -> (String, u64) {
        self.shorten();
        if self.dropped > 0 {
            self.head.push_str(&format!("\n[… {} bytes left out …]\n", self.dropped));
        }
        self.head.push_str(&self.tail);
        (self.head, self.dropped)
    }

    fn shorten(&mut self) {
        let surplus = self.tail.len().saturating_sub(self.tail_limit);
        let cut = (surplus..=self.tail.len()).find(|at| self.tail.is_char_boundary(*at)).unwrap_or(surplus);
        self.tail.drain(..cut);
        self.dropped += cut as u64;
    }
}

fn floor_boundary(text: &str, limit: usize) -> usize {
    let limit = limit.min(text.len());
    (0..=limit).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::Kept;

    #[test]
    fn a_short_text_is_kept_whole() {
        let mut kept = Kept::new(4, 8);
        for piece in ["ab", "cdef", "gh"] {
            kept.push(piece);
        }
        assert_eq!(kept.finish(), ("abcdefgh".to_owned(), 0));
    }

    #[test]
    fn of_a_long_one_beginning_and_end_are_kept_and_the_rest_is_counted() {
        let mut kept = Kept::new(4, 6);
        for number in 0..1000 {
            kept.push(&format!("{number:03}\n"));
        }
        assert_eq!(kept.finish(), ("000\n\n[… 3990 bytes left out …]\n8\n999\n".to_owned(), 3990));
    }

    #[test]
    fn letters_of_several_bytes_are_never_split() {
        for (head, tail) in [(1, 1), (3, 5), (0, 0), (2, 3)] {
            let mut kept = Kept::new(head, tail);
            for _ in 0..50 {
                kept.push("aüß€");
            }
            let (text, _) = kept.finish();
            assert!(!text.contains('\u{fffd}'));
        }
    }
}
