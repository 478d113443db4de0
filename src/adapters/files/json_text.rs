//! Changes one member of a JSON object in its text and leaves every other byte as it is: order, spaces and numbers of a
//! file that people keep are not ours to rewrite.
//!
//! Works on text that is known to be valid JSON; on any other it answers `None` and never panics.

use std::ops::Range;

/// An object in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// From `{` to behind `}`.
    span: Range<usize>,
    members: Vec<Member>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Member {
    key: String,
    key_start: usize,
    value: Range<usize>,
}

impl Object {
    /// The object that begins at `start` or after white space there.
    #[must_use]
    pub fn at(text: &str, start: usize) -> Option<Self> {
        let open = skip_space(text, start);
        let mut at = skip_space(text, expect(text, open, b'{')?);
        let mut members = Vec::new();
        while byte(text, at)? != b'}' {
            let key_start = at;
            let key_end = skip_string(text, at)?;
            let key = serde_json::from_str(text.get(key_start..key_end)?).ok()?;
            let value_start = skip_space(text, expect(text, skip_space(text, key_end), b':')?);
            let value_end = skip_value(text, value_start)?;
            members.push(Member { key, key_start, value: value_start..value_end });
            at = skip_space(text, value_end);
            if byte(text, at)? == b',' {
                at = skip_space(text, at + 1);
            }
        }
        Some(Self { span: open..at + 1, members })
    }

    /// Where the value of `key` is. Of several, the last one is what parsers take.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<Range<usize>> {
        self.member(key).map(|(_, member)| member.value.clone())
    }

    /// The text with `key` set to `value`; a new key comes last, laid out like the one before it, or as `depth` levels of
    /// two spaces would have it in an object that was empty.
    #[must_use]
    pub fn with(&self, text: &str, key: &str, value: &serde_json::Value, depth: usize) -> Option<String> {
        let before = self.separator(text, key, depth)?;
        let value = layout(value, &before, depth)?;
        if let Some((_, member)) = self.member(key) {
            return splice(text, member.value.clone(), &value);
        }
        let key = serde_json::to_string(key).ok()?;
        let entry = format!("{before}{key}: {value}");
        match self.members.last() {
            Some(last) => splice(text, last.value.end..last.value.end, &format!(",{entry}")),
            None => {
                let outer = before.rsplit_once('\n').map_or_else(String::new, |(_, indent)| {
                    format!("\n{}", indent.get(indent.len() / depth.max(1)..).unwrap_or_default())
                });
                splice(text, self.span.start + 1..self.span.end - 1, &format!("{entry}{outer}"))
            }
        }
    }

    /// The text with the raw text of a value put at `key`.
    #[must_use]
    pub fn with_raw(&self, text: &str, key: &str, raw: &str, depth: usize) -> Option<String> {
        let placed = self.with(text, key, &serde_json::Value::Null, depth)?;
        let value = Self::at(&placed, self.span.start)?.value(key)?;
        splice(&placed, value, raw)
    }

    /// The text without `key`.
    #[must_use]
    pub fn without(&self, text: &str, key: &str) -> Option<String> {
        let Some((index, member)) = self.member(key) else { return Some(text.to_owned()) };
        let before = index.checked_sub(1).and_then(|index| self.members.get(index));
        let gap = match (before, self.members.get(index + 1)) {
            (Some(before), _) => before.value.end..member.value.end,
            (None, Some(after)) => member.key_start..after.key_start,
            (None, None) => self.span.start + 1..self.span.end - 1,
        };
        splice(text, gap, "")
    }

    fn member(&self, key: &str) -> Option<(usize, &Member)> {
        self.members.iter().enumerate().rev().find(|(_, member)| member.key == key)
    }

    /// The white space before a key: as before `key` itself, else before the last one, else what `depth` asks for.
    fn separator(&self, text: &str, key: &str, depth: usize) -> Option<String> {
        let Some(member) = self.member(key).map(|(_, member)| member).or(self.members.last()) else {
            return Some(format!("\n{}", "  ".repeat(depth)));
        };
        let head = text.get(..member.key_start)?;
        let space = head.len() - head.trim_end_matches([' ', '\t', '\r', '\n']).len();
        head.get(head.len() - space..).map(str::to_owned)
    }
}

/// `value` as text, on one line when keys around it are, else indented as they are.
fn layout(value: &serde_json::Value, before: &str, depth: usize) -> Option<String> {
    let Some((_, indent)) = before.rsplit_once('\n') else { return serde_json::to_string(value).ok() };
    let unit = indent.get(..indent.len() / depth.max(1)).filter(|unit| !unit.is_empty()).unwrap_or("  ");
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(unit.as_bytes());
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    serde::Serialize::serialize(value, &mut serializer).ok()?;
    let newline = if before.contains('\r') { "\r\n" } else { "\n" };
    Some(String::from_utf8(bytes).ok()?.replace('\n', &format!("{newline}{indent}")))
}

fn splice(text: &str, range: Range<usize>, with: &str) -> Option<String> {
    Some([text.get(..range.start)?, with, text.get(range.end..)?].concat())
}

fn byte(text: &str, at: usize) -> Option<u8> {
    text.as_bytes().get(at).copied()
}

fn expect(text: &str, at: usize, wanted: u8) -> Option<usize> {
    (byte(text, at)? == wanted).then_some(at + 1)
}

