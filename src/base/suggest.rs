//! Did you mean: the known name that is nearest to what was written, or silence when nothing is near.
//!
//! Near is in proportion to the length: one letter in three to five, two in six to eight, three in nine and more, where
//! two letters in the wrong order count as one. Upper and lower case are the same letter. The cost of a candidate that
//! is not near is a few instructions, whatever its length: undefined names times known names may be many.

/// Names longer than this are compared by their letters' case only.
const LONGEST: usize = 64;

/// What was probably meant: the nearest names, in order; several when they are equally near.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suggestion {
    names: Vec<String>,
    sure: bool,
}

impl Suggestion {
    /// The nearest of the names that may stand where `name` does.
    #[must_use]
    pub fn of<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        let names: Vec<String> = nearest_of(name, candidates).into_iter().map(str::to_owned).collect();
        let sure = matches!(names.as_slice(), [one] if has_digits_of(one, name));
        Self { names, sure }
    }

    /// The same names as they have to be written there.
    #[must_use]
    pub fn named(self, name: impl Fn(&str) -> String) -> Self {
        Self { names: self.names.iter().map(|near| name(near)).collect(), sure: self.sure }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What to write instead, if that is sure: one name is nearest, and no other number. `p90` may be a slip for `p95`,
    /// but whoever asks for the 90th percentile does not want the 95th.
    #[must_use]
    pub fn sure(&self) -> Option<&str> {
        self.names.first().filter(|_| self.sure).map(String::as_str)
    }

    /// The question to ask, if there is one.
    #[must_use]
    pub fn question(&self) -> Option<String> {
        let shown = &self.names[..self.names.len().min(MOST_SHOWN)];
        let (last, before) = shown.split_last()?;
        let before = if before.is_empty() { String::new() } else { format!("`{}` or ", before.join("`, `")) };
        Some(format!("did you mean {before}`{last}`?"))
    }
}

impl From<Option<&str>> for Suggestion {
    fn from(name: Option<&str>) -> Self {
        Self { names: name.map(str::to_owned).into_iter().collect(), sure: name.is_some() }
    }
}

fn has_digits_of(candidate: &str, name: &str) -> bool {
    let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
    digits(candidate).contains(&digits(name))
}

/// Of names that are equally near, no more are said.
const MOST_SHOWN: usize = 4;

/// The candidate nearest to `name`; of several that are equally near, the first by name.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    nearest_of(name, candidates).into_iter().next()
}

fn nearest_of<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let written = Folded::new(name);
    let mut best = usize::MAX;
    let mut nearest: Vec<&'a str> = Vec::new();
    for candidate in candidates.into_iter().filter(|candidate| *candidate != name) {
        match written.distance(candidate) {
            Some(distance) if distance < best => {
                best = distance;
                nearest = vec![candidate];
            }
            Some(distance) if distance == best => nearest.push(candidate),
            _ => {}
        }
    }
    nearest.sort_unstable();
    nearest.dedup();
    nearest
}

/// A name without its case, and which letters are in it.
struct Folded {
    letters: String,
    length: usize,
    set: u64,
}

impl Folded {
    fn new(name: &str) -> Self {
        let letters = name.to_lowercase();
        Self { length: letters.chars().count(), set: set_of(&letters), letters }
    }

    /// How far the candidate is away, if it is near: 0 when only the case differs.
    fn distance(&self, candidate: &str) -> Option<usize> {
        if self.letters.len().max(candidate.len()) > LONGEST {
            return candidate.eq_ignore_ascii_case(&self.letters).then_some(0);
        }
        // A lower-case letter may take more characters; then only the case-blind equality below is lost.
        let length = candidate.chars().count();
        let limit = reach(self.length.max(length));
        if self.length.abs_diff(length) > limit {
            return None;
        }
        let folded = candidate.to_lowercase();
        let set = set_of(&folded);
        if (self.set & !set).count_ones() as usize > limit || (set & !self.set).count_ones() as usize > limit {
            return None;
        }
        let distance = strsim::osa_distance(&self.letters, &folded);
        let swapped = || self.set == set && self.length == length;
        // Of two letters, half would be another one: only their order may be wrong.
        (distance <= limit && (length > 2 || self.length > 2 || distance == 0 || swapped())).then_some(distance)
    }
}

