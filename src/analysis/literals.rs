//! Text that has to be something: versions, URLs, regular expressions, cron lines, points in time (PG206).

use croner::parser::{CronParser, Seconds, Year};

use crate::base::diagnostic::{Code, Diagnostic};
use crate::contract::types::Type;
use crate::contract::value::Value;
use crate::contract::version;
use crate::model::expr::{Expr, ExprKind};

use super::checker::Checker;

impl Checker<'_> {
    /// Reports text that is no value of the type it is needed as.
    pub fn check_literal(&mut self, found: &Expr, expected: &Type) {
        if self.is_muted() {
            return;
        }
        match &*found.kind {
            ExprKind::Literal(Value::Text(text)) => {
                if let Some(reason) = self.invalid(expected, text) {
                    self.report_literal(found, expected.to_string().as_str(), text, &reason);
                }
            }
            ExprKind::List(items) => {
                if let Type::List(element) = expected {
                    for item in items {
                        self.check_literal(item, element.plain());
                    }
                }
            }
            _ => {}
        }
    }

    fn invalid(&mut self, expected: &Type, text: &str) -> Option<String> {
        if *expected != Type::Cron {
            return invalid(expected, text);
        }
        // The same few are written again and again, and each takes as long to read as a page of text.
        if let Some(known) = self.crons.get(text) {
            return known.clone();
        }
        let found = invalid(expected, text);
        self.crons.insert(text.to_owned(), found.clone());
        found
    }

    /// `time("…")`
    pub fn check_call_literal(&mut self, function: &str, call: &Expr) {
        let ExprKind::Call(_, args) = &*call.kind else { return };
        if function == "time"
            && let Some((_, arg)) = args.first()
            && let Some(Value::Text(text)) = arg.as_literal()
            && let Err(error) = text.parse::<jiff::Timestamp>()
        {
            let reason = format!("{error}; write it like `2025-01-06T10:00:00Z`");
            self.report_literal(arg, "time", text, &reason);
        }
    }

    pub fn report_literal(&mut self, at: &Expr, ty: &str, text: &str, reason: &str) {
        let message = format!("`{}` is no valid {ty}", shortened(text));
        self.report(Diagnostic::new(Code::PG206, at.at, message).help(reason));
    }
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Why the text is no value of this type of text.
pub fn invalid(ty: &Type, text: &str) -> Option<String> {
    match ty {
        Type::Version => version::invalid(text).map(str::to_owned),
        Type::Url => match url::Url::parse(text) {
            Ok(_) => None,
            Err(error) => Some(format!("{error}; a URL begins with its scheme, like `https://example.com`")),
        },
        Type::Regex => regex::Regex::new(text).err().map(|error| first_useful_line(&error.to_string())),
        Type::Cron => invalid_cron(text),
        _ => None,
    }
}

fn first_useful_line(message: &str) -> String {
    message.lines().rev().find(|line| line.starts_with("error")).unwrap_or(message).to_owned()
}

/// Five fields: minute, hour, day of the month, month, day of the week.
fn invalid_cron(text: &str) -> Option<String> {
    const FIELDS: usize = 5;
    let found = text.split_whitespace().count();
    if found != FIELDS {
        return Some(format!("five fields are needed (minute hour day month weekday), found {found}"));
    }
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    if parser.parse(text).is_ok() {
        return never_comes(text);
    }
    // The parser does not say which field it stumbled over: each is tried by itself.
    let fields = text.split_whitespace().zip(CRON_FIELDS).enumerate();
    let wrong = fields.map(|(place, (field, name))| (place, field, name)).find(|(place, field, _)| {
        let alone: Vec<&str> = (0..FIELDS).map(|other| if other == *place { field } else { "*" }).collect();
        parser.parse(&alone.join(" ")).is_err()
    });
    Some(match wrong {
        Some((_, field, (name, range))) => format!("`{field}` is no {name}: {range}, alone or as `a-b`, `a,b`, `*/n`"),
        None => "write it like `0 2 * * *`: at two every night".to_owned(),
    })
}

/// What each field of a cron line is called, and what may stand in it.
const CRON_FIELDS: [(&str, &str); 5] = [
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of the month", "1 to 31"),
    ("month", "1 to 12 or `jan` to `dec`"),
    ("day of the week", "0 to 7 or `sun` to `sat`"),
];

/// A day that none of the months has, with no day of the week beside it.
fn never_comes(text: &str) -> Option<String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [_, _, days, months, "*"] = fields.as_slice() else { return None };
    let day = days.split(',').map(|day| day.parse::<u8>().ok()).min()??;
    let months: Option<Vec<u8>> = months.split(',').map(month_length).collect();
    let longest = months?.into_iter().max()?;
    (day > longest).then(|| format!("none of its months has a day {day}: it never comes"))
}

fn month_length(month: &str) -> Option<u8> {
    match month.to_ascii_lowercase().as_str() {
        "2" | "02" | "feb" => Some(29),
        "4" | "04" | "apr" | "6" | "06" | "jun" | "9" | "09" | "sep" | "11" | "nov" => Some(30),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::invalid;
    use crate::contract::types::Type;

    #[test]
    fn cron_lines_have_five_fields_in_range() {
        for good in ["0 2 * * *", "*/15 9-17 * * mon-fri", "0,30 * 1 jan *"] {
            assert_eq!(invalid(&Type::Cron, good), None, "{good}");
        }
        for bad in ["0 2 * *", "60 * * * *", "* 24 * * *", "*/0 * * * *", "hello"] {
            assert!(invalid(&Type::Cron, bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn a_cron_line_that_is_wrong_says_in_which_field() {
        let why = |text: &str| invalid(&Type::Cron, text).unwrap_or_default();
        assert_eq!(why("0 25 * * *"), "`25` is no hour: 0 to 23, alone or as `a-b`, `a,b`, `*/n`");
        assert!(why("0 2 * * monday-ish").starts_with("`monday-ish` is no day of the week: "));
        assert!(why("0 2 32 * *").starts_with("`32` is no day of the month: "));
    }

    #[test]
    fn a_day_that_no_month_has_never_comes() {
        for bad in ["0 2 30 2 *", "0 2 31 4,jun,11 *", "0 2 30,31 feb *"] {
            assert!(invalid(&Type::Cron, bad).is_some_and(|why| why.ends_with("it never comes")), "{bad}");
        }
        for good in
            ["0 2 29 2 *", "0 2 31 * *", "0 2 31 1,4 *", "0 2 30 2 mon", "0 2 1-31 2 *", "0 2 1,30 2 *", "0 2 L 2 *"]
        {
            assert_eq!(invalid(&Type::Cron, good), None, "{good}");
        }
    }

    #[test]
    fn urls_have_a_scheme() {
        assert_eq!(invalid(&Type::Url, "http://127.0.0.1:8080/metrics"), None);
        assert!(invalid(&Type::Url, "example.com").is_some());
    }
}
