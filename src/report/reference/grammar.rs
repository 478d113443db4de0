//! The grammar as people read it, from the grammar that the program is built with: what serves recovery (`missing_…`,
//! `bad_…`, look-aheads) is left out.

use std::fmt::Write as _;

use super::capital;

const GRAMMAR: &str = include_str!("../../../grammar/phasegate.pest");

/// Sections that are about characters and about what is wrong, not about the language.
const LEFT_OUT: [&str; 4] = ["tokens", "what is not there", "what fits nothing", "keywords"];

pub(super) fn text() -> String {
    let mut text = String::from(
        "`x?` may be left out, `x*` may stand any number of times, `x+` at least once, `x | y` is one or the other; words in quotes \
         are written as they are. White space and comments may stand between any two words. `ident` is a word that begins \
         with a letter or `_`, `number` any number with its unit, `string` a text of any kind, `bool` is `true` or `false`.\n",
    );
    let mut kept = false;
    for line in joined_rules() {
        if let Some(title) = section(&line) {
            kept = !LEFT_OUT.contains(&title);
            if kept {
                let _ = write!(text, "\n## {}\n\n", capital(title));
            }
        } else if kept && let Some((name, body)) = rule(&line) {
            let read = || Reader { text: body, at: 0 }.alternatives().map(|body| body.text);
            if let Some(body) = by_hand(name).map(str::to_owned).or_else(read) {
                let _ = writeln!(text, "    {name} = {body}");
            }
        }
    }
    text
}

/// Each rule on one line, section heads between them.
fn joined_rules() -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut open = false;
    for line in GRAMMAR.lines().filter(|line| !line.trim().is_empty()) {
        if line.starts_with("// ----") {
            lines.push(line.to_owned());
        } else if line.starts_with("//") {
            continue;
        } else if open {
            if let Some(last) = lines.last_mut() {
                last.push(' ');
                last.push_str(line.trim());
            }
        } else {
            lines.push(line.to_owned());
        }
        let balance = |text: &String| text.matches('{').count() > text.matches('}').count();
        open = !line.starts_with("//") && !line.trim_end().ends_with('}') && lines.last().is_some_and(balance);
    }
    lines
}

fn section(line: &str) -> Option<&str> {
    line.strip_prefix("// ----").map(|rest| rest.trim_matches(['-', ' ']))
}

/// A word that is a keyword only where it stands.
const WORD: &str = "word_";

/// Name and body of a rule that is about the language.
fn rule(line: &str) -> Option<(&str, &str)> {
    let (name, body) = line.split_once('=')?;
    let name = name.trim();
    let body = body.trim().trim_start_matches(['_', '@', '$', '!']).strip_prefix('{')?.strip_suffix('}')?;
    let is_told = !is_recovery(name) && !name.starts_with(WORD) && named(name) == name;
    is_told.then_some((name, body))
}

/// Rules over kinds of tokens, which the grammar knows by their numbers.
fn by_hand(name: &str) -> Option<&'static str> {
    Some(match name {
        "prefix" => r#""not" | "-""#,
        "operator" => {
            r#""or" | "and" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not" "in" | "??" | ".." | "+-" | "+" | "-" | "*" | "/""#
        }
        _ => return None,
    })
}

fn is_recovery(name: &str) -> bool {
    const PREFIXES: [&str; 6] = ["missing_", "bad_", "junk", "wrong_", "stray_", "hole"];
    const NAMES: [&str; 12] = [
        "mark",
        "item_mark",
        "gap",
        "apart",
        "plain_file",
        "ahead",
        "misplaced",
        "condition_word",
        "step_word",
        "operator_word",
        "SOI",
        "EOI",
    ];
    // `missing ok` is of the language.
    name != "missing_clause" && (PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || NAMES.contains(&name))
}

