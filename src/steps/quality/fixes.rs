//! Structural corrections of a document.

use serde::Deserialize;
use serde_json::{Map, Value as Json};
use serde_json_path::JsonPath;

use super::super::protocol::argument;
use crate::contract::registry::Args;

/// One entry of `fixes`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Fix {
    pub title: String,
    at: String,
    copy: Option<String>,
    value: Option<Json>,
    only_missing: Option<bool>,
}

/// One place of a document, as `$.name.name[0]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Place(Vec<Segment>);

impl Place {
    /// # Errors
    /// When the path may say several places, or none.
    pub fn parse(path: &str) -> Result<Self, String> {
        segments(path).map(Self)
    }

    /// Puts a value there; None removes what is there.
    pub fn set(&self, document: &mut Json, value: Option<Json>) {
        match (value, self.0.split_last()) {
            (Some(value), _) => {
                put(document, &self.0, value);
            }
            (None, Some((last, way))) => match (lookup_mut(document, way), last) {
                (Some(Json::Object(fields)), Segment::Name(name)) => {
                    fields.shift_remove(name);
                }
                (Some(Json::Array(items)), Segment::Index(index)) if *index < items.len() => {
                    items.remove(*index);
                }
                _ => {}
            },
            (None, None) => {}
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Segment {
    Name(String),
    Index(usize),
}

/// The fixes of a call, each of which can be applied.
pub fn fixes(args: &Args) -> Result<Vec<Fix>, String> {
    let fixes: Vec<Fix> = serde_json::from_value(argument(args, "fixes")?.to_json())
        .map_err(|error| format!("the argument `fixes` cannot be read: {error}"))?;
    for fix in &fixes {
        segments(&fix.at)?;
        match (&fix.copy, &fix.value) {
            (Some(path), None) => {
                JsonPath::parse(path).map_err(|error| format!("`{path}` is no JSONPath: {}", error.message()))?;
            }
            (None, Some(_)) => {}
            _ => return Err(format!("the fix \"{}\" needs `copy` or `value`, and not both", fix.title)),
        }
    }
    Ok(fixes)
}

impl Fix {
    /// Corrects the document; whether it is another one now.
    pub fn apply(&self, document: &mut Json) -> bool {
        let wanted = match (&self.copy, &self.value) {
            (Some(path), _) => {
                JsonPath::parse(path).ok().and_then(|path| path.query(document).exactly_one().ok().cloned())
            }
            (None, value) => value.clone(),
        };
        let (Some(wanted), Ok(segments)) = (wanted, segments(&self.at)) else { return false };
        let there = lookup(document, &segments);
        let is_right = match there {
            Some(there) if self.only_missing == Some(true) => !there.is_null() || wanted.is_null(),
            Some(there) => *there == wanted,
            None => false,
        };
        !is_right && put(document, &segments, wanted)
    }
}

/// `$.output.schema['id'][0]`: names and positions, so that it says one place.
fn segments(path: &str) -> Result<Vec<Segment>, String> {
    let no_place = || format!("`{path}` is not one place: `$.name.name[0]` is wanted");
    let mut rest = path.trim().strip_prefix('$').ok_or_else(no_place)?;
    let mut found = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let name = &after[..end];
            if name.is_empty() || name.contains(['*', ' ', '?', '@']) {
                return Err(no_place());
            }
            found.push(Segment::Name(name.to_owned()));
            rest = &after[end..];
        } else {
            let (inside, after) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).ok_or_else(no_place)?;
            let quoted = inside
                .strip_prefix('\'')
                .and_then(|it| it.strip_suffix('\''))
                .or_else(|| inside.strip_prefix('"').and_then(|it| it.strip_suffix('"')));
            found.push(match quoted {
                Some(name) => Segment::Name(name.to_owned()),
                None => Segment::Index(inside.parse().map_err(|_| no_place())?),
            });
            rest = after;
        }
    }
    if found.is_empty() { Err(no_place()) } else { Ok(found) }
}

fn lookup<'d>(document: &'d Json, segments: &[Segment]) -> Option<&'d Json> {
    segments.iter().try_fold(document, |place, segment| match segment {
        Segment::Name(name) => place.get(name),
        Segment::Index(index) => place.get(index),
    })
}

fn lookup_mut<'d>(document: &'d mut Json, segments: &[Segment]) -> Option<&'d mut Json> {
    segments.iter().try_fold(document, |place, segment| match segment {
        Segment::Name(name) => place.get_mut(name),
        Segment::Index(index) => place.get_mut(index),
    })
}

/// Objects that are missing on the way are made; lists are not made longer. False when the way is blocked.
fn put(document: &mut Json, segments: &[Segment], value: Json) -> bool {
    let mut place = document;
    for segment in segments {
        let next = match segment {
            Segment::Name(name) => {
                if place.is_null() {
                    *place = Json::Object(Map::new());
                }
                place.as_object_mut().map(|record| record.entry(name).or_insert(Json::Null))
            }
            Segment::Index(index) => place.as_array_mut().and_then(|list| list.get_mut(*index)),
        };
        match next {
            Some(next) => place = next,
            None => return false,
        }
    }
    *place = value;
    true
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{Fix, segments};

    fn fix(at: &str, copy: Option<&str>, value: Option<Json>, only_missing: bool) -> Fix {
        Fix {
            title: "t".to_owned(),
            at: at.to_owned(),
            copy: copy.map(str::to_owned),
            value,
            only_missing: Some(only_missing),
        }
    }

    #[test]
    fn a_value_is_copied_from_another_place_and_what_is_right_is_left() {
        let mut document = json!({ "identity": { "id": "a" }, "output": { "schema": { "id": "b" } } });
        let copy = fix("$.output.schema.id", Some("$.identity.id"), None, false);
        assert!(copy.apply(&mut document));
        assert_eq!(document["output"]["schema"]["id"], "a");
        assert!(!copy.apply(&mut document));
    }

    #[test]
    fn what_is_missing_is_made_and_what_is_there_kept() {
        let mut document = json!({ "list": [{}] });
        assert!(fix("$.a['b c'].d", None, Some(json!(1)), true).apply(&mut document));
        assert!(fix("$.list[0].x", None, Some(json!(2)), true).apply(&mut document));
        assert_eq!(document, json!({ "list": [{ "x": 2 }], "a": { "b c": { "d": 1 } } }));
        assert!(!fix("$.list[0].x", None, Some(json!(3)), true).apply(&mut document));
        assert!(!fix("$.list[4].x", None, Some(json!(3)), false).apply(&mut document));
        assert!(!fix("$.other", Some("$.nothing"), None, false).apply(&mut document));
    }

    #[test]
    fn a_path_that_may_say_several_places_is_none() {
        for path in ["$", "$..a", "$.a[*]", "a.b", "$.a[?@.x]", "$.a["] {
            assert!(segments(path).is_err(), "{path}");
        }
    }
}