fn skip_space(text: &str, mut at: usize) -> usize {
    while matches!(byte(text, at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
        at += 1;
    }
    at
}

fn skip_string(text: &str, at: usize) -> Option<usize> {
    let mut at = expect(text, at, b'"')?;
    loop {
        match byte(text, at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

fn skip_value(text: &str, start: usize) -> Option<usize> {
    let mut at = start;
    let mut depth = 0_usize;
    loop {
        match byte(text, at) {
            Some(b'"') => at = skip_string(text, at)?,
            Some(b'{' | b'[') => (at, depth) = (at + 1, depth + 1),
            Some(b'}' | b']') if depth > 0 => (at, depth) = (at + 1, depth - 1),
            Some(b'}' | b']' | b',' | b' ' | b'\t' | b'\r' | b'\n') | None if depth == 0 => {
                return (at > start).then_some(at);
            }
            Some(_) => {
                at += 1;
                continue;
            }
            None => return None,
        }
        if depth == 0 && at > start && matches!(byte(text, at - 1), Some(b'"' | b'}' | b']')) {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy, any, prop_oneof};
    use serde_json::{Value, json};

    use super::Object;

    const FILE: &str =
        "{\n  \"$schema\": \"x\",\n  \"a\": { \"n\": 1.0, \"big\": 123456789012345678901 },\n  \"b\":[ 1,2 ]\n}\n";

    fn with(text: &str, key: &str, value: &Value) -> String {
        Object::at(text, 0).unwrap().with(text, key, value, 1).unwrap()
    }

    fn without(text: &str, key: &str) -> String {
        Object::at(text, 0).unwrap().without(text, key).unwrap()
    }

    #[test]
    fn a_new_member_comes_last_and_the_rest_keeps_every_byte() {
        let set = with(FILE, "c", &json!({ "on": true }));
        let expected = FILE.replace("[ 1,2 ]\n", "[ 1,2 ],\n  \"c\": {\n    \"on\": true\n  }\n");
        assert_eq!(set, expected);
        assert_eq!(without(&set, "c"), FILE);
    }

    #[test]
    fn a_member_is_changed_in_its_place() {
        assert_eq!(with(FILE, "b", &json!(7)), FILE.replace("[ 1,2 ]", "7"));
        assert_eq!(with("{\"a\":1,\"b\":2}", "a", &json!({ "x": [1] })), "{\"a\":{\"x\":[1]},\"b\":2}");
    }

    #[test]
    fn first_middle_last_and_only_members_can_go() {
        let text = "{ \"a\": 1, \"b\": \"}\\\"\", \"c\": [{}] }";
        assert_eq!(without(text, "a"), "{ \"b\": \"}\\\"\", \"c\": [{}] }");
        assert_eq!(without(text, "b"), "{ \"a\": 1, \"c\": [{}] }");
        assert_eq!(without(text, "c"), "{ \"a\": 1, \"b\": \"}\\\"\" }");
        assert_eq!(without("{ \"a\": 1 }", "a"), "{}");
        assert_eq!(without(text, "d"), text);
    }

    #[test]
    fn an_empty_object_is_laid_out_by_its_depth() {
        assert_eq!(with("{}", "a", &json!(1)), "{\n  \"a\": 1\n}");
        let text = "{\n  \"flags\": {}\n}";
        let flags = Object::at(text, Object::at(text, 0).unwrap().value("flags").unwrap().start).unwrap();
        let set = flags.with(text, "f", &json!({ "k": "v" }), 2).unwrap();
        assert_eq!(set, "{\n  \"flags\": {\n    \"f\": {\n      \"k\": \"v\"\n    }\n  }\n}");
    }

    #[test]
    fn raw_text_is_put_back_as_it_was() {
        let object = Object::at(FILE, 0).unwrap();
        let raw = &FILE[object.value("a").unwrap()];
        let changed = with(FILE, "a", &json!(null));
        assert_eq!(Object::at(&changed, 0).unwrap().with_raw(&changed, "a", raw, 1).unwrap(), FILE);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec((".{0,4}", inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest::proptest! {
        #[test]
        fn the_text_says_what_the_change_says(
            members in proptest::collection::vec((".{0,4}", any_json()), 0..5), key in ".{0,4}", value in any_json(),
            pretty in any::<bool>(),
        ) {
            let object = Value::Object(members.into_iter().collect());
            let text = if pretty { serde_json::to_string_pretty(&object) } else { serde_json::to_string(&object) }.unwrap();
            let set = with(&text, &key, &value);
            let mut expected = object.clone();
            expected[key.as_str()] = value;
            proptest::prop_assert_eq!(&serde_json::from_str::<Value>(&set).unwrap(), &expected);
            let removed: Value = serde_json::from_str(&without(&set, &key)).unwrap();
            expected.as_object_mut().unwrap().shift_remove(&key);
            proptest::prop_assert_eq!(removed, expected);
        }

        #[test]
        fn what_is_no_json_is_refused_without_a_panic(text in "[{}\\[\\]\",: a1\\\\é]{0,30}", at in 0_usize..40) {
            if let Some(object) = Object::at(&text, at) {
                let _ = object.with(&text, "k", &json!({ "a": [1] }), 2);
                let _ = object.without(&text, "a");
            }
        }
    }
}
