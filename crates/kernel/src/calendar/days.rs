//! The day table as text: one line per festival, short enough to review.

use chrono::{NaiveDate, TimeDelta};

use super::{BadCalendar, DayException, DayKind};

const SHIPPED: &str = include_str!("../../data/cn-days.txt");

/// The announced days that the product carries; the administrator adds those of coming years.
pub fn shipped_days() -> Result<Vec<DayException>, BadCalendar> {
    parse_days(SHIPPED)
}

/// Reads lines of `2026 春节 -0215..0223 +0214 +0228`; `#` starts a comment.
pub fn parse_days(text: &str) -> Result<Vec<DayException>, BadCalendar> {
    let mut days = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if !line.is_empty() {
            parse_line(line, &mut days).ok_or(BadCalendar::Line(index + 1))?;
        }
    }
    Ok(days)
}

fn parse_line(line: &str, days: &mut Vec<DayException>) -> Option<()> {
    let mut words = line.split_whitespace();
    let (year, name) = (words.next()?, words.next()?);
    let date = |day: &str| NaiveDate::parse_from_str(&format!("{year}{day}"), "%Y%m%d").ok();
    for word in words {
        let (kind, span) = match word.split_at_checked(1)? {
            ("-", span) => (DayKind::Off, span),
            ("+", span) => (DayKind::Working, span),
            _ => return None,
        };
        let (first, last) = span.split_once("..").unwrap_or((span, span));
        let (mut at, last) = (date(first)?, date(last)?);
        if at > last {
            return None;
        }
        while at <= last {
            days.push(DayException { date: at, kind, name: name.to_owned() });
            at += TimeDelta::days(1);
        }
    }
    Some(())
}
