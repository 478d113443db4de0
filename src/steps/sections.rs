//! What a report is made of, whatever it is written as: headings, tables, lists.

use serde_json::{Map, Value as Json};

/// Below this depth values are written as JSON.
const DEEPEST: usize = 4;

#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// With its level from 2.
    Heading(usize, String),
    Table {
        header: Vec<String>,
        rows: Vec<Vec<String>>,
    },
    List(Vec<String>),
    Line(String),
}

/// The parts of some data, from the top down.
#[must_use]
pub fn parts_of(data: &Json) -> Vec<Part> {
    let mut parts = Vec::new();
    add(data, 2, &mut parts);
    parts
}

/// Rows of a table: each record of a list, or one record. None when it is neither.
#[must_use]
pub fn rows_of(data: &Json) -> Option<(Vec<String>, Vec<Vec<String>>)> {
    let records: Vec<&Map<String, Json>> = match data {
        Json::Object(record) => vec![record],
        Json::Array(items) => items.iter().map(Json::as_object).collect::<Option<_>>()?,
        _ => return None,
    };
    let mut header: Vec<String> = Vec::new();
    for name in records.iter().flat_map(|record| record.keys()) {
        if !header.contains(name) {
            header.push(name.clone());
        }
    }
    let row = |record: &&Map<String, Json>| {
        header.iter().map(|name| record.get(name).map_or_else(String::new, cell)).collect()
    };
    let rows = records.iter().map(row).collect();
    Some((header, rows))
}

/// A value in a cell: text as it is, what is nested as JSON.
fn cell(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn add(data: &Json, level: usize, parts: &mut Vec<Part>) {
    match data {
        Json::Object(record) if level <= DEEPEST + 1 => add_record(record, level, parts),
        Json::Array(items) if items.is_empty() => parts.push(Part::Line("none".to_owned())),
        Json::Array(items) => match rows_of(data) {
            Some((header, rows)) => parts.push(Part::Table { header, rows }),
            None => parts.push(Part::List(items.iter().map(cell).collect())),
        },
        other => parts.push(Part::Line(cell(other))),
    }
}

/// Plain fields in a table, each nested one under a heading of its own.
fn add_record(record: &Map<String, Json>, level: usize, parts: &mut Vec<Part>) {
    let is_nested = |value: &Json| value.is_object() || value.is_array();
    let plain: Vec<Vec<String>> = record
        .iter()
        .filter(|(_, value)| !is_nested(value))
        .map(|(name, value)| vec![name.clone(), cell(value)])
        .collect();
    if !plain.is_empty() {
        parts.push(Part::Table { header: vec!["field".to_owned(), "value".to_owned()], rows: plain });
    }
    for (name, value) in record.iter().filter(|(_, value)| is_nested(value)) {
        parts.push(Part::Heading(level, name.clone()));
        add(value, level + 1, parts);
    }
}