/// How many slips a name of this length may have.
fn reach(length: usize) -> usize {
    match length {
        0..=1 => 0,
        2..=5 => 1,
        6..=8 => 2,
        _ => 3,
    }
}

/// A bit for each letter, digit and the rest; different names may share one.
fn set_of(letters: &str) -> u64 {
    letters.bytes().fold(0, |set, byte| {
        let bit = match byte {
            b'a'..=b'z' => byte - b'a',
            b'0'..=b'9' => byte - b'0' + 26,
            other => 36 + other % 28,
        };
        set | 1 << bit
    })
}

#[cfg(test)]
mod tests {
    use super::{Suggestion, nearest};

    #[test]
    fn what_is_near_is_found_and_nothing_else() {
        let rows: [(&str, &[&str], Option<&str>); 22] = [
            ("heathy", &["healthy", "shop"], Some("healthy")),
            ("limitt", &["limit"], Some("limit")),
            // Letters in the wrong order count as one slip.
            ("cieling", &["floor", "ceiling"], Some("ceiling")),
            ("hsop", &["shop"], Some("shop")),
            ("ms", &["sm"], Some("sm")),
            // Case and separators.
            ("Duration", &["duration", "durations"], Some("duration")),
            ("exitcode", &["exit_code", "stdout"], Some("exit_code")),
            ("exitCode", &["exit_code", "stdout"], Some("exit_code")),
            ("P95", &["p95", "p99"], Some("p95")),
            // In proportion to the length.
            ("apy", &["api"], Some("api")),
            ("x", &["y", "xy"], None),
            ("ab", &["ac"], None),
            ("foo", &["bar"], None),
            ("gate", &["wait"], None),
            ("nowhere", &["a", "b"], None),
            ("deploy", &["destroy"], None),
            ("durration", &["duration", "ratio"], Some("duration")),
            ("rollbakc", &["rollback"], Some("rollback")),
            ("eror_rate", &["error_rate", "error_ratio"], Some("error_rate")),
            ("", &["a"], None),
            ("same", &["same"], None),
            ("größe", &["grösse", "große"], Some("große")),
        ];
        for (name, candidates, expected) in rows {
            assert_eq!(nearest(name, candidates.iter().copied()), expected, "{name}");
        }
    }

    #[test]
    fn several_that_are_equally_near_are_all_asked_about_and_none_is_sure() {
        let near = Suggestion::of("block_d", ["block_b", "block_a", "other"]);
        assert_eq!(near.names(), ["block_a", "block_b"]);
        assert_eq!(near.question().as_deref(), Some("did you mean `block_a` or `block_b`?"));
        assert_eq!(near.sure(), None);
        assert_eq!(Suggestion::of("block_d", ["other"]).question(), None);
    }

    #[test]
    fn a_different_number_is_never_sure() {
        let near = Suggestion::of("p90", ["p95", "mean"]);
        assert_eq!((near.question().as_deref(), near.sure()), (Some("did you mean `p95`?"), None));
        assert_eq!(Suggestion::of("p9", ["p95"]).sure(), Some("p95"));
        assert_eq!(Suggestion::of("blok_1", ["block_1"]).sure(), Some("block_1"));
    }

    #[test]
    fn a_name_of_a_megabyte_costs_little() {
        let long = "x".repeat(1 << 20);
        let other = "y".repeat(1 << 20);
        assert_eq!(nearest(&long, std::iter::repeat_n(other.as_str(), 100)), None);
        assert_eq!(nearest(&long.to_uppercase(), [long.as_str()]), Some(long.as_str()));
    }
}
