//! The values of XPath: numbers, texts, truth, days and instants, and how they turn into each other.

use chrono::{Datelike as _, NaiveDate};

use crate::model::Kind;

/// The instant at which a form is evaluated; given by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds since 1970 of the local clock on the wall.
    pub local_ms: i64,
    /// Minutes east of Greenwich.
    pub offset: i32,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number; also not-a-number.
    Number(f64),
    /// A text.
    Text(String),
    /// True or false.
    Bool(bool),
    /// A day, counted from 1970-01-01.
    Date(i64),
    /// An instant: local milliseconds since 1970, minutes east.
    Moment(i64, i32),
}

/// Milliseconds of a day.
pub(crate) const DAY: i64 = 86_400_000;
/// 0000-01-01 and 9999-12-31: no form asks beyond.
const DAYS: std::ops::RangeInclusive<i64> = -719_528..=2_932_896;

impl Value {
    /// The value of an answer as its type has it; an empty answer is an empty text.
    pub fn of_answer(kind: Kind, text: &str, offset: i32) -> Self {
        let typed = match kind {
            Kind::Integer | Kind::Decimal => {
                Some(parse_number(text)).filter(|n| n.is_finite()).map(Self::Number)
            }
            Kind::Date | Kind::Today => parse_date(text).map(Self::Date),
            Kind::DateTime | Kind::Start | Kind::End => {
                parse_moment(text, offset).map(|(ms, offset)| Self::Moment(ms, offset))
            }
            _ => None,
        };
        typed.unwrap_or_else(|| Self::Text(text.to_owned()))
    }

    /// As a number.
    pub fn number(&self) -> f64 {
        match self {
            Self::Number(n) => *n,
            Self::Text(text) => parse_number(text),
            Self::Bool(truth) => f64::from(u8::from(*truth)),
            Self::Date(days) => *days as f64,
            Self::Moment(ms, _) => *ms as f64 / DAY as f64,
        }
    }

    /// As a text.
    pub fn text(self) -> String {
        match self {
            Self::Number(n) => number_text(n),
            Self::Text(text) => text,
            Self::Bool(truth) => truth.to_string(),
            Self::Date(days) => date_text(days),
            Self::Moment(ms, offset) => moment_text(ms, offset),
        }
    }

    /// As truth.
    pub fn truth(&self) -> bool {
        match self {
            Self::Number(n) => *n != 0.0 && !n.is_nan(),
            Self::Text(text) => !text.is_empty(),
            Self::Bool(truth) => *truth,
            Self::Date(_) | Self::Moment(..) => true,
        }
    }

    /// What a calculated answer keeps: nothing where there is no number.
    pub fn answer(self) -> String {
        match self {
            Self::Number(n) if n.is_nan() => String::new(),
            value => value.text(),
        }
    }

    const fn is_day(&self) -> bool {
        matches!(self, Self::Date(_) | Self::Moment(..))
    }

    /// As a day or instant, if it is one or reads like one.
    fn as_day(&self, offset: i32) -> f64 {
        match self {
            Self::Text(text) => match (parse_date(text), parse_moment(text, offset)) {
                (Some(days), _) => days as f64,
                (None, Some((ms, _))) => ms as f64 / DAY as f64,
                (None, None) => f64::NAN,
            },
            value => value.number(),
        }
    }

    /// `=` of XPath; days compare with texts that read like days.
    pub fn equals(&self, other: &Self, offset: i32) -> bool {
        #[expect(clippy::float_cmp, reason = "XPath compares numbers exactly")]
        match (self, other) {
            (Self::Bool(_), _) | (_, Self::Bool(_)) => self.truth() == other.truth(),
            (Self::Number(_), _) | (_, Self::Number(_)) => self.number() == other.number(),
            (a, b) if a.is_day() || b.is_day() => a.as_day(offset) == b.as_day(offset),
            (a, b) => a.clone().text() == b.clone().text(),
        }
    }

    /// Both sides of `<` and its like, as numbers.
    pub fn ordered(&self, other: &Self, offset: i32) -> (f64, f64) {
        if self.is_day() || other.is_day() {
            (self.as_day(offset), other.as_day(offset))
        } else {
            (self.number(), other.number())
        }
    }
}

/// A number as XPath reads it: digits, one point, one minus; no exponent, no plus.
pub(crate) fn parse_number(text: &str) -> f64 {
    let text = text.trim_matches(|c: char| matches!(c, ' ' | '\t' | '\n' | '\r'));
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.bytes().filter(|b| *b == b'.').count() <= 1
        && digits.bytes().any(|b| b.is_ascii_digit());
    if plain { text.parse().unwrap_or(f64::NAN) } else { f64::NAN }
}

