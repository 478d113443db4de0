//! What a program needs of a module of the standard library. Most name a few steps of it, and reading the rest would take a
//! small program longer than its own text.

use rustc_hash::FxHashSet;

/// Texts longer than this, all together, are not looked through: then reading whole modules is the smaller part.
const LONGEST: usize = 64 << 10;

/// What signatures begin with.
const KINDS: [&str; 5] = ["step ", "source ", "extractor ", "target ", "channel "];

/// The words of a program.
#[derive(Debug, Default)]
pub struct Words<'t> {
    /// None for a long program.
    known: Option<FxHashSet<&'t str>>,
}

impl<'t> Words<'t> {
    pub fn of(texts: impl Iterator<Item = &'t str> + Clone) -> Self {
        let length: usize = texts.clone().map(str::len).sum();
        Self { known: (length <= LONGEST).then(|| texts.flat_map(words).collect()) }
    }

    /// The module with the signatures that the program might name; the others are blank, so that places stay the same.
    /// None when that is all of it: also for composite steps, as they name others.
    pub fn excerpt(&self, module: &str) -> Option<String> {
        let known = self.known.as_ref()?;
        let mut excerpt = String::with_capacity(module.len());
        let mut is_cut = false;
        for paragraph in module.split_inclusive("\n\n") {
            let declared = declared(paragraph)?;
            if known.contains(declared.rsplit('.').next().unwrap_or_default()) {
                excerpt.push_str(paragraph);
            } else {
                is_cut = true;
                // The next declaration has to begin a line; spaces are passed over quicker than lines.
                let lines = paragraph.len() - paragraph.trim_end_matches('\n').len();
                excerpt.extend(std::iter::repeat_n(' ', paragraph.len() - lines));
                excerpt.extend(std::iter::repeat_n('\n', lines));
            }
        }
        is_cut.then_some(excerpt)
    }
}

/// What is no letter of ASCII ends a word; all that is looked at are bytes, as there are many.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    std::iter::from_fn(move || {
        let start = rest.bytes().position(|byte| is_part(&byte))?;
        let word = &rest[start..];
        let length = word.bytes().position(|byte| !is_part(&byte)).unwrap_or(word.len());
        rest = &word[length..];
        Some(&word[..length])
    })
}

/// The name that a paragraph declares, if it is documentation and a signature and nothing else.
fn declared(paragraph: &str) -> Option<&str> {
    let mut lines = paragraph.lines().skip_while(|line| line.starts_with("///"));
    let first = lines.next()?;
    let name = KINDS.iter().find_map(|kind| first.strip_prefix(kind))?.split('(').next();
    let is_alone = lines.all(|line| !KINDS.iter().any(|kind| line.starts_with(kind)));
    name.filter(|_| is_alone && paragraph.trim_end().ends_with("builtin"))
}

#[cfg(test)]
mod tests {
    use super::Words;

    const MODULE: &str = "/// Sets.\nstep flags.set(\n  a: string,\n)\neffect changes\nbuiltin\n\n\
                          /// Takes out.\nstep flags.unset(a: string)\neffect changes\nbuiltin\n";

    fn words(text: &str) -> Words<'_> {
        Words::of(std::iter::once(text))
    }

    #[test]
    fn what_is_named_stays_in_its_place() {
        let excerpt = words("step x = flags.unset(\"a\")").excerpt(MODULE).expect("less than all");
        assert_eq!(excerpt.len(), MODULE.len());
        assert_eq!(excerpt.find("step flags.unset"), MODULE.find("step flags.unset"));
        assert!(!excerpt.contains("flags.set("));
        assert_eq!(words("flags.set flags.unset").excerpt(MODULE), None);
    }

    #[test]
    fn what_names_other_steps_is_read_whole() {
        let composite = "step k8s.set(a: string)\neffect changes {\n  step exec([a])\n}\n";
        assert_eq!(words("").excerpt(composite), None);
        assert_eq!(words("").excerpt(&format!("use std.exec\n\n{MODULE}")), None);
    }

    #[test]
    fn a_long_program_reads_whole_modules() {
        assert_eq!(words(&"x ".repeat(super::LONGEST)).excerpt(MODULE), None);
    }
}
