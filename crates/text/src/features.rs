//! Texts as weighted character n-grams (字元特征).
//!
//! A folded text is read as all runs of one to three characters that do not cross a separator; no
//! segmenter and no dictionary, so that a wrong character or a new word costs two features instead
//! of the sentence. Runs are packed exactly into 63 bits (21 bits a character): no collisions.
//! A run counts twice over: `ln(1 + count)` with the beginning of the text counting more, for what a text is about, and
//! `1 + ln(count)` evenly, for which text it is like.
//!
//! Source: Salton & Buckley, "Term-weighting approaches in automatic text retrieval" (1988).
//! Invariants: ids are dense and sorted within a row; a run unseen in training has no id.
//! Cost: one map look-up per run; a message of 400 characters has about 800.

use crate::codec::{DecodeError, Reader, Writer};
use crate::hash::Map;
use crate::normalise::fold_features;

/// Longest text that is read; the rest of a longer one is ignored.
pub(crate) const MAX_CHARS: usize = 12_000;

/// Folds a text to the characters that features are made from.
pub(crate) fn characters(text: &str) -> Vec<char> {
    let end = text.char_indices().nth(MAX_CHARS).map_or(text.len(), |(at, _)| at);
    fold_features(&text[..end]).chars().collect()
}

/// Calls `each(start, length, key)` for every run of up to `longest` characters.
pub(crate) fn runs(chars: &[char], longest: usize, mut each: impl FnMut(usize, usize, u64)) {
    for start in 0..chars.len() {
        let mut key = 0;
        for (length, &c) in chars[start..].iter().take(longest.min(3)).enumerate() {
            if c == ' ' {
                break;
            }
            key = (key << 21) | u64::from(u32::from(c));
            each(start, length + 1, key);
        }
    }
}

/// Which runs are known, and in how many documents each was seen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Vocabulary {
    ids: Map<u64, u32>,
    keys: Vec<u64>,
    pub(crate) documents: Vec<u32>,
    pub(crate) total: u32,
    pub(crate) longest: usize,
    lead: Lead,
}

/// What stands at the beginning of a message says best what it is about (开头加权): a run at character `i` counts
/// `1 + weight · exp(-i / reach)` times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Lead {
    pub(crate) weight: f32,
    pub(crate) reach: f32,
}

impl Lead {
    fn at(self, start: usize) -> f32 {
        self.weight.mul_add((-(start as f32) / self.reach).exp(), 1.0)
    }
}

/// Sparse rows, one after the other: `ids[starts[i]..starts[i+1]]` belong to row `i`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    pub(crate) starts: Vec<usize>,
    pub(crate) ids: Vec<u32>,
    pub(crate) values: Vec<f32>,
}

impl Rows {
    pub(crate) fn new() -> Self {
        Self { starts: vec![0], ..Self::default() }
    }
    /// Room for as much as another has.
    pub(crate) fn with_capacity(like: &Self) -> Self {
        let mut rows = Self::new();
        rows.starts.reserve(like.len());
        rows.ids.reserve(like.ids.len());
        rows.values.reserve(like.values.len());
        rows
    }
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }
    pub(crate) fn row(&self, i: usize) -> (&[u32], &[f32]) {
        let range = self.starts[i]..self.starts[i + 1];
        (&self.ids[range.clone()], &self.values[range])
    }
    /// The features of one row with their values.
    pub(crate) fn pairs(&self, i: usize) -> impl Iterator<Item = (u32, f32)> + '_ {
        let (ids, values) = self.row(i);
        ids.iter().copied().zip(values.iter().copied())
    }
    pub(crate) fn push(&mut self, row: impl IntoIterator<Item = (u32, f32)>) {
        for (id, value) in row {
            self.ids.push(id);
            self.values.push(value);
        }
        self.starts.push(self.ids.len());
    }
}

/// The runs of one text by id, counted in the two ways that the readers want.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Counts {
    /// With the beginning counting more.
    pub(crate) led: Vec<(u32, f32)>,
    /// Evenly.
    pub(crate) even: Vec<(u32, f32)>,
}

impl Vocabulary {
    /// Learns the runs that occur in at least `min_documents` texts, at most `limit` of them (the
    /// most widespread first).
    pub(crate) fn learn(
        texts: &[Vec<char>],
        longest: usize,
        min_documents: u32,
        limit: usize,
        lead: Lead,
    ) -> Self {
        let mut seen: Map<u64, (u32, u32)> = Map::default();
        for (number, chars) in (1_u32..).zip(texts) {
            runs(chars, longest, |_, _, key| {
                let entry = seen.entry(key).or_insert((0, 0));
                if entry.1 != number {
                    *entry = (entry.0 + 1, number);
                }
            });
        }
        let mut kept: Vec<(u64, u32)> = seen
            .into_iter()
            .filter(|&(_, (n, _))| n >= min_documents)
            .map(|(key, (n, _))| (key, n))
            .collect();
        kept.sort_unstable_by_key(|&(key, n)| (std::cmp::Reverse(n), key));
        kept.truncate(limit);
        Self::from_parts(kept, u32::try_from(texts.len()).unwrap_or(u32::MAX), longest, lead)
    }

