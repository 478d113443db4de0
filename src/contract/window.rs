//! Windows and freezes: when something may start.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use serde::{Deserialize, Serialize};

use crate::base::time::Timestamp;

const FORM: &str = "write it like `Mon-Thu 09:00-16:00 Europe/Berlin`";

/// The days of a week, as a window writes them.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// `Mon-Thu 09:00-16:00 Europe/Berlin`: on these days, from the first hour to before the last, by the clocks of the zone.
///
/// Hours that end before they begin (`22:00-02:00`) reach into the next day. An hour that a change of the clocks leaves
/// out or repeats is read as the zone's rules say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Window {
    text: String,
    /// From Monday.
    days: [bool; 7],
    /// Minutes from the midnight at which the day begins.
    from: i64,
    /// After `from`; beyond 24 hours on the next day.
    to: i64,
    zone: String,
}

impl Window {
    /// Reads days, hours and a zone.
    ///
    /// # Errors
    /// Why the text is no window.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split_whitespace().collect();
        let [days, hours, zone] = parts.as_slice() else {
            return Err(format!("days, hours and a zone are needed; {FORM}"));
        };
        let days = parse_days(days).ok_or_else(|| format!("`{days}` are no days; {FORM}"))?;
        let ends = hours.split_once('-').and_then(|(from, to)| Some((parse_hour(from)?, parse_hour(to)?)));
        let (from, to) = ends.ok_or_else(|| format!("`{hours}` are no hours; {FORM}"))?;
        if from == to {
            return Err(format!("`{hours}` is no time at all; a whole day is `00:00-24:00`"));
        }
        if !is_zone(zone) {
            return Err(format!("`{zone}` is no time zone of the IANA database; {FORM}"));
        }
        let to = if to < from { to + 24 * 60 } else { to };
        Ok(Self { text: text.to_owned(), days, from, to, zone: (*zone).to_owned() })
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// `at`, when the window is open then, else when it opens next.
    ///
    /// # Errors
    /// The zone is not known on this machine, or time ends before the window opens.
    pub fn next_open(&self, at: Timestamp) -> Result<Timestamp, String> {
        let zone = TimeZone::get(&self.zone).map_err(|_| format!("the time zone `{}` is not known here", self.zone))?;
        let too_late = |_| format!("`{}` opens beyond the end of time", self.text);
        let now = jiff::Timestamp::from_microsecond(at.0).map_err(too_late)?.to_zoned(zone.clone());
        // The window of yesterday may reach into today, and a week later each day has come once.
        for ahead in -1..=8 {
            let day = now.date().checked_add(Span::new().days(ahead)).map_err(too_late)?;
            if !self.days[usize::from(day.weekday().to_monday_zero_offset().unsigned_abs())] {
                continue;
            }
            let (opens, closes) =
                (instant(day, self.from, &zone).map_err(too_late)?, instant(day, self.to, &zone).map_err(too_late)?);
            if at < closes {
                return Ok(at.max(opens));
            }
        }
        Err(format!("`{}` never opens", self.text))
    }
}

impl TryFrom<String> for Window {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Window> for String {
    fn from(window: Window) -> Self {
        window.text
    }
}

/// `freeze NAME from … to …`: nothing that changes anything starts inside; its end does not belong to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    pub name: String,
    pub from: Timestamp,
    pub to: Timestamp,
}

/// The earliest instant from `at` on at which every window is open and no freeze holds, and what is waited for.
///
/// # Errors
/// There is none within the next years, or a zone is not known here.
pub fn earliest<'w>(
    windows: &'w [Window],
    freezes: &'w [Freeze],
    at: Timestamp,
) -> Result<(Timestamp, Option<&'w str>), String> {
    const MOST_STEPS: usize = 4_096;
    let (mut time, mut waits_for) = (at, None);
    for _ in 0..MOST_STEPS {
        let before = time;
        for window in windows {
            let opens = window.next_open(time)?;
            if opens > time {
                (time, waits_for) = (opens, waits_for.or(Some(window.text())));
            }
        }
        if let Some(freeze) = freezes.iter().find(|freeze| freeze.from <= time && time < freeze.to) {
            (time, waits_for) = (freeze.to, waits_for.or(Some(&freeze.name)));
        }
        if time == before {
            return Ok((time, waits_for));
        }
    }
    Err("the windows are never open at one time outside every freeze".to_owned())
}

/// Minutes may go beyond the day.
fn instant(day: Date, minutes: i64, zone: &TimeZone) -> Result<Timestamp, jiff::Error> {
    let day = day.checked_add((minutes / (24 * 60)).days())?;
    let rest = minutes % (24 * 60);
    let time = Time::midnight().checked_add(rest.minutes())?;
    Ok(Timestamp(day.to_datetime(time).to_zoned(zone.clone())?.timestamp().as_microsecond()))
}

fn parse_days(text: &str) -> Option<[bool; 7]> {
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = match part.split_once('-') {
            Some((first, last)) => (parse_day(first)?, parse_day(last)?),
            None => (parse_day(part)?, parse_day(part)?),
        };
        let mut day = first;
        loop {
            days[day] = true;
            if day == last {
                break;
            }
            day = (day + 1) % 7;
        }
    }
    Some(days)
}

