//! The draw of a spot check (抽样): from a seed and the list of homes, the same sample for anybody who draws again.
//!
//! A home's lot is the SHA-256 of `seed:number`; the lowest lots are the sample. One needs no program of ours to
//! make it again.

use linli_kernel::{Timestamp, hex};
use sha2::{Digest as _, Sha256};

/// Homes of one sample.
pub const SAMPLE: usize = 12;

/// A month in China, counted from the year nought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(pub i64);

impl Month {
    /// The one of an instant.
    pub fn of(at: Timestamp) -> Self {
        use chrono::Datelike as _;
        let day = at.china_date();
        Self(i64::from(day.year()) * 12 + i64::from(day.month0()))
    }

    /// From `2026-11`; nothing where it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let (year, month): (i64, i64) = (year.parse().ok()?, month.parse().ok()?);
        ((2000..=2200).contains(&year) && (1..=12).contains(&month)).then_some(Self(year * 12 + month - 1))
    }

    /// The year.
    pub const fn year(self) -> i64 {
        self.0.div_euclid(12)
    }

    /// One to twelve.
    pub const fn number(self) -> i64 {
        self.0.rem_euclid(12) + 1
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
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{:02}", self.year(), self.number())
    }
}

/// Numbers in ascending order as ranges: `1-40,57,90-120`. A grid's homes stand together, so this is short.
pub(super) fn frame_text(numbers: &[i64]) -> String {
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    for &n in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == n => *last = n,
            _ => ranges.push((n, n)),
        }
    }
    let word = |&(first, last): &(i64, i64)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    ranges.iter().map(word).collect::<Vec<_>>().join(",")
}

/// The numbers of [`frame_text`]; nothing where it is not one.
pub(super) fn read_frame(text: &str) -> Option<Vec<i64>> {
    /// No grid has so many homes; a broken text shall not fill the memory.
    const TOO_MANY: i64 = 1_000_000;
    let mut numbers = Vec::new();
    for range in text.split(',').filter(|r| !r.is_empty()) {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (i64, i64) = (first.parse().ok()?, last.parse().ok()?);
        if last < first || last.checked_sub(first)? > TOO_MANY {
            return None;
        }
        numbers.extend(first..=last);
    }
    Some(numbers)
}

/// SHA-256 in hexadecimal digits.
pub(super) fn digest(text: &str) -> String {
    hex(Sha256::digest(text.as_bytes()))
}

/// The sample, in ascending order of the homes' numbers.
pub(super) fn draw(seed: &str, frame: &[i64], size: usize) -> Vec<i64> {
    let mut lots: Vec<(String, i64)> = frame.iter().map(|n| (digest(&format!("{seed}:{n}")), *n)).collect();
    lots.sort();
    let mut sample: Vec<i64> = lots.into_iter().take(size).map(|(_, n)| n).collect();
    sample.sort_unstable();
    sample
}

/// What drawing again says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Again {
    /// The list of homes is the one of which the digest was kept.
    pub frame: bool,
    /// The same homes come out.
    pub sample: bool,
}

impl Again {
    /// Both are as recorded.
    pub const fn same(self) -> bool {
        self.frame && self.sample
    }
}

/// Draws again from what was recorded, and compares.
pub(super) fn again(seed: &str, frame: &str, kept: &str, sample: &[i64]) -> Again {
    let numbers = read_frame(frame);
    Again {
        frame: numbers.is_some() && digest(frame) == kept,
        sample: numbers.is_some_and(|numbers| draw(seed, &numbers, SAMPLE) == sample),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_draw_is_as_written_down() {
        // printf 's:7' | sha256sum — by the usual tools, not by ours.
        assert_eq!(digest("s:7"), digest("s:7").to_lowercase());
        assert_eq!(digest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let frame: Vec<i64> = (1..=300).collect();
        let sample = draw("s", &frame, SAMPLE);
        assert_eq!(sample.len(), SAMPLE);
        assert_eq!(draw("s", &frame.iter().rev().copied().collect::<Vec<_>>(), SAMPLE), sample);
        assert_ne!(draw("t", &frame, SAMPLE), sample);
        assert_eq!(draw("s", &[4, 9], SAMPLE), [4, 9]);
    }

    #[test]
    fn whatever_was_touched_is_seen() {
        let frame = frame_text(&(1..=100).collect::<Vec<_>>());
        let (kept, sample) = (digest(&frame), draw("s", &(1..=100).collect::<Vec<_>>(), SAMPLE));
        assert!(again("s", &frame, &kept, &sample).same());
        assert_eq!(again("t", &frame, &kept, &sample), Again { frame: true, sample: false });
        let longer = frame_text(&(1..=101).collect::<Vec<_>>());
        assert!(!again("s", &longer, &kept, &sample).frame);
        let other: Vec<i64> = (1..=12).collect();
        assert!(!again("s", &frame, &kept, &other).sample);
        assert_eq!(again("s", "1-x", &kept, &sample), Again { frame: false, sample: false });
        assert_eq!(read_frame("1-9999999999"), None);
    }

    #[test]
    fn months_of_china() {
        let month = Month::of("2026-11-30T17:00:00Z".parse().unwrap());
        assert_eq!(month.to_string(), "2026-12");
        assert_eq!(month.next().to_string(), "2027-01");
        assert_eq!(Month::parse("2027-01").map(Month::before), Some(month));
        for rubbish in ["", "2026", "2026-13", "x-1", "99999-01"] {
            assert_eq!(Month::parse(rubbish), None, "{rubbish}");
        }
    }

    proptest! {
        #[test]
        fn a_frame_is_read_as_it_was_written(numbers in proptest::collection::btree_set(1i64..5000, 0..300)) {
            let numbers: Vec<i64> = numbers.into_iter().collect();
            prop_assert_eq!(read_frame(&frame_text(&numbers)), Some(numbers));
        }

        #[test]
        fn every_home_has_its_chance(seed in "[0-9a-f]{8}") {
            let sample = draw(&seed, &(1..=50).collect::<Vec<_>>(), SAMPLE);
            prop_assert!(sample.windows(2).all(|w| w[0] < w[1]) && sample.len() == SAMPLE);
        }
    }
}
