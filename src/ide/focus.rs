//! A text of which only what a cursor is about is left: the declaration around it and all that it names, directly or not. Of
//! the others their heads stay, and every place stays where it is. What is asked about one place of a long text is answered
//! from that at once; where it says nothing, the whole is asked.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::syntax::cures::DECLARATIONS;

/// Texts that are shorter are read whole as quickly.
const SHORT: usize = 16 << 10;

/// None when the text is short, or is not made of declarations as people write them.
#[must_use]
pub fn focus(text: &str, offset: usize) -> Option<String> {
    if text.len() < SHORT {
        return None;
    }
    let parts = parts(text);
    let around = parts.iter().rposition(|part| part.start <= offset)?;
    let kept = reach(text, &parts, around);
    let mut bytes = text.as_bytes().to_vec();
    for (at, part) in parts.iter().enumerate() {
        if !kept.contains(&at) {
            blank(text, part, &mut bytes);
        }
    }
    // Whole characters only are blanked.
    String::from_utf8(bytes).ok()
}

/// A declaration with the comments above it, and what it is called.
struct Part<'t> {
    start: usize,
    head: usize,
    end: usize,
    keyword: &'t str,
    name: &'t str,
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    let (mut at, mut above) = (0, None);
    for line in text.split_inclusive('\n') {
        let mut words = line.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let keyword = words.next().unwrap_or_default();
        if DECLARATIONS.contains(&keyword) {
            let name = words.next().unwrap_or_default();
            let start = above.take().unwrap_or(at);
            if let Some(before) = parts.last_mut() {
                before.end = start;
            }
            parts.push(Part { start, head: at, end: text.len(), keyword, name });
        } else if line.starts_with("//") {
            above.get_or_insert(at);
        } else {
            above = None;
        }
        at += line.len();
    }
    parts
}

/// The part and all that its words name, directly or not. What has no name of its own to be known by is always there.
fn reach(text: &str, parts: &[Part<'_>], first: usize) -> FxHashSet<usize> {
    let mut named: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    let mut kept = FxHashSet::from_iter([first]);
    for (at, part) in parts.iter().enumerate() {
        match part.keyword {
            "use" | "environment" => drop(kept.insert(at)),
            "test" => {}
            _ => named.entry(part.name).or_default().push(at),
        }
    }
    let mut open = vec![first];
    while let Some(next) = open.pop() {
        let written = &text[parts[next].start..parts[next].end];
        for word in written.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_') {
            for at in named.get(word).into_iter().flatten() {
                if kept.insert(*at) {
                    open.push(*at);
                }
            }
        }
    }
    kept
}

/// Leaves the head of a part and its last brace; what is one line stays.
fn blank(text: &str, part: &Part<'_>, bytes: &mut [u8]) {
    let written = &text[part.head..part.end];
    let whole = written.trim_end();
    let Some(open) = written.find('{').filter(|_| whole.ends_with("\n}")) else { return };
    let inside = part.head + open + 1..part.head + whole.len() - 1;
    for byte in bytes[inside].iter_mut().filter(|byte| **byte != b'\n') {
        *byte = b' ';
    }
}

#[cfg(test)]
mod tests {
    use super::focus;
    use crate::ide::cursor::Case;
    use crate::ide::hover::hover;

    fn long(marked: &str) -> String {
        let others = (0..400)
            .map(|at| format!("\n/// Other {at}.\npipeline other_{at} {{\n  phase a {{\n    wait 1m\n  }}\n}}\n"));
        format!("{marked}{}", others.collect::<String>())
    }

    const TEXT: &str = "metrics m from prometheus(\"http://a\") {\n  errors: ratio = query(\"x\")\n}\n\nthreshold well {\n  require m.errors < \
                        1%\n}\n\ncomponent unseen() {\n  wait 2m\n}\n\n/// It is.\npipeline p {\n  phase a {\n    gate { require we§ll }\n  }\n}\n";

    #[test]
    fn what_is_named_stays_and_places_do_not_move() {
        let marked = long(TEXT);
        let offset = marked.find('§').expect("a cursor");
        let text = marked.replacen('§', "", 1);
        let left = focus(&text, offset).expect("a long text");
        assert_eq!(left.len(), text.len());
        assert!(
            left.contains("require m.errors < 1%") && left.contains("errors: ratio") && left.contains("gate {"),
            "{left}"
        );
        assert!(left.contains("component unseen() {") && !left.contains("wait 2m") && !left.contains("wait 1m"));
        assert_eq!(left.find("pipeline other_7 {"), text.find("pipeline other_7 {"));
    }

    #[test]
    fn answers_are_those_of_the_whole_text() {
        let marked = long(TEXT);
        let offset = marked.find('§').expect("a cursor");
        let whole = Case::new(&marked);
        let left = focus(&marked.replacen('§', "", 1), offset).expect("a long text");
        let near = Case::new(&format!("{}§{}", &left[..offset], &left[offset..]));
        let said = |case: &Case| hover(&case.known, case.file, case.offset);
        assert!(said(&whole).is_some());
        assert_eq!(said(&near), said(&whole));
    }

    #[test]
    fn short_texts_are_left_alone() {
        assert_eq!(focus("pipeline p { }\n", 3), None);
    }
}
