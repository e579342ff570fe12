//! Instants and the clock that gives them.
//!
//! An instant is a count of milliseconds since 1970 UTC. It is stored as `BIGINT` on both
//! engines, so that order, ranges and day buckets are plain arithmetic in one query text.
//! People see China time (UTC+8, no daylight saving since 1991).

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{
    DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, TimeZone, Utc,
    Weekday,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::Value;

/// Milliseconds in one day.
pub const DAY_MS: i64 = 86_400_000;
/// China's offset from UTC in milliseconds: `(at + CHINA_MS) / DAY_MS` is the China day number in SQL and Rust alike.
pub const CHINA_MS: i64 = 8 * 3_600_000;

/// China Standard Time (北京时间).
pub const fn china() -> FixedOffset {
    match FixedOffset::east_opt(8 * 3600) {
        Some(offset) => offset,
        None => unreachable!(),
    }
}

/// The China day number of an instant: days since 1970-01-01, each beginning at midnight in China.
pub const fn china_day(at: Timestamp) -> i64 {
    (at.0 + CHINA_MS).div_euclid(DAY_MS)
}

/// Midnight in China at the start of the day of this number.
pub const fn china_day_start(day: i64) -> Timestamp {
    Timestamp(day.saturating_mul(DAY_MS).saturating_sub(CHINA_MS))
}

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, sqlx::Type)]
#[sqlx(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since 1970 UTC.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970 UTC.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The same instant on a China wall clock.
    pub fn in_china(self) -> DateTime<FixedOffset> {
        china()
            .timestamp_millis_opt(self.0)
            .single()
            .unwrap_or_else(|| DateTime::<Utc>::MIN_UTC.with_timezone(&china()))
    }

    /// The China calendar day.
    pub fn china_date(self) -> NaiveDate {
        self.in_china().date_naive()
    }

    /// What a China wall clock shows as `local`.
    pub fn from_china(local: NaiveDateTime) -> Self {
        Self(local.and_utc().timestamp_millis() - CHINA_MS)
    }

    /// Midnight in China at the start of `date`.
    pub fn china_midnight(date: NaiveDate) -> Self {
        Self::from_china(date.and_time(NaiveTime::MIN))
    }

    /// This much later.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This much earlier.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Milliseconds from `earlier` to here; negative if here is before.
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// RFC 3339 in China time without fractions: `2026-11-23T14:05:00+08:00`.
    pub fn rfc3339(self) -> String {
        self.in_china().to_rfc3339_opts(SecondsFormat::Secs, false)
    }

    /// `11月23日 周一 14:05`, as screens show it; with the year where it is not `this_year`.
    pub fn zh(self, this_year: Option<i32>) -> String {
        const DAYS: [&str; 7] = ["周一", "周二", "周三", "周四", "周五", "周六", "周日"];
        let t = self.in_china();
        let day = DAYS[t.weekday().num_days_from_monday() as usize];
        let year = if this_year == Some(t.year()) { String::new() } else { format!("{}年", t.year()) };
        format!("{year}{}月{}日 {day} {}", t.month(), t.day(), t.format("%H:%M"))
    }

    /// `Mon 23 Nov 14:05`; with the year where it is not `this_year`.
    pub fn en(self, this_year: Option<i32>) -> String {
        let t = self.in_china();
        let known = this_year == Some(t.year());
        t.format(if known { "%a %-d %b %H:%M" } else { "%a %-d %b %Y %H:%M" }).to_string()
    }

    /// The year in China.
    pub fn china_year(self) -> i32 {
        self.in_china().year()
    }

    /// `2026-11-23 14:05`, for the cells of tables: a spreadsheet knows it for a date, and its text sorts.
    pub fn cell(self) -> String {
        self.in_china().format("%Y-%m-%d %H:%M").to_string()
    }

    /// Saturday or Sunday in China.
    pub fn is_weekend(self) -> bool {
        matches!(self.in_china().weekday(), Weekday::Sat | Weekday::Sun)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_china().to_rfc3339())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

impl std::str::FromStr for Timestamp {
    type Err = chrono::ParseError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        DateTime::parse_from_rfc3339(text).map(|t| Self(t.timestamp_millis()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::Int(Some(at.0))
    }
}

impl crate::value::Bind for Timestamp {
    const NULL: Value = Value::Int(None);
}

/// Where the present comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that a test sets and moves.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `at` until it is moved.
    pub fn fixed(at: Timestamp) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(at.0)))
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(clippy::disallowed_methods, reason = "the one place where the machine's clock is read")]
            Self::System => Timestamp(Utc::now().timestamp_millis()),
            Self::Fixed(at) => Timestamp(at.load(Ordering::SeqCst)),
        }
    }

    /// Moves a fixed clock; the system clock stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Self::Fixed(at) = self {
            at.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn china_day_starts_at_sixteen_utc() {
        let midnight: Timestamp = "2026-11-22T16:00:00Z".parse().unwrap();
        assert_eq!(midnight.china_date().to_string(), "2026-11-23");
        assert_eq!(Timestamp::china_midnight(midnight.china_date()), midnight);
        assert_eq!((midnight.millis() + CHINA_MS) % DAY_MS, 0);
        assert_eq!(china_day_start(china_day(midnight)), midnight);
        assert_eq!(china_day(Timestamp::from_millis(midnight.millis() - 1)), china_day(midnight) - 1);
        assert_eq!(china_day(Timestamp::from_millis(-CHINA_MS - 1)), -1);
        assert_eq!(midnight.zh(Some(2026)), "11月23日 周一 00:00");
        assert_eq!(midnight.rfc3339(), "2026-11-23T00:00:00+08:00");
        assert_eq!(midnight.cell(), "2026-11-23 00:00");
    }

    #[test]
    fn another_year_is_told() {
        let old: Timestamp = "2012-01-19T17:49:00+08:00".parse().unwrap();
        assert_eq!(old.zh(Some(2026)), "2012年1月19日 周四 17:49");
        assert_eq!(old.en(Some(2026)), "Thu 19 Jan 2012 17:49");
        // Without a present, every year is another one.
        assert_eq!(old.zh(None), "2012年1月19日 周四 17:49");
        assert_eq!(old.en(Some(2012)), "Thu 19 Jan 17:49");
        // The year turns at midnight in China, not in Greenwich.
        let eve: Timestamp = "2026-12-31T16:00:00Z".parse().unwrap();
        assert_eq!(eve.china_year(), 2027);
        assert_eq!(eve.zh(Some(2026)), "2027年1月1日 周五 00:00");
    }
}
