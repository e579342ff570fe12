//! Working time (工作时间): which days and hours count when a deadline is promised.
//!
//! The calendar is a table of exceptions over Monday to Friday: statutory holidays (法定节假日) and
//! make-up working days (调休上班). Working time is one straight axis: every instant has a position on
//! it, elapsed time is a difference of positions, and adding time is the way back. Both cost a binary
//! search in the table, however many years lie between.

use chrono::{Datelike, Days, NaiveDate, NaiveTime, Timelike};
use serde::{Deserialize, Serialize};

use crate::{
    text_enum,
    time::{CHINA_MS, DAY_MS, Timestamp},
};

mod days;

pub use days::{parse_days, shipped_days};

text_enum! {
    /// What a day in the table is.
    pub enum DayKind {
        /// 放假: nobody works although it may be a weekday.
        Off = "off",
        /// 调休上班: people work although it is a weekend.
        Working = "working",
    }
}

text_enum! {
    /// Which time counts.
    pub enum Basis {
        /// 工作时间: only working hours of working days.
        Working = "working",
        /// 自然时间: every hour, day and night.
        Wall = "wall",
    }
}

text_enum! {
    /// The unit of an allowance.
    pub enum Unit {
        /// 工作分钟
        WorkingMinute = "working_minute",
        /// 工作日: the day of the start does not count, the last day counts to its end.
        WorkingDay = "working_day",
        /// 分钟, day and night.
        Minute = "minute",
        /// 自然日 of 24 hours.
        Day = "day",
    }
}

/// How long something may take (时限).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// How many units.
    pub amount: u32,
    /// Of which unit.
    pub unit: Unit,
}

impl Allowance {
    /// `amount` of `unit`.
    pub const fn new(amount: u32, unit: Unit) -> Self {
        Self { amount, unit }
    }

    /// The time in which it is counted.
    pub const fn basis(self) -> Basis {
        match self.unit {
            Unit::WorkingMinute | Unit::WorkingDay => Basis::Working,
            Unit::Minute | Unit::Day => Basis::Wall,
        }
    }
}

/// One exception in the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayException {
    /// The China calendar day.
    pub date: NaiveDate,
    /// What it is.
    pub kind: DayKind,
    /// For what: 春节, 国庆节, or the district's own reason.
    pub name: String,
}

/// One span of working hours in a day, on a China wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// First minute.
    pub from: NaiveTime,
    /// End, not included.
    pub to: NaiveTime,
}

/// A time during which a clock stood still (暂停).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// When it stopped.
    pub from: Timestamp,
    /// When it ran again, if it has.
    pub to: Option<Timestamp>,
}

/// Why a calendar cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCalendar {
    /// No working hours, overlapping ones, or out of order.
    #[error("working hours must be spans in order that do not touch backwards")]
    Hours,
    /// A line of a day table that cannot be read.
    #[error("line {0} of the day table cannot be read")]
    Line(usize),
    /// The same day twice with different meanings.
    #[error("{0} is both a holiday and a working day")]
    Twice(NaiveDate),
}

/// A table row that changes the count of Monday to Friday.
#[derive(Debug, Clone, Copy)]
struct Turn {
    /// China day number.
    day: i64,
    /// Working or off.
    works: bool,
    /// Sum of +1 and −1 of all rows up to and including this one.
    sum: i64,
}

/// The working-time calendar of a district.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// Spans in milliseconds of the day.
    spans: Vec<(i64, i64)>,
    /// Working milliseconds in a working day.
    day_ms: i64,
    turns: Vec<Turn>,
    last_year: Option<i32>,
}

const fn day_of(at: Timestamp) -> i64 {
    (at.millis() + CHINA_MS).div_euclid(DAY_MS)
}

/// Weekdays (Mon–Fri) from a fixed Monday to the start of day `day`. 1969-12-29 was a Monday.
fn weekdays_before(day: i64) -> i64 {
    let since = day + 3;
    since.div_euclid(7) * 5 + since.rem_euclid(7).min(5)
}

const fn nth_weekday(n: i64) -> i64 {
    n.div_euclid(5) * 7 + n.rem_euclid(5) - 3
}

const fn is_weekday(day: i64) -> bool {
    (day + 3).rem_euclid(7) < 5
}

