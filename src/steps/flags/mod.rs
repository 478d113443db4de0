//! Steps that switch features in a flagd file; their undo puts the flag back as it was.

pub mod set;
pub mod unset;

use indexmap::IndexMap;

use super::protocol::{Attempt, answer, forward_act, in_turn, pass, text, undo_with};
use crate::contract::effect::{Act, Effect, History, Reaction};
use crate::contract::registry::Args;
use crate::contract::value::Value;

fn change(args: &Args, history: &History, settings: Option<IndexMap<String, String>>) -> Attempt {
    let (file, feature) = (text(args, "file")?, text(args, "feature")?);
    let effect = Effect::SetFlag { file, feature, settings, slot: history.key.clone() };
    in_turn(history, [effect], |answer| {
        let previous = settings_in_force(answer.get("previous").unwrap_or(&serde_json::Value::Null));
        Ok(pass(Value::Record([("previous".to_owned(), previous)].into())))
    })
}

fn restore(history: &History) -> Reaction {
    let set = |act: &Act| match &act.effect {
        Effect::SetFlag { file, feature, slot, .. } => Some(Effect::RestoreFlag {
            file: file.clone(),
            feature: feature.clone(),
            slot: slot.clone(),
            previous: answer(act).and_then(|answer| answer.get("previous")).cloned(),
        }),
        _ => None,
    };
    undo_with(history, forward_act(history, set))
}

/// The settings a flag was switched on with, as texts; null when it was absent, disabled or off.
fn settings_in_force(flag: &serde_json::Value) -> Value {
    let enabled = flag.get("state").and_then(serde_json::Value::as_str) == Some("ENABLED");
    let variant = flag.get("defaultVariant").and_then(serde_json::Value::as_str).filter(|name| *name != "off");
    let value = variant.filter(|_| enabled).and_then(|name| flag.get("variants")?.get(name));
    let as_text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => Value::text(text.as_str()),
        other => Value::text(other.to_string()),
    };
    match value {
        None | Some(serde_json::Value::Bool(false) | serde_json::Value::Null) => Value::Null,
        Some(serde_json::Value::Bool(true)) => Value::Record(IndexMap::new()),
        Some(serde_json::Value::Object(settings)) => {
            Value::Record(settings.iter().map(|(name, value)| (name.clone(), as_text(value))).collect())
        }
        Some(scalar) => Value::Record([("value".to_owned(), as_text(scalar))].into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Value, settings_in_force};

    #[test]
    fn the_settings_of_the_variant_in_force_are_what_was_before() {
        let flag = |state: &str, variant: &str| {
            json!({
                "state": state, "defaultVariant": variant,
                "variants": { "on": { "k": "5", "n": 3 }, "off": {}, "plain": true, "no": false, "name": "x" },
            })
        };
        let record = |fields: &[(&str, &str)]| {
            Value::Record(fields.iter().map(|(name, text)| ((*name).to_owned(), Value::text(*text))).collect())
        };
        let table = [
            (flag("ENABLED", "on"), record(&[("k", "5"), ("n", "3")])),
            (flag("ENABLED", "plain"), record(&[])),
            (flag("ENABLED", "name"), record(&[("value", "x")])),
            (flag("DISABLED", "on"), Value::Null),
            (flag("ENABLED", "off"), Value::Null),
            (flag("ENABLED", "no"), Value::Null),
            (flag("ENABLED", "gone"), Value::Null),
            (json!(null), Value::Null),
            (json!("not a flag"), Value::Null),
        ];
        for (flag, expected) in table {
            assert_eq!(settings_in_force(&flag), expected, "{flag}");
        }
    }
}
