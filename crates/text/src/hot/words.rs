//! The words of a message (热点用词): what is read of it, which county it names, and how common its runs are.

use std::collections::HashSet;

use crate::features::{inverse_frequency, runs};
use crate::hash::Map;
use crate::normalise::{fold, is_han};

/// Characters of the body that are read.
const BODY: usize = 500;

/// The county or area that a text names first: `A3区` of texts made anonymous, or 某某区 and 某某县.
pub(super) fn area(text: &str) -> Option<String> {
    const NONE: &str =
        "小社地片园校市新城郊景山矿灾特库发开战专辖该本全各我们住别心厂务服的在是是到于一二三四五六七八九个";
    let chars: Vec<char> = fold(text).chars().take(BODY).collect();
    for (at, &c) in chars.iter().enumerate().skip(2) {
        let digits = chars[..at].iter().rev().take_while(|d| d.is_ascii_digit()).count();
        if digits > 0 {
            let letter = at.checked_sub(digits + 1).map(|i| chars[i]);
            if "区县市".contains(c) && digits <= 2 && letter.is_some_and(|l| l.is_ascii_alphabetic()) {
                return Some(chars[at - digits - 1..=at].iter().collect());
            }
        } else if "区县".contains(c) && chars[at - 2..at].iter().all(|&h| is_han(h) && !NONE.contains(h)) {
            return Some(chars[at - 2..=at].iter().collect());
        }
    }
    None
}

/// How common each run is in the district's messages; learned once, refreshed when convenient.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Background {
    documents: Map<u64, u32>,
    total: u32,
}

impl Background {
    /// Counts the runs of one more message.
    pub fn learn(&mut self, title: &str, text: &str) {
        let mut seen = HashSet::new();
        for part in [readable(title), readable(text)] {
            runs(&part, 3, |_, length, key| {
                if length > 1 && seen.insert(key) {
                    *self.documents.entry(key).or_insert(0) += 1;
                }
            });
        }
        self.total += 1;
    }

    pub(super) fn weight(&self, key: u64) -> f32 {
        let n = self.documents.get(&key).copied().unwrap_or(0);
        inverse_frequency(n, self.total, 1.5)
    }

    pub(super) fn count(&self, key: u64) -> u32 {
        self.documents.get(&key).copied().unwrap_or(0)
    }
}

/// Folded characters without codes of cities and districts (`A3区`), which are everywhere.
pub(super) fn readable(text: &str) -> Vec<char> {
    let folded: Vec<char> = fold(text).chars().take(BODY).collect();
    let mut out = Vec::with_capacity(folded.len());
    let mut at = 0;
    while at < folded.len() {
        if folded[at].is_ascii_alphabetic() {
            let digits = folded[at + 1..].iter().take_while(|c| c.is_ascii_digit()).count();
            if digits <= 2 && folded.get(at + 1 + digits).is_some_and(|c| "市区县省".contains(*c)) {
                out.push(' ');
                at += digits + 2;
                continue;
            }
        }
        out.push(folded[at]);
        at += 1;
    }
    out
}