fn day_number(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce()) - 719_163 // 1970-01-01
}

fn span_ms(time: NaiveTime) -> i64 {
    i64::from(time.num_seconds_from_midnight()) * 1000
}

impl Calendar {
    /// 09:00–12:00 and 13:30–17:30.
    pub fn shipped_hours() -> Vec<Hours> {
        [(9, 0, 12, 0), (13, 30, 17, 30)]
            .into_iter()
            .filter_map(|(h, m, to_h, to_m)| {
                Some(Hours {
                    from: NaiveTime::from_hms_opt(h, m, 0)?,
                    to: NaiveTime::from_hms_opt(to_h, to_m, 0)?,
                })
            })
            .collect()
    }

    /// The calendar of a fresh district: shipped hours and announced days.
    pub fn shipped() -> Result<Self, BadCalendar> {
        Self::new(&Self::shipped_hours(), &shipped_days()?)
    }

    /// A calendar from editable rows.
    pub fn new(hours: &[Hours], days: &[DayException]) -> Result<Self, BadCalendar> {
        let spans: Vec<_> = hours.iter().map(|h| (span_ms(h.from), span_ms(h.to))).collect();
        let ordered = spans.iter().all(|s| s.0 < s.1) && spans.windows(2).all(|w| w[0].1 <= w[1].0);
        if spans.is_empty() || !ordered {
            return Err(BadCalendar::Hours);
        }
        let mut days: Vec<_> = days.iter().collect();
        days.sort_by_key(|d| (d.date, d.kind));
        if let Some(twice) = days.windows(2).find(|w| w[0].date == w[1].date && w[0].kind != w[1].kind) {
            return Err(BadCalendar::Twice(twice[0].date));
        }
        days.dedup_by_key(|d| d.date);
        let last_year = days.last().map(|d| d.date.year());
        let mut sum = 0;
        let turns = days
            .into_iter()
            .map(|d| (day_number(d.date), d.kind == DayKind::Working))
            // A holiday on a Saturday changes nothing.
            .filter(|&(day, works)| works != is_weekday(day))
            .map(|(day, works)| {
                sum += if works { 1 } else { -1 };
                Turn { day, works, sum }
            })
            .collect();
        let day_ms = spans.iter().map(|s| s.1 - s.0).sum();
        Ok(Self { spans, day_ms, turns, last_year })
    }

    /// The last year whose holidays are in the table; later deadlines are counted on bare weekdays.
    pub fn last_year(&self) -> Option<i32> {
        self.last_year
    }

    /// Whether people work on that China day.
    pub fn is_working_day(&self, date: NaiveDate) -> bool {
        self.works(day_number(date))
    }

    /// Whether people work at that instant.
    pub fn is_working_time(&self, at: Timestamp) -> bool {
        let within = (at.millis() + CHINA_MS).rem_euclid(DAY_MS);
        self.works(day_of(at)) && self.spans.iter().any(|s| (s.0..s.1).contains(&within))
    }

    /// Working milliseconds from `from` to `to`; negative if `to` is before `from`.
    pub fn elapsed(&self, from: Timestamp, to: Timestamp) -> i64 {
        self.position(to) - self.position(from)
    }

    /// The first instant at which `millis` of working time have passed since `from`.
    pub fn add(&self, from: Timestamp, millis: i64) -> Timestamp {
        if millis <= 0 {
            return from;
        }
        let target = self.position(from).saturating_add(millis);
        // The end of today rather than the start of tomorrow.
        let index = (target - 1).div_euclid(self.day_ms);
        let mut rest = target - index * self.day_ms;
        let midnight = self.nth_working_day(index) * DAY_MS - CHINA_MS;
        for (start, end) in &self.spans {
            if rest <= end - start {
                return Timestamp::from_millis(midnight + start + rest);
            }
            rest -= end - start;
        }
        // Not reached: `rest` is at most the sum of all spans.
        Timestamp::from_millis(midnight + DAY_MS)
    }

    /// The end of work on the `n`-th working day after the day of `from`, which does not count itself.
    pub fn end_of_day(&self, from: Timestamp, n: u32) -> Timestamp {
        if n == 0 {
            return from;
        }
        let index = self.days_before(day_of(from) + 1) + i64::from(n) - 1;
        let end = self.spans.last().map_or(DAY_MS, |s| s.1);
        Timestamp::from_millis(self.nth_working_day(index) * DAY_MS - CHINA_MS + end)
    }