    fn from_parts(kept: Vec<(u64, u32)>, total: u32, longest: usize, lead: Lead) -> Self {
        let (keys, documents): (Vec<u64>, Vec<u32>) = kept.into_iter().unzip();
        let ids = keys.iter().zip(0_u32..).map(|(&key, id)| (key, id)).collect();
        Self { ids, keys, documents, total, longest, lead }
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn id(&self, key: u64) -> Option<u32> {
        self.ids.get(&key).copied()
    }

    /// The known runs of a text, ordered by id.
    pub(crate) fn counts(&self, chars: &[char]) -> Counts {
        let mut found: Vec<(u32, f32)> = Vec::with_capacity(chars.len() * self.longest);
        let (mut at, mut weight) = (usize::MAX, 0.0);
        runs(chars, self.longest, |start, _, key| {
            if start != at {
                (at, weight) = (start, self.lead.at(start));
            }
            found.extend(self.id(key).map(|id| (id, weight)));
        });
        found.sort_unstable_by_key(|&(id, _)| id);
        let mut counts = Counts::default();
        for same in found.chunk_by(|a, b| a.0 == b.0) {
            counts.led.push((same[0].0, same.iter().map(|&(_, w)| w).sum::<f32>().ln_1p()));
            counts.even.push((same[0].0, 1.0 + (same.len() as f32).ln()));
        }
        counts
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        w.u32(self.total);
        w.len(self.longest);
        w.f32(self.lead.weight);
        w.f32(self.lead.reach);
        w.list(&self.keys, |w, &key| w.u64(key));
        w.list(&self.documents, |w, &n| w.u32(n));
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (total, longest) = (r.u32()?, r.len()?);
        let lead = Lead { weight: r.f32()?, reach: r.f32()? };
        let (keys, documents) = (r.list(Reader::u64)?, r.list(Reader::u32)?);
        if keys.len() != documents.len() || longest > 3 {
            return Err(DecodeError::Damaged);
        }
        Ok(Self::from_parts(keys.into_iter().zip(documents).collect(), total, longest, lead))
    }
}

/// Inverse document frequency to a power, smoothed as if one more document held every run.
pub(crate) fn inverse_frequency(documents: u32, total: u32, power: f32) -> f32 {
    ((1.0 + total as f32) / (1.0 + documents as f32)).ln().mul_add(1.0, 1.0).powf(power)
}

/// Scales a row to unit length; an empty row stays empty.
pub(crate) fn unit(row: &mut [(u32, f32)]) {
    let square: f32 = row.iter().map(|&(_, v)| v * v).sum();
    if square > 0.0 {
        let scale = square.sqrt().recip();
        for (_, v) in row {
            *v *= scale;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVEN: Lead = Lead { weight: 0.0, reach: 80.0 };

    #[test]
    fn the_beginning_counts_more() {
        let texts = texts(&["灯一二三四五六七八九十百千万亿水", "水一二三四五六七八九十百千万亿灯"]);
        let v = Vocabulary::learn(&texts, 1, 1, usize::MAX, Lead { weight: 2.0, reach: 5.0 });
        let of = |text: usize, c: char| {
            let id = v.id(u64::from(u32::from(c))).unwrap();
            v.counts(&texts[text]).led.into_iter().find(|&(i, _)| i == id).unwrap().1
        };
        assert!(of(0, '灯') > of(0, '水') && of(1, '水') > of(1, '灯'));
        assert!((of(0, '灯') - 4.0_f32.ln()).abs() < 1e-6, "one at the very beginning counts three times");
    }

    fn texts(list: &[&str]) -> Vec<Vec<char>> {
        list.iter().map(|t| characters(t)).collect()
    }

    #[test]
    fn runs_stay_within_words() {
        let mut got = Vec::new();
        runs(&characters("路灯,坏"), 2, |start, length, _| got.push((start, length)));
        assert_eq!(got, [(0, 1), (0, 2), (1, 1), (3, 1)]);
    }

    #[test]
    fn different_runs_have_different_keys() {
        let mut keys = Vec::new();
        runs(&characters("路灯路坏了灯路"), 3, |start, length, key| keys.push((key, start, length)));
        let chars = characters("路灯路坏了灯路");
        for a in &keys {
            for b in &keys {
                let same = chars[a.1..a.1 + a.2] == chars[b.1..b.1 + b.2];
                assert_eq!(a.0 == b.0, same);
            }
        }
    }

    #[test]
    fn rare_runs_are_dropped_and_counts_are_dampened() {
        let texts = texts(&["灯灯灯 水", "灯 火", "火"]);
        let v = Vocabulary::learn(&texts, 1, 2, usize::MAX, EVEN);
        assert_eq!(v.len(), 2);
        let counts = v.counts(&texts[0]);
        assert_eq!((counts.led.len(), counts.even.len()), (1, 1));
        assert!((counts.led[0].1 - 4.0_f32.ln()).abs() < 1e-6);
        assert!((counts.even[0].1 - 1.0 - 3.0_f32.ln()).abs() < 1e-6);
        assert_eq!(v.counts(&characters("全新")), Counts::default());
    }

    #[test]
    fn the_limit_keeps_the_most_widespread() {
        let texts = texts(&["甲 乙", "甲 丙", "甲 乙"]);
        let v = Vocabulary::learn(&texts, 1, 1, 2, EVEN);
        assert_eq!(v.documents, [3, 2]);
    }
}
