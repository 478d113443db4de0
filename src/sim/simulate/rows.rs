//! Tables as text: CSV (RFC 4180) and JSON lines, with the place of every cell.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

use crate::base::counted::counted;

/// A cell with its place; lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    pub content: Json,
    pub line: usize,
    pub column: usize,
    /// Where its name stands.
    head: (usize, usize),
}

impl Cell {
    /// The place of the name of its column.
    #[must_use]
    pub fn head(&self) -> Self {
        Self { content: Json::Null, line: self.head.0, column: self.head.1, head: self.head }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub line: usize,
    pub cells: Vec<(String, Cell)>,
}

/// Each line is an object.
///
/// # Errors
/// `LINE:COLUMN: what is wrong`
pub fn json_lines(text: &str) -> Result<Vec<Row>, String> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(number, line)| json_line(number, line)).collect()
}

fn json_line(number: usize, line: &str) -> Result<Row, String> {
    let Fields(fields) = serde_json::from_str(line).map_err(|error| {
        // What it says of its own place is said by ours.
        let words = error.to_string();
        let words = words.split(" at line ").next().unwrap_or_default();
        format!("{number}:{}: this is no JSON object on a line: {words}", error.column().max(1))
    })?;
    let mut cells: Vec<(String, Cell)> = Vec::with_capacity(fields.len());
    for (name, content) in fields {
        let key = Json::String(name.clone()).to_string();
        let column = line.find(&key).map_or(1, |at| line[..at].chars().count() + 1);
        if cells.iter().any(|(other, _)| *other == name) {
            return Err(format!("{number}:{column}: the column `{name}` is there twice"));
        }
        cells.push((name, Cell { content, line: number, column, head: (number, column) }));
    }
    Ok(Row { line: number, cells })
}

/// The fields of an object as they are written: of two with one name none is lost.
struct Fields(Vec<(String, Json)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Fields;

            fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
                text.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

/// The first record names the columns.
///
/// # Errors
/// `LINE:COLUMN: what is wrong`
pub fn csv(text: &str) -> Result<Vec<Row>, String> {
    let mut records = Records { letters: text.chars().peekable(), line: 1, column: 1 };
    let Some(header) = records.next()? else {
        return Err(
            "1:1: the file is empty: a header with `time` and a column for each `group.metric` is wanted".to_owned()
        );
    };
    let names: Vec<String> = header.iter().map(|cell| cell.text.trim().to_owned()).collect();
    if !names.iter().any(|name| name == "time") {
        return Err(format!("{}:1: there is no column `time`; there are `{}`", header[0].line, names.join("`, `")));
    }
    for (place, name) in names.iter().enumerate() {
        let Position { line, column, .. } = header[place];
        if name.is_empty() {
            return Err(format!("{line}:{column}: this column has no name"));
        }
        if names[..place].contains(name) {
            return Err(format!("{line}:{column}: the column `{name}` is there twice"));
        }
    }
    let mut rows = Vec::new();
    while let Some(record) = records.next()? {
        if record.len() != names.len() {
            let (cells, columns, line) = (record.len(), names.len(), record[0].line);
            return Err(format!("{line}:1: this row has {}, and the header {columns}", counted(cells, "cell")));
        }
        let line = record[0].line;
        let cells = names.iter().zip(&header).zip(record).map(|((name, head), Position { text, line, column })| {
            (name.clone(), Cell { content: Json::String(text), line, column, head: (head.line, head.column) })
        });
        rows.push(Row { line, cells: cells.collect() });
    }
    Ok(rows)
}

/// A cell's text and where it begins.
struct Position {
    text: String,
    line: usize,
    column: usize,
}

struct Records<'t> {
    letters: std::iter::Peekable<std::str::Chars<'t>>,
    line: usize,
    column: usize,
}

impl Records<'_> {
    fn letter(&mut self) -> Option<char> {
        let letter = self.letters.next()?;
        if letter == '\n' {
            (self.line, self.column) = (self.line + 1, 1);
        } else {
            self.column += 1;
        }
        Some(letter)
    }

    /// The next record that is no empty line.
    fn next(&mut self) -> Result<Option<Vec<Position>>, String> {
        while self.letters.peek().is_some() {
            let record = self.record()?;
            if record.len() > 1 || !record[0].text.trim().is_empty() {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    fn record(&mut self) -> Result<Vec<Position>, String> {
        let mut record = Vec::new();
        loop {
            let (cell, goes_on) = self.cell()?;
            record.push(cell);
            if !goes_on {
                return Ok(record);
            }
        }
    }

    /// The cell that begins here, and whether another one follows in its row.
    fn cell(&mut self) -> Result<(Position, bool), String> {
        let mut cell = Position { text: String::new(), line: self.line, column: self.column };
        let mut quoted = false;
        while let Some(letter) = self.letter() {
            match letter {
                '"' if quoted && self.letters.peek() == Some(&'"') => {
                    self.letter();
                    cell.text.push('"');
                }
                '"' if quoted => quoted = false,
                '"' if cell.text.trim().is_empty() => {
                    cell.text.clear();
                    quoted = true;
                }
                ',' if !quoted => return Ok((cell, true)),
                '\n' if !quoted => return Ok((cell, false)),
                '\r' if !quoted && self.letters.peek().is_none_or(|next| *next == '\n') => {}
                _ => cell.text.push(letter),
            }
        }
        if quoted { Err(format!("{}:{}: this quote is not closed", cell.line, cell.column)) } else { Ok((cell, false)) }
    }
}
