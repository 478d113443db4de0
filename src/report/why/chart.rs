//! A small chart of a course: values against their limit over time.
//!
//! Every mark says by its shape what its colour says: `●` good, `✗` bad, `?` unknown, `─` the limit. Without Unicode: `o x ? -`.

use jiff::tz::TimeZone;

use super::course::{Course, Point, extent};
use crate::base::time::Timestamp;
use crate::report::run::amounts::{date_and_time, time_of_day};

/// What the place can show that is drawn for.
#[derive(Debug, Clone, Copy)]
pub struct Canvas<'z> {
    pub width: usize,
    pub unicode: bool,
    pub zone: &'z TimeZone,
}

/// Rows of values.
const ROWS: usize = 6;
/// The most columns of values, and the fewest that are worth drawing.
const WIDEST: usize = 96;
const NARROWEST: usize = 12;

/// Of fewer looks the words say all.
const FEWEST: usize = 4;

const BAD: &str = "\u{1b}[31m";
const PLAIN: &str = "\u{1b}[0m";

/// The chart, line by line; none when there is too little to draw or no room.
#[must_use]
pub fn draw(course: &Course, canvas: Canvas<'_>) -> Vec<String> {
    let values: Vec<f64> = course.points.iter().filter_map(|point| point.value).collect();
    let bounds = course.points.iter().flat_map(|point| point.bounds).flatten();
    let all: Vec<f64> = values.iter().copied().chain(bounds).collect();
    let (Some((low, high)), true) = (extent(&all), course.points.len() >= FEWEST && !values.is_empty()) else {
        return Vec::new();
    };
    let scale = Scale { low, high };
    let labels = [high, low].map(|amount| course.amount(amount));
    let margin = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
    let room = canvas.width.saturating_sub(margin + 6).min(WIDEST);
    if room < NARROWEST {
        return Vec::new();
    }
    let columns = columns(course, room.min(course.points.len()));
    let mut lines: Vec<String> = (0..ROWS)
        .map(|row| {
            let label = match row {
                0 => labels[0].as_str(),
                last if last == ROWS - 1 => labels[1].as_str(),
                _ => "",
            };
            let cells: String = columns.iter().map(|column| cell(column, row, scale, canvas.unicode)).collect();
            let axis = if canvas.unicode { '│' } else { '|' };
            format!("{label:>margin$} {axis}{cells}")
        })
        .collect();
    lines.push(time_axis(course, (margin, columns.len()), canvas));
    lines
}

#[derive(Clone, Copy)]
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// The row of an amount, the highest being 0.
    fn row(self, amount: f64) -> usize {
        let span = self.high - self.low;
        let share = if span > 0.0 { (amount - self.low) / span } else { 0.5 };
        // Between 0 and the number of rows.
        let from_below = (share.clamp(0.0, 1.0) * (ROWS - 1) as f64).round() as usize;
        ROWS - 1 - from_below.min(ROWS - 1)
    }
}

/// The looks that share a column: the worst of them is shown.
struct Column {
    shown: Point,
    bad: bool,
}

fn columns(course: &Course, count: usize) -> Vec<Column> {
    let points = &course.points;
    (0..count)
        .filter_map(|column| {
            let share = &points[column * points.len() / count..(column + 1) * points.len() / count];
            let known = |point: &&Point| point.value.is_some();
            let worst = share.iter().find(|point| course.is_bad(point));
            let shown = worst.or_else(|| share.iter().rfind(known)).or(share.last())?;
            Some(Column { shown: *shown, bad: course.is_bad(shown) })
        })
        .collect()
}

fn cell(column: &Column, row: usize, scale: Scale, unicode: bool) -> String {
    let at = |amount: Option<f64>| amount.is_some_and(|amount| scale.row(amount) == row);
    let (good, bad, limit) = if unicode { ('●', '✗', '─') } else { ('o', 'x', '-') };
    if at(column.shown.value) {
        if column.bad { format!("{BAD}{bad}{PLAIN}") } else { good.to_string() }
    } else if column.shown.value.is_none() && row == ROWS - 1 {
        "?".to_owned()
    } else if column.shown.bounds.into_iter().any(at) {
        limit.to_string()
    } else {
        " ".to_owned()
    }
}

/// The times of the first and the last look.
fn time_axis(course: &Course, (margin, columns): (usize, usize), canvas: Canvas<'_>) -> String {
    let corner = if canvas.unicode { '└' } else { '+' };
    let (first, last) = match (course.points.first(), course.points.last()) {
        (Some(first), Some(last)) => (first.at, last.at),
        _ => (Timestamp::default(), Timestamp::default()),
    };
    let days = last.since(first).as_secs() >= 86_400;
    let shown = |at: Timestamp| if days { date_and_time(at, canvas.zone) } else { time_of_day(at, canvas.zone) };
    let (first, last) = (shown(first), shown(last));
    let gap = columns.saturating_sub(first.chars().count() + last.chars().count()).max(2);
    format!("{:margin$} {corner}{first}{}{last}", "", " ".repeat(gap))
}