    /// Working days after the day of `from` up to and including the day of `to`.
    pub fn working_days(&self, from: Timestamp, to: Timestamp) -> i64 {
        self.days_before(day_of(to) + 1) - self.days_before(day_of(from) + 1)
    }

    /// When an allowance that starts at `from` ends.
    pub fn due(&self, from: Timestamp, allowance: Allowance) -> Timestamp {
        let n = i64::from(allowance.amount);
        match allowance.unit {
            Unit::WorkingMinute => self.add(from, n * 60_000),
            Unit::WorkingDay => self.end_of_day(from, allowance.amount),
            Unit::Minute => Timestamp::from_millis(from.millis() + n * 60_000),
            Unit::Day => Timestamp::from_millis(from.millis() + n * DAY_MS),
        }
    }

    /// Milliseconds from `from` to `to` in the given time.
    pub fn elapsed_in(&self, basis: Basis, from: Timestamp, to: Timestamp) -> i64 {
        match basis {
            Basis::Working => self.elapsed(from, to),
            Basis::Wall => to.millis_since(from),
        }
    }

    /// Milliseconds from `from` to `to` that were not paused; pauses do not overlap.
    pub fn elapsed_running(&self, basis: Basis, from: Timestamp, to: Timestamp, pauses: &[Pause]) -> i64 {
        let paused: i64 = pauses
            .iter()
            .map(|p| (p.from.clamp(from, to.max(from)), p.to.unwrap_or(to).clamp(from, to.max(from))))
            .map(|(start, end)| self.elapsed_in(basis, start, end).max(0))
            .sum();
        self.elapsed_in(basis, from, to) - paused
    }

    /// The deadline after a pause: what was left when it began is left when it ends.
    pub fn after_pause(&self, basis: Basis, due: Timestamp, from: Timestamp, to: Timestamp) -> Timestamp {
        let left = self.elapsed_in(basis, from, due);
        if from > due || to <= from {
            return due;
        }
        match basis {
            // Nothing of working time was lost: keep the deadline, and its place at the end of a day.
            Basis::Working if self.elapsed(from, to) == 0 => due,
            Basis::Working => self.add(to, left),
            Basis::Wall => Timestamp::from_millis(to.millis() + left),
        }
    }

    fn works(&self, day: i64) -> bool {
        self.turns.binary_search_by_key(&day, |t| t.day).map_or(is_weekday(day), |i| self.turns[i].works)
    }

    /// Working days before the start of `day`.
    fn days_before(&self, day: i64) -> i64 {
        let seen = self.turns.partition_point(|t| t.day < day);
        weekdays_before(day) + self.sum(seen)
    }

    fn sum(&self, seen: usize) -> i64 {
        seen.checked_sub(1).map_or(0, |i| self.turns[i].sum)
    }

    /// The working day that has `n` working days before it.
    fn nth_working_day(&self, n: i64) -> i64 {
        let seen = self.turns.partition_point(|t| weekdays_before(t.day + 1) + t.sum <= n);
        let sum = self.sum(seen);
        match self.turns.get(seen) {
            Some(next) if next.works && weekdays_before(next.day) + sum == n => next.day,
            _ => nth_weekday(n - sum),
        }
    }

    /// Working milliseconds from a fixed day to `at`.
    fn position(&self, at: Timestamp) -> i64 {
        let day = day_of(at);
        let whole = self.days_before(day) * self.day_ms;
        if !self.works(day) {
            return whole;
        }
        let within = (at.millis() + CHINA_MS).rem_euclid(DAY_MS);
        whole + self.spans.iter().map(|s| (within.min(s.1) - s.0).max(0)).sum::<i64>()
    }
}

/// The end of the `days`-th China day after the day of `from`: a window that people count in dates.
pub fn end_of_date(from: Timestamp, days: u32) -> Timestamp {
    let date = from.china_date();
    let after = date.checked_add_days(Days::new(u64::from(days) + 1)).unwrap_or(NaiveDate::MAX);
    Timestamp::china_midnight(after)
}

#[cfg(test)]
mod tests;
