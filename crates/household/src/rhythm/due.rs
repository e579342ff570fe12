//! How often a home is visited (走访频次): once a quarter, where somebody needs care more often.

use chrono::{Datelike as _, NaiveDate};
use linli_kernel::Timestamp;

use crate::model::CareKind;

/// Days of a quarter, as the table counts.
const QUARTER: i64 = 90;

/// With this mark somebody comes by every so many days.
pub const fn every(kind: CareKind) -> i64 {
    match kind {
        CareKind::LivesAlone => 15,
        CareKind::VeryOld | CareKind::Disabled | CareKind::Maternity | CareKind::Medication => 30,
        CareKind::Infant | CareKind::Language => 45,
    }
}

/// Visits that a home needs in a quarter: that of its most urgent mark, one without marks.
pub fn needed(care: &[CareKind]) -> i64 {
    care.iter().map(|kind| QUARTER / every(*kind)).max().unwrap_or(1)
}

/// A quarter of the year, in China.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quarter {
    /// The year.
    pub year: i32,
    /// One to four.
    pub nth: u32,
}

impl Quarter {
    /// The one of an instant.
    pub fn of(at: Timestamp) -> Self {
        let day = at.china_date();
        Self { year: day.year(), nth: day.month0() / 3 + 1 }
    }

    /// When it begins.
    pub fn start(self) -> Timestamp {
        let first = NaiveDate::from_ymd_opt(self.year, (self.nth - 1) * 3 + 1, 1);
        Timestamp::china_midnight(first.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn care_comes_more_often() {
        assert_eq!(needed(&[]), 1);
        assert_eq!(needed(&[CareKind::Language]), 2);
        assert_eq!(needed(&[CareKind::Infant, CareKind::LivesAlone]), 6);
        assert!(CareKind::ALL.iter().all(|kind| needed(&[*kind]) > 1));
    }

    #[test]
    fn quarters_begin_at_midnight_in_china() {
        let of = |text: &str| Quarter::of(text.parse().unwrap());
        assert_eq!(of("2026-09-30T23:59:59+08:00"), Quarter { year: 2026, nth: 3 });
        assert_eq!(of("2026-10-01T00:00:00+08:00"), Quarter { year: 2026, nth: 4 });
        assert_eq!(of("2026-12-31T18:00:00Z"), Quarter { year: 2027, nth: 1 });
        let start = Quarter { year: 2026, nth: 4 }.start();
        assert_eq!(start.rfc3339(), "2026-10-01T00:00:00+08:00");
    }
}
