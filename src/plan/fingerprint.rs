//! The fingerprint of a plan: a hash over everything it was made from, and what differs between two of them.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

use super::program::Inputs;

/// SHA-256 in lower-case hexadecimal.
#[must_use]
pub fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256 over the canonical JSON (names sorted, no white space) of what the plan was made from.
#[must_use]
pub fn fingerprint(inputs: &Inputs) -> String {
    // Inputs hold texts and exact numbers only, so they always have a JSON form.
    let json = serde_json::to_value(inputs).map(canonical).unwrap_or(Json::Null);
    hash(json.to_string().as_bytes())
}

fn canonical(json: Json) -> Json {
    match json {
        Json::Object(fields) => {
            let mut sorted: Vec<(String, Json)> =
                fields.into_iter().map(|(name, value)| (name, canonical(value))).collect();
            sorted.sort_by(|left, right| left.0.cmp(&right.0));
            Json::Object(sorted.into_iter().collect::<Map<_, _>>())
        }
        Json::Array(items) => items.into_iter().map(canonical).collect(),
        other => other,
    }
}

/// What changed since a plan was saved, one clause for each input; empty when nothing did.
#[must_use]
pub fn compare(saved: &Inputs, now: &Inputs) -> Vec<String> {
    let mut changes = Vec::new();
    differences("program file", &saved.program, &now.program, &mut changes);
    if saved.environment != now.environment {
        let name =
            |environment: &Option<String>| environment.as_ref().map_or("none".to_owned(), |it| format!("`{it}`"));
        changes.push(format!("the environment was {} and is {}", name(&saved.environment), name(&now.environment)));
    }
    differences("parameter", &saved.params, &now.params, &mut changes);
    differences("file", &saved.files, &now.files, &mut changes);
    differences("environment variable", &saved.variables, &now.variables, &mut changes);
    changes
}

fn differences<T: PartialEq>(
    kind: &str,
    saved: &IndexMap<String, T>,
    now: &IndexMap<String, T>,
    changes: &mut Vec<String>,
) {
    for (name, value) in saved {
        match now.get(name) {
            Some(other) if other == value => {}
            Some(_) => changes.push(format!("{kind} `{name}` changed")),
            None => changes.push(format!("{kind} `{name}` is no longer used")),
        }
    }
    let added = now.keys().filter(|name| !saved.contains_key(*name));
    changes.extend(added.map(|name| format!("{kind} `{name}` is new")));
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;

    use super::{compare, fingerprint};
    use crate::contract::value::Value;
    use crate::plan::program::Inputs;

    fn inputs(program: &[(&str, &str)], params: &[(&str, i64)]) -> Inputs {
        Inputs {
            program: program.iter().map(|(name, hash)| ((*name).to_owned(), (*hash).to_owned())).collect(),
            environment: Some("staging".to_owned()),
            params: params.iter().map(|(name, value)| ((*name).to_owned(), Value::int(*value))).collect(),
            files: IndexMap::new(),
            variables: IndexMap::new(),
        }
    }

    #[test]
    fn the_same_inputs_have_one_fingerprint_in_any_order() {
        let one = inputs(&[("a", "1"), ("b", "2")], &[("x", 1), ("y", 2)]);
        let other = inputs(&[("b", "2"), ("a", "1")], &[("y", 2), ("x", 1)]);
        assert_eq!(fingerprint(&one), fingerprint(&other));
        assert_eq!(fingerprint(&one).len(), 64);
        assert_eq!(compare(&one, &other), Vec::<String>::new());
    }

    #[test]
    fn every_input_counts_and_is_named() {
        let saved = inputs(&[("a", "1"), ("gone", "1")], &[("x", 1)]);
        let mut now = inputs(&[("a", "2"), ("new", "1")], &[("x", 2)]);
        now.environment = Some("production".to_owned());
        now.files.insert("baseline.json".to_owned(), "1".to_owned());
        now.variables.insert("REGION".to_owned(), "1".to_owned());
        assert_ne!(fingerprint(&saved), fingerprint(&now));
        assert_eq!(
            compare(&saved, &now),
            [
                "program file `a` changed",
                "program file `gone` is no longer used",
                "program file `new` is new",
                "the environment was `staging` and is `production`",
                "parameter `x` changed",
                "file `baseline.json` is new",
                "environment variable `REGION` is new",
            ]
        );
    }
}
