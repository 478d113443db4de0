//! Curves in characters: traffic and metrics over the time of a run.

/// Eighths of a character, from nothing to full.
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Where there is nothing but ASCII.
const MARKS: [char; 9] = [' ', '.', '.', '-', '-', '=', '=', '#', '#'];
const THRESHOLD: char = '┄';

/// Columns of values with limits, drawn over some lines.
pub struct Chart<'a> {
    /// Least and greatest in each column; none: no sample.
    pub columns: &'a [Option<(f64, f64)>],
    /// The values at the bottom and the top.
    pub range: (f64, f64),
    pub lines: usize,
    /// Lines are drawn there.
    pub limits: &'a [f64],
    pub unicode: bool,
}

impl Chart<'_> {
    /// The lines from the top to the bottom: a bar from the bottom to the greatest value of each column.
    #[must_use]
    pub fn bars(&self) -> Vec<String> {
        let marks = if self.unicode { BARS } else { MARKS };
        let height = |value: f64| (self.share(value) * (self.lines * 8) as f64).round() as usize;
        let line = |line: usize| {
            let bottom = (self.lines - 1 - line) * 8;
            let limited = self.limits.iter().any(|limit| self.line_of(*limit) == Some(line));
            let letter = |column: &Option<(f64, f64)>| match column {
                Some((_, high)) => {
                    let filled = height(*high).saturating_sub(bottom).min(8);
                    if filled == 0 && limited { self.limit() } else { marks[filled] }
                }
                None if limited => self.limit(),
                None => ' ',
            };
            self.columns.iter().map(letter).collect()
        };
        (0..self.lines).map(line).collect()
    }

    /// The lines from the top to the bottom: what each column spans, with gaps where nothing was seen.
    #[must_use]
    pub fn spans(&self) -> Vec<String> {
        let mut canvas = vec![vec![' '; self.columns.len()]; self.lines];
        for limit in self.limits {
            if let Some(line) = self.line_of(*limit) {
                canvas[line].fill(self.limit());
            }
        }
        for (place, column) in self.columns.iter().enumerate() {
            let Some((low, high)) = column else { continue };
            let (Some(bottom), Some(top)) = (self.line_of(*low), self.line_of(*high)) else { continue };
            for line in canvas.iter_mut().take(bottom + 1).skip(top) {
                line[place] = if self.unicode { if top == bottom { '•' } else { '│' } } else { '*' };
            }
        }
        canvas.into_iter().map(|line| line.into_iter().collect()).collect()
    }

    fn limit(&self) -> char {
        if self.unicode { THRESHOLD } else { '-' }
    }

    fn share(&self, value: f64) -> f64 {
        let (low, high) = self.range;
        if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 }
    }

    /// The line, from the top, on which a value lies; none outside.
    fn line_of(&self, value: f64) -> Option<usize> {
        let (low, high) = self.range;
        if !(low..=high).contains(&value) || self.lines == 0 {
            return None;
        }
        let from_bottom = (self.share(value) * self.lines as f64) as usize;
        Some(self.lines - 1 - from_bottom.min(self.lines - 1))
    }
}

/// The values to draw between: those seen, and limits that are near them.
#[must_use]
pub fn range(columns: &[Option<(f64, f64)>], limits: &[f64]) -> Option<(f64, f64)> {
    let seen = columns.iter().flatten();
    let (low, high) = seen.fold(None, |range: Option<(f64, f64)>, (low, high)| {
        let (least, most) = range.unwrap_or((*low, *high));
        Some((least.min(*low), most.max(*high)))
    })?;
    let reach = (high - low).max(high.abs() * 0.25).max(f64::MIN_POSITIVE) * 3.0;
    let near = limits.iter().filter(|limit| **limit >= low - reach && **limit <= high + reach);
    let (low, high) = near.fold((low, high), |(low, high), limit| (low.min(*limit), high.max(*limit)));
    let margin = if high > low { (high - low) * 0.04 } else { high.abs().max(1.0) * 0.1 };
    let bottom = if low >= 0.0 { (low - margin).max(0.0) } else { low - margin };
    Some((bottom, high + margin))
}

#[cfg(test)]
mod tests {
    use super::{Chart, range};

    #[test]
    fn bars_rise_from_the_bottom_and_limits_shine_through() {
        let columns = [Some((0.0, 0.0)), Some((0.0, 0.5)), Some((0.0, 1.0)), None];
        let chart = Chart { columns: &columns, range: (0.0, 1.0), lines: 2, limits: &[], unicode: true };
        assert_eq!(chart.bars(), ["  █ ", " ██ "]);
        let chart = Chart { unicode: false, ..chart };
        assert_eq!(chart.bars(), ["  # ", " ## "]);
    }

    #[test]
    fn spans_have_gaps_and_limits() {
        let columns = [Some((1.0, 1.0)), Some((1.0, 9.0)), None];
        let chart = Chart { columns: &columns, range: (0.0, 10.0), lines: 2, limits: &[8.0], unicode: true };
        assert_eq!(chart.spans(), ["┄│┄", "•│ "]);
    }

    #[test]
    fn a_limit_far_away_does_not_flatten_the_curve() {
        let columns = [Some((1.0, 2.0))];
        assert!(range(&columns, &[3.0]).is_some_and(|(_, high)| high > 3.0));
        assert!(range(&columns, &[1e6]).is_some_and(|(_, high)| high < 3.0));
        assert_eq!(range(&[None], &[]), None);
    }
}