/// A number as XPath writes it: whole numbers without a point, never an exponent.
pub(crate) fn number_text(n: f64) -> String {
    if n.is_nan() {
        "NaN".to_owned()
    } else if n.is_infinite() {
        if n > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else if n == 0.0 {
        "0".to_owned()
    } else {
        n.to_string()
    }
}

fn digits(text: &str, length: usize) -> Option<u32> {
    (text.len() == length && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// `2026-11-27`.
pub(crate) fn parse_date(text: &str) -> Option<i64> {
    let mut parts = text.trim().splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let (year, month, day) = (digits(year, 4)?, digits(month, 2)?, digits(day, 2)?);
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    Some(date.signed_duration_since(NaiveDate::default()).num_days())
}

/// `08:30`, `08:30:05`, `08:30:05.123`, with `Z` or `+08:00`: milliseconds of the day and the minutes east.
pub(crate) fn parse_time(text: &str) -> Option<(i64, Option<i32>)> {
    let text = text.trim();
    let (clock, offset) = match text.find(['Z', '+', '-']) {
        None => (text, None),
        Some(at) if text[at..].starts_with('Z') => (&text[..at], (text.len() == at + 1).then_some(Some(0))?),
        Some(at) => {
            let sign = if text[at..].starts_with('-') { -1 } else { 1 };
            let (hours, minutes) = match text[at + 1..].split_once(':') {
                Some((hours, minutes)) => (digits(hours, 2)?, digits(minutes, 2)?),
                None => (digits(&text[at + 1..], 2)?, 0),
            };
            let minutes = i32::try_from(hours * 60 + minutes).ok().filter(|m| *m <= 840)?;
            (&text[..at], Some(sign * minutes))
        }
    };
    let mut parts = clock.split(':');
    let (hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let (second, milli) = match parts.next() {
        None => (0, 0),
        Some(seconds) => match seconds.split_once('.') {
            None => (digits(seconds, 2)?, 0),
            Some((whole, part)) if (1..=3).contains(&part.len()) => {
                (digits(whole, 2)?, digits(part, part.len())? * [100, 10, 1][part.len() - 1])
            }
            Some(_) => return None,
        },
    };
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some((i64::from(((hour * 60 + minute) * 60 + second) * 1000 + milli), offset))
}

/// `2026-11-27T08:30:00.000+08:00`; without a zone it is the caller's.
pub(crate) fn parse_moment(text: &str, offset: i32) -> Option<(i64, i32)> {
    let (date, time) = text.trim().split_once('T')?;
    let (ms, zone) = parse_time(time)?;
    Some((parse_date(date)? * DAY + ms, zone.unwrap_or(offset)))
}

/// Year, month and day.
pub(crate) fn civil(days: i64) -> Option<(i32, u32, u32)> {
    let date = NaiveDate::default().checked_add_signed(chrono::TimeDelta::days(days))?;
    DAYS.contains(&days).then(|| (date.year(), date.month(), date.day()))
}

fn date_text(days: i64) -> String {
    civil(days).map_or_else(String::new, |(year, month, day)| format!("{year:04}-{month:02}-{day:02}"))
}

fn moment_text(ms: i64, offset: i32) -> String {
    let date = date_text(ms.div_euclid(DAY));
    if date.is_empty() {
        return date;
    }
    let of_day = ms.rem_euclid(DAY);
    let (hour, minute) = (of_day / 3_600_000, of_day / 60_000 % 60);
    let (second, milli) = (of_day / 1000 % 60, of_day % 1000);
    let (sign, east) = if offset < 0 { ('-', -offset) } else { ('+', offset) };
    let (zone_hour, zone_minute) = (east / 60, east % 60);
    format!("{date}T{hour:02}:{minute:02}:{second:02}.{milli:03}{sign}{zone_hour:02}:{zone_minute:02}")
}

/// Whether a number of days is one that a form may speak of.
pub(crate) fn day_within(days: f64) -> Option<i64> {
    let whole = days.floor();
    let fits = whole.abs() < 1e7;
    #[expect(clippy::cast_possible_truncation, reason = "within ten million")]
    fits.then_some(whole as i64).filter(|days| DAYS.contains(days))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_xpaths() {
        assert_eq!(number_text(parse_number(" -1.50 ")), "-1.5");
        assert_eq!(number_text(parse_number(".5")), "0.5");
        for bad in ["", "+1", "1e3", "1.2.3", "-", ".", "１", "1 2", "0x1"] {
            assert!(parse_number(bad).is_nan(), "{bad}");
        }
        assert_eq!(number_text(-0.0), "0");
        assert_eq!(number_text(1e21), "1000000000000000000000");
        assert_eq!(number_text(1e-7), "0.0000001");
    }

    #[test]
    fn days_and_instants() {
        assert_eq!(parse_date("1970-01-02"), Some(1));
        assert_eq!(parse_date("2026-02-29"), None);
        assert_eq!(parse_date("26-02-02"), None);
        assert_eq!(parse_moment("1970-01-01T08:00:00.5+08:00", 0), Some((28_800_500, 480)));
        assert_eq!(parse_moment("1970-01-01T00:00Z", 480), Some((0, 0)));
        assert_eq!(parse_moment("1970-01-01T24:00", 480), None);
        assert_eq!(Value::Moment(28_800_500, 480).text(), "1970-01-01T08:00:00.500+08:00");
        assert_eq!(Value::Date(3_000_000).text(), "");
    }

    proptest! {
        #[test]
        fn a_day_comes_back(days in DAYS) {
            prop_assert_eq!(parse_date(&date_text(days)), Some(days));
        }

        #[test]
        fn an_instant_comes_back(ms in -60_000_000_000_000_i64..200_000_000_000_000, offset in -840..=840_i32) {
            prop_assert_eq!(parse_moment(&moment_text(ms, offset), 0), Some((ms, offset)));
        }

        #[test]
        fn a_number_comes_back(n in (-1e15..1e15_f64).prop_filter("a zero has no sign", |n| *n != 0.0)) {
            prop_assert_eq!(parse_number(&number_text(n)).to_bits(), n.to_bits());
        }

        #[test]
        fn any_text_is_read_without_panic(text in "\\PC{0,30}") {
            let _ = (parse_number(&text), parse_date(&text), parse_time(&text), parse_moment(&text, 0));
        }
    }
}
