//! How deep the text nests, found out in the pass over its bytes: nothing recurses before it is known.

/// More blocks, parentheses, types and `if`s inside one another are refused.
pub(super) const DEEPEST: usize = 128;

/// How deep the code nests: brackets, and what nests without any.
pub(super) struct Nesting {
    levels: Vec<Level>,
    pub(super) total: usize,
}

#[derive(Clone, Copy, Default)]
struct Level {
    conditionals: usize,
    generics: usize,
}

impl Nesting {
    pub(super) fn new() -> Self {
        Self { levels: vec![Level::default()], total: 0 }
    }

    /// No bracket is open.
    pub(super) fn is_outside(&self) -> bool {
        self.levels.len() == 1
    }

    pub(super) fn punctuation(&mut self, byte: u8, glued: bool) {
        match byte {
            b'(' | b'[' | b'{' => {
                self.levels.push(Level::default());
                self.total += 1;
            }
            b')' | b']' | b'}' => self.close(),
            // Neither a list nor a clause can stand inside an `if` that has no bracket around it.
            b',' => self.forget(false),
            b':' => self.forget(true),
            b'<' if glued => {
                self.total += 1;
                self.top().generics += 1;
            }
            b'>' if self.top().generics > 0 => {
                self.total -= 1;
                self.top().generics -= 1;
            }
            _ => {}
        }
    }

    pub(super) fn conditional(&mut self) {
        self.total += 1;
        self.top().conditionals += 1;
    }

    /// A string nests this deep; it is over already, so only the check sees it.
    pub(super) fn inside(&mut self, depth: usize) {
        if self.total + depth > DEEPEST {
            self.total += depth;
        }
    }

    /// A statement begins: nothing reaches into it but brackets.
    pub(super) fn line(&mut self) {
        self.forget(true);
    }

    fn forget(&mut self, generics: bool) {
        let level = *self.top();
        self.total -= level.conditionals + if generics { level.generics } else { 0 };
        let kept = if generics { 0 } else { level.generics };
        *self.top() = Level { conditionals: 0, generics: kept };
    }

    fn close(&mut self) {
        self.forget(true);
        if self.levels.len() > 1 {
            self.levels.pop();
            self.total -= 1;
        }
    }

    fn top(&mut self) -> &mut Level {
        if self.levels.is_empty() {
            self.levels.push(Level::default());
        }
        let last = self.levels.len() - 1;
        &mut self.levels[last]
    }
}
