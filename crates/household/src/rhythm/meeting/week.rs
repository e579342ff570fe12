//! Weeks, and the day on which one meets (例会日): a holiday moves it to the next working day.

use std::{fmt, str::FromStr};

use chrono::{Days, NaiveDate};
use linli_kernel::{Calendar, Timestamp, time::DAY_MS};

use super::super::china_day;

/// The longest run of days without work that is walked through: no holiday is as long.
const PATIENCE: u64 = 30;

/// A week from Monday to Sunday in China, counted since the Monday 1969-12-29.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Week(pub i64);

impl Week {
    /// The one of an instant.
    pub const fn of(at: Timestamp) -> Self {
        Self((china_day(at) + 3).div_euclid(7))
    }

    /// Its Monday.
    pub fn monday(self) -> NaiveDate {
        Timestamp::from_millis((self.0 * 7 - 3) * DAY_MS).china_date()
    }

    /// Its Sunday.
    pub fn sunday(self) -> NaiveDate {
        later(self.monday(), 6)
    }

    /// The one before.
    #[must_use]
    pub const fn before(self) -> Self {
        Self(self.0 - 1)
    }

    /// The one after.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// Written as its Monday; any other day of it is understood, too.
    pub fn parse(text: &str) -> Option<Self> {
        let day = NaiveDate::from_str(text).ok()?;
        Some(Self::of(Timestamp::china_midnight(day)))
    }
}

impl fmt::Display for Week {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.monday().fmt(f)
    }
}

fn later(day: NaiveDate, by: u64) -> NaiveDate {
    day.checked_add_days(Days::new(by)).unwrap_or(NaiveDate::MAX)
}

fn working(week: Week, weekday: i64, calendar: &Calendar) -> NaiveDate {
    let usual = later(week.monday(), weekday.clamp(0, 6).unsigned_abs());
    (0..PATIENCE).map(|by| later(usual, by)).find(|day| calendar.is_working_day(*day)).unwrap_or(usual)
}

/// The day on which a community meets for a week: its usual weekday, counted from Monday, or the next working day. A
/// meeting that a holiday moves onto the next one's day is held with that: the week then has none of its own.
pub fn held_on(week: Week, weekday: i64, calendar: &Calendar) -> Option<NaiveDate> {
    let day = working(week, weekday, calendar);
    (day < working(week.next(), weekday, calendar)).then_some(day)
}

/// The instant of a day and a minute of it.
pub fn instant(day: NaiveDate, minute: i64) -> Timestamp {
    Timestamp::from_millis(Timestamp::china_midnight(day).millis() + minute * 60_000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn week(text: &str) -> Week {
        Week::parse(text).unwrap()
    }

    fn held(text: &str, weekday: i64) -> Option<String> {
        held_on(week(text), weekday, &Calendar::shipped().unwrap()).map(|d| d.to_string())
    }

    #[test]
    fn weeks_begin_on_monday_at_midnight_in_china() {
        let at = |text: &str| Week::of(text.parse().unwrap());
        assert_eq!(at("2026-11-23T00:00:00+08:00").to_string(), "2026-11-23");
        assert_eq!(at("2026-11-29T23:59:59+08:00"), week("2026-11-23"));
        assert_eq!(at("2026-11-22T23:59:59+08:00"), week("2026-11-23").before());
        assert_eq!(week("2026-11-25"), week("2026-11-23"));
        assert_eq!(week("2026-11-23").sunday().to_string(), "2026-11-29");
        assert_eq!(Week::parse("soon"), None);
        assert_eq!(Week(0).monday().to_string(), "1969-12-29");
    }

    #[test]
    fn a_holiday_moves_it_to_the_next_working_day() {
        assert_eq!(held("2026-11-23", 4).as_deref(), Some("2026-11-27"));
        // The national holidays of 2026 end on Wednesday, 7 October: Friday's meeting is on Thursday of the next week,
        // and that week's own on its Friday.
        assert_eq!(held("2026-09-28", 4).as_deref(), Some("2026-10-08"));
        assert_eq!(held("2026-10-05", 4).as_deref(), Some("2026-10-09"));
        // Monday's meeting moves to Thursday; Thursday's of the week before would be on the same day and is held then.
        assert_eq!(held("2026-10-05", 0).as_deref(), Some("2026-10-08"));
        assert_eq!(held("2026-09-28", 3), None);
        assert_eq!(held("2026-10-05", 3).as_deref(), Some("2026-10-08"));
        assert_eq!(instant(week("2026-11-23").monday(), 14 * 60 + 30).rfc3339(), "2026-11-23T14:30:00+08:00");
    }

    proptest! {
        #[test]
        fn always_on_a_working_day_and_never_two_on_one(first in 2920_i64..2985, weekday in 0_i64..5) {
            let calendar = Calendar::shipped().unwrap();
            let days: Vec<NaiveDate> = (first..first + 8).filter_map(|w| held_on(Week(w), weekday, &calendar)).collect();
            prop_assert!(days.iter().all(|d| calendar.is_working_day(*d)));
            prop_assert!(days.windows(2).all(|two| two[0] < two[1]));
            prop_assert!(days.len() >= 6);
        }
    }
}
