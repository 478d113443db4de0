//! CSV with a header, as RFC 4180 writes it, for steps that read figures.

use crate::base::counted::counted;
use crate::base::time::Timestamp;

/// A table: every row has as many cells as the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads the text of a file; `path` names it in complaints.
    ///
    /// # Errors
    /// When there is no header, or a row has more or fewer cells than it.
    pub fn read(path: &str, text: &str) -> Result<Self, String> {
        let mut lines = records(text.trim_start_matches('\u{feff}')).into_iter();
        let header = lines.next().ok_or_else(|| format!("`{path}` is empty: CSV with a header is wanted"))?;
        let rows: Vec<Vec<String>> = lines.collect();
        if let Some(at) = rows.iter().position(|row| row.len() != header.len()) {
            let (cells, columns) = (rows[at].len(), header.len());
            return Err(format!("row {} of `{path}` has {}, and the header {columns}", at + 2, counted(cells, "cell")));
        }
        Ok(Self { header: header.iter().map(|name| name.trim().to_owned()).collect(), rows })
    }

    /// The cells of a column.
    ///
    /// # Errors
    /// When there is no such column, or more than one.
    pub fn column(&self, path: &str, name: &str) -> Result<impl Iterator<Item = &str>, String> {
        if self.header.iter().filter(|column| *column == name).count() > 1 {
            return Err(format!("`{path}` has the column `{name}` twice"));
        }
        let found = self.header.iter().position(|column| column == name);
        let index = found.ok_or_else(|| {
            format!("`{path}` has no column `{name}`; its columns are `{}`", self.header.join("`, `"))
        })?;
        Ok(self.rows.iter().map(move |row| row[index].trim()))
    }

    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.header.iter().any(|column| column == name)
    }

    /// The names of the columns, as in the header.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.header
    }

    /// The points in time of a column: RFC 3339, or seconds since 1970.
    ///
    /// # Errors
    /// When there is no such column or one of its cells is no time.
    pub fn times(&self, path: &str, name: &str) -> Result<Vec<Timestamp>, String> {
        let cells = self.column(path, name)?.enumerate();
        let times = cells.map(|(at, cell)| {
            let time = cell.parse::<jiff::Timestamp>().ok().map(|time| Timestamp(time.as_microsecond()));
            let seconds = || cell.parse::<f64>().ok().filter(|seconds| (0.0..1e11).contains(seconds));
            let time = time.or_else(|| seconds().map(|seconds| Timestamp((seconds * 1e6) as i64)));
            time.ok_or_else(|| {
                format!("row {} of `{path}`: `{cell}` is neither RFC 3339 nor seconds since 1970", at + 2)
            })
        });
        times.collect()
    }

    /// The numbers of a column; an empty cell, `null` and `NaN` are none.
    ///
    /// # Errors
    /// When there is no such column or one of its cells is anything else.
    pub fn numbers_with_gaps(&self, path: &str, name: &str) -> Result<Vec<Option<f64>>, String> {
        let cells = self.column(path, name)?.enumerate();
        let numbers = cells.map(|(at, cell)| match cell.to_ascii_lowercase().as_str() {
            "" | "null" | "nan" => Ok(None),
            text => {
                let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
                let wrong = || format!("row {} of `{path}`: `{cell}` in the column `{name}` is no number", at + 2);
                number.map(Some).ok_or_else(wrong)
            }
        });
        numbers.collect()
    }

    /// The numbers of a column, each finite.
    ///
    /// # Errors
    /// When there is no such column or one of its cells is no finite number.
    pub fn numbers(&self, path: &str, name: &str) -> Result<Vec<f64>, String> {
        let cells = self.column(path, name)?.enumerate();
        let numbers = cells.map(|(at, cell)| {
            let number = cell.parse::<f64>().ok().filter(|number| number.is_finite());
            number.ok_or_else(|| format!("row {} of `{path}`: `{cell}` in the column `{name}` is no number", at + 2))
        });
        numbers.collect()
    }

    /// The numbers of a column, each from 0 to 1.
    ///
    /// # Errors
    /// As [`Self::numbers`], and when one is outside.
    pub fn probabilities(&self, path: &str, name: &str) -> Result<Vec<f64>, String> {
        let numbers = self.numbers(path, name)?;
        match numbers.iter().position(|number| !(0.0..=1.0).contains(number)) {
            Some(at) => Err(format!("row {} of `{path}`: {} is no probability from 0 to 1", at + 2, numbers[at])),
            None => Ok(numbers),
        }
    }
}

/// The records of a text; empty lines are left out.
fn records(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let (mut record, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' if quoted || cell.trim().is_empty() => {
                quoted = !quoted;
            }
            ',' if !quoted => record.push(std::mem::take(&mut cell)),
            '\n' if !quoted => end_record(&mut record, &mut cell, &mut found),
            '\r' if !quoted => {}
            _ => cell.push(letter),
        }
    }
    end_record(&mut record, &mut cell, &mut found);
    found
}

fn end_record(record: &mut Vec<String>, cell: &mut String, found: &mut Vec<Vec<String>>) {
    record.push(std::mem::take(cell));
    let record = std::mem::take(record);
    if record.iter().any(|cell| !cell.is_empty()) {
        found.push(record);
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn columns_are_found_by_name_and_quotes_hold_commas_and_lines() {
        let table = Table::read("t.csv", "\u{feff}query, p\r\n\"a,\n\"\"b\"\"\",0.5\r\n\r\nc,1\r\n").unwrap();
        let queries: Vec<&str> = table.column("t.csv", "query").unwrap().collect();
        assert_eq!(queries, ["a,\n\"b\"", "c"]);
        assert_eq!(table.numbers("t.csv", "p").unwrap(), [0.5, 1.0]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_row() {
        let of = |text: &str| Table::read("t.csv", text).and_then(|table| table.probabilities("t.csv", "p"));
        assert_eq!(of("").unwrap_err(), "`t.csv` is empty: CSV with a header is wanted");
        assert_eq!(of("q,p\na\n").unwrap_err(), "row 2 of `t.csv` has 1 cell, and the header 2");
        assert_eq!(of("q\na\n").unwrap_err(), "`t.csv` has no column `p`; its columns are `q`");
        assert!(of("p\n0.1\nnan\n").unwrap_err().starts_with("row 3 of `t.csv`"));
        assert_eq!(of("p\n1.5\n").unwrap_err(), "row 2 of `t.csv`: 1.5 is no probability from 0 to 1");
    }
}
