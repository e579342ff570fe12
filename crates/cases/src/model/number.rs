//! The number that people say on the phone.

use std::{fmt, str::FromStr};

use chrono::NaiveDate;
use linli_kernel::Value;
use serde::Serialize;

/// `HC20261123-000123`: the district's prefix, the China date, the day's sequence (案件编号).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct CaseNumber(String);

/// Why a text is no case number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a case number looks like HC20261123-000123, not “{0}”")]
pub struct BadCaseNumber(pub String);

impl CaseNumber {
    /// The `sequence`-th case of that day.
    pub fn new(prefix: &str, date: NaiveDate, sequence: u32) -> Self {
        Self(format!("{prefix}{}-{sequence:06}", date.format("%Y%m%d")))
    }

    /// The number's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CaseNumber {
    type Err = BadCaseNumber;

    /// Takes what people type: lower case, spaces around, or a full-width dash.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || BadCaseNumber(text.to_owned());
        let number = text.trim().to_uppercase().replace(['－', '–', '—'], "-");
        let (day, sequence) = number.split_once('-').ok_or_else(bad)?;
        let letters = day.chars().take_while(char::is_ascii_uppercase).count();
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let fits = (1..=6).contains(&letters)
            && day.len() == letters + 8
            && digits(&day[letters..])
            && NaiveDate::parse_from_str(&day[letters..], "%Y%m%d").is_ok()
            && (6..=9).contains(&sequence.len())
            && digits(sequence);
        if fits { Ok(Self(number)) } else { Err(bad()) }
    }
}

impl fmt::Display for CaseNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<&CaseNumber> for Value {
    fn from(number: &CaseNumber) -> Self {
        Self::Text(Some(number.0.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_type_it_in_many_ways() {
        let date = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        let number = CaseNumber::new("HC", date, 123);
        assert_eq!(number.as_str(), "HC20261123-000123");
        for text in [" hc20261123-000123", "HC20261123－000123", "Hc20261123—000123 "] {
            assert_eq!(text.parse::<CaseNumber>().as_ref(), Ok(&number));
        }
        for text in [
            "",
            "20261123-000123",
            "HC20261323-000123",
            "HC20261123-123",
            "HC20261123000123",
            "环20261123-000123",
        ] {
            assert!(text.parse::<CaseNumber>().is_err(), "{text}");
        }
    }
}