/// A part of a rule, and how tightly its operators bind.
struct Part {
    text: String,
    level: Level,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Choice,
    Sequence,
    Single,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, sign: char) -> bool {
        self.at += self.rest().len() - self.rest().trim_start().len();
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len_utf8();
        }
        found
    }

    /// None when nothing of it is about the language.
    fn alternatives(&mut self) -> Option<Part> {
        let mut parts: Vec<Part> = Vec::new();
        loop {
            // What serves recovery is left out of the choice.
            parts.extend(self.sequence().filter(|part| !parts.iter().any(|known| known.text == part.text)));
            if !self.take('|') {
                break;
            }
        }
        join(parts, " | ", Level::Choice)
    }

    fn sequence(&mut self) -> Option<Part> {
        let mut parts = Vec::new();
        loop {
            parts.extend(self.repeated());
            if !self.take('~') {
                break;
            }
        }
        join(parts, " ", Level::Sequence)
    }

    fn repeated(&mut self) -> Option<Part> {
        let is_look_ahead = self.take('&') || self.take('!');
        let mut part = self.single();
        loop {
            let sign = ['?', '*', '+'].into_iter().find(|sign| self.rest().starts_with(*sign));
            if let Some(sign) = sign {
                self.at += 1;
                part = part.map(|part| Part { text: format!("{}{sign}", closed(part)), level: Level::Single });
            } else if self.rest().starts_with('{') {
                self.at += self.rest().find('}').map_or(self.rest().len(), |end| end + 1);
            } else {
                return if is_look_ahead { None } else { part };
            }
        }
    }

    fn single(&mut self) -> Option<Part> {
        if self.take('(') {
            let inner = self.alternatives();
            self.take(')');
            return inner;
        }
        let text = self.rest().to_owned();
        if let Some(quote) = text.chars().next().filter(|first| matches!(first, '"' | '\'')) {
            let inner = text.get(1..).unwrap_or_default();
            let mut escaped = false;
            let ends = |letter: char| {
                let ends = letter == quote && !escaped;
                escaped = letter == '\\' && !escaped;
                ends
            };
            let length = inner.find(ends).unwrap_or(inner.len());
            self.at += length + 2;
            let literal = inner.get(..length).unwrap_or_default();
            if self.rest().starts_with("..") {
                self.at += 2;
                let _ = self.single();
                return Some(Part { text: "…".to_owned(), level: Level::Single });
            }
            let is_sign = !literal.is_empty() && !literal.starts_with('\\');
            return is_sign.then(|| Part { text: format!("\"{}\"", sign_of(literal)), level: Level::Single });
        }
        let length = text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(text.len());
        self.at += length.max(1).min(text.len());
        let name = text.get(..length).unwrap_or_default();
        if name.is_empty() || is_recovery(name) {
            return None;
        }
        Some(Part { text: named(name), level: Level::Single })
    }
}

fn named(name: &str) -> String {
    let keyword = name.strip_prefix("kw_").or_else(|| name.strip_prefix(WORD));
    match (keyword, name) {
        (Some(keyword), _) => format!("\"{keyword}\""),
        (None, "equals") => "\"=\"".to_owned(),
        (None, "minus") => "\"-\"".to_owned(),
        (None, "open_angle") => "\"<\"".to_owned(),
        (None, "close_angle") => "\">\"".to_owned(),
        (None, "expr_or" | "head_expr") => "expr".to_owned(),
        (None, "type_or") => "type_expr".to_owned(),
        (None, "path_or") => "path".to_owned(),
        (None, "word" | "name" | "variable") => "ident".to_owned(),
        (None, name) => name.to_owned(),
    }
}

/// Signs of several letters are one character to the grammar.
fn sign_of(literal: &str) -> &str {
    match literal {
        "→" => "->",
        other => other,
    }
}

fn closed(part: Part) -> String {
    if part.level == Level::Single { part.text } else { format!("( {} )", part.text) }
}

fn join(mut parts: Vec<Part>, between: &str, level: Level) -> Option<Part> {
    if parts.len() < 2 {
        return parts.pop();
    }
    let inner = parts.into_iter().map(|part| if part.level < level { closed(part) } else { part.text });
    Some(Part { text: inner.collect::<Vec<_>>().join(between), level })
}