fn parse_day(text: &str) -> Option<usize> {
    DAYS.iter().position(|name| name.eq_ignore_ascii_case(text))
}

/// Minutes from midnight; 24:00 is the end of the day.
fn parse_hour(text: &str) -> Option<i64> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| if text.len() == 2 { text.parse::<i64>().ok() } else { None };
    match (number(hour)?, number(minute)?) {
        (24, 0) => Some(24 * 60),
        (hour @ 0..24, minute @ 0..60) => Some(hour * 60 + minute),
        _ => None,
    }
}

/// Where this machine has no database of zones, nothing is known about any of them.
fn is_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok() || TimeZone::get("Europe/Berlin").is_err()
}

#[cfg(test)]
mod tests {
    use super::{Freeze, Window, earliest};
    use crate::base::time::Timestamp;

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().expect("a time").as_microsecond())
    }

    fn opens(window: &str, from: &str) -> String {
        let window = Window::parse(window).expect("a window");
        window.next_open(at(from)).expect("opens").to_string()
    }

    #[test]
    fn an_open_window_is_open_now() {
        // A Monday.
        assert_eq!(opens("Mon-Thu 09:00-16:00 Europe/Berlin", "2025-01-06T10:00:00Z"), "2025-01-06T10:00:00.000Z");
        assert_eq!(opens("Mon-Thu 09:00-16:00 Europe/Berlin", "2025-01-06T08:00:00Z"), "2025-01-06T08:00:00.000Z");
    }

    #[test]
    fn a_closed_window_opens_on_its_next_day() {
        let window = "Mon-Thu 09:00-16:00 Europe/Berlin";
        assert_eq!(opens(window, "2025-01-06T07:59:00Z"), "2025-01-06T08:00:00.000Z", "before the hour");
        assert_eq!(opens(window, "2025-01-06T15:00:00Z"), "2025-01-07T08:00:00.000Z", "the end does not belong to it");
        assert_eq!(opens(window, "2025-01-09T15:30:00Z"), "2025-01-13T08:00:00.000Z", "over the weekend");
        assert_eq!(opens("Sun 00:00-24:00 UTC", "2025-01-06T00:00:00Z"), "2025-01-12T00:00:00.000Z");
    }

    #[test]
    fn a_window_over_midnight_belongs_to_the_day_it_begins_on() {
        let window = "Fri 22:00-02:00 UTC";
        assert_eq!(opens(window, "2025-01-11T01:59:00Z"), "2025-01-11T01:59:00.000Z");
        assert_eq!(opens(window, "2025-01-11T02:00:00Z"), "2025-01-17T22:00:00.000Z");
    }

    #[test]
    fn days_go_round_the_week() {
        assert_eq!(opens("Sat-Mon 10:00-11:00 UTC", "2025-01-07T00:00:00Z"), "2025-01-11T10:00:00.000Z");
        assert_eq!(opens("Mon,Wed 10:00-11:00 UTC", "2025-01-07T00:00:00Z"), "2025-01-08T10:00:00.000Z");
    }

    #[test]
    fn the_clocks_of_the_zone_count() {
        // The clocks go forward on 2025-03-30: nine o'clock is an hour earlier in UTC the day after.
        let window = "Mon-Sun 09:00-16:00 Europe/Berlin";
        assert_eq!(opens(window, "2025-03-29T20:00:00Z"), "2025-03-30T07:00:00.000Z");
    }

    #[test]
    fn a_freeze_is_waited_out_and_then_the_window() {
        let window = Window::parse("Mon-Fri 09:00-16:00 UTC").expect("a window");
        let freeze =
            Freeze { name: "holidays".to_owned(), from: at("2025-12-20T00:00:00Z"), to: at("2026-01-02T18:00:00Z") };
        let (windows, freezes) = ([window], [freeze]);
        let (time, why) = earliest(&windows, &freezes, at("2025-12-22T10:00:00Z")).expect("ends");
        assert_eq!((time.to_string().as_str(), why), ("2026-01-05T09:00:00.000Z", Some("holidays")));
        let (time, why) = earliest(&windows, &freezes, at("2025-12-19T10:00:00Z")).expect("open");
        assert_eq!((time.to_string().as_str(), why), ("2025-12-19T10:00:00.000Z", None));
    }

    #[test]
    fn windows_that_never_meet_are_an_error() {
        let windows = ["Mon 09:00-10:00 UTC", "Tue 09:00-10:00 UTC"].map(|text| Window::parse(text).expect("a window"));
        assert!(earliest(&windows, &[], at("2025-01-06T00:00:00Z")).is_err());
    }

    #[test]
    fn windows_are_days_hours_and_a_zone() {
        for good in ["Mon-Thu 09:00-16:00 Europe/Berlin", "Sat,Sun 00:00-24:00 UTC", "fri 22:00-02:00 UTC"] {
            assert!(Window::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "Mon-Thu 9-16 Europe/Berlin",
            "Mo 09:00-16:00 UTC",
            "Mon 09:00-16:00",
            "Mon 25:00-26:00 UTC",
            "Mon 09:00-09:00 UTC",
            "Mon 09:00-16:00 Europe/Berlinn",
        ] {
            assert!(Window::parse(bad).is_err(), "{bad}");
        }
    }
}
