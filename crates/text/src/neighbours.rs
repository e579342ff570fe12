//! The most similar known cases vote (近邻).
//!
//! A linear separator sees every word by itself; the closest earlier cases see the mixture. Their
//! vote makes the two together better than either (docs/text.md). An inverted index over the
//! runs that occur in at most a tenth of the cases gives cosine similarities; the `VOTERS` best
//! vote with the square of theirs.
//!
//! Source: Yang, "An evaluation of statistical approaches to text categorization" (1999), kNN.
//! Invariants: at most `MOST` cases are kept, an even sample when there are more; votes sum to 1,
//! or are all 0 when nothing similar is known.
//! Cost: one addition per posting; about 26,000 for a message of 400 characters in 6,400 cases.

use crate::codec::{DecodeError, Reader, Writer};
use crate::features::Rows;

/// Most cases that are kept.
pub(crate) const MOST: usize = 20_000;
/// How many vote.
const VOTERS: usize = 30;
/// Runs in a larger share of the cases are left out.
const COMMON: f32 = 0.1;

/// Index of known cases by their features.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Neighbours {
    starts: Vec<u32>,
    cases: Vec<u16>,
    values: Vec<f32>,
    targets: Vec<u32>,
    labels: usize,
}

/// Which features are rare enough to tell cases apart.
pub(crate) fn telling(documents: &[u32], total: u32) -> Vec<bool> {
    let most = (COMMON * total as f32).max(3.0);
    documents.iter().map(|&n| n as f32 <= most).collect()
}

impl Neighbours {
    /// Builds the index over the chosen rows, whose values are already of unit length.
    pub(crate) fn build(
        rows: &Rows,
        targets: &[u32],
        chosen: &[usize],
        features: usize,
        labels: usize,
    ) -> Self {
        let step = Self::step(chosen.len());
        let kept: Vec<usize> = chosen.iter().copied().step_by(step).collect();
        let mut starts = vec![0_u32; features + 1];
        for &i in &kept {
            for &id in rows.row(i).0 {
                starts[id as usize + 1] += 1;
            }
        }
        for at in 0..features {
            starts[at + 1] += starts[at];
        }
        let mut next = starts.clone();
        let size = starts.last().map_or(0, |&n| n as usize);
        let (mut cases, mut values) = (vec![0_u16; size], vec![0.0_f32; size]);
        for (case, &i) in (0_u16..).zip(&kept) {
            let (ids, row) = rows.row(i);
            for (&id, &value) in ids.iter().zip(row) {
                let slot = next[id as usize] as usize;
                cases[slot] = case;
                values[slot] = value;
                next[id as usize] += 1;
            }
        }
        Self { starts, cases, values, targets: kept.iter().map(|&i| targets[i]).collect(), labels }
    }

    /// The vote per label for a row of unit length.
    pub(crate) fn votes(&self, row: &[(u32, f32)]) -> Vec<f32> {
        self.votes_without(row, |_| false)
    }

    /// Which of so many rows are kept: every how manyth.
    pub(crate) fn step(rows: usize) -> usize {
        rows.div_ceil(MOST).max(1)
    }

    /// The vote of the cases that are not left out.
    pub(crate) fn votes_without(&self, row: &[(u32, f32)], left_out: impl Fn(usize) -> bool) -> Vec<f32> {
        let mut sums = vec![0.0_f32; self.targets.len()];
        for &(id, value) in row {
            let range = self.starts[id as usize] as usize..self.starts[id as usize + 1] as usize;
            for (&case, &other) in self.cases[range.clone()].iter().zip(&self.values[range]) {
                sums[case as usize] += value * other;
            }
        }
        let mut close: Vec<(f32, u32)> = Vec::with_capacity(4 * VOTERS);
        let mut bar = 0.0_f32;
        for (case, (&sum, &target)) in sums.iter().zip(&self.targets).enumerate() {
            if sum > bar && !left_out(case) {
                close.push((sum, target));
                if close.len() == 4 * VOTERS {
                    close.select_nth_unstable_by(VOTERS - 1, |a, b| b.0.total_cmp(&a.0));
                    close.truncate(VOTERS);
                    bar = close[VOTERS - 1].0;
                }
            }
        }
        if close.len() > VOTERS {
            close.select_nth_unstable_by(VOTERS - 1, |a, b| b.0.total_cmp(&a.0));
            close.truncate(VOTERS);
        }
        let mut votes = vec![0.0; self.labels];
        let total: f32 = close.iter().map(|&(s, _)| s * s).sum();
        for (sum, target) in close {
            votes[target as usize] += sum * sum / total;
        }
        votes
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        w.len(self.labels);
        w.list(&self.starts, |w, &v| w.u32(v));
        w.list(&self.cases, |w, &v| {
            let [a, b] = v.to_le_bytes();
            w.u8(a);
            w.u8(b);
        });
        w.list(&self.values, |w, &v| w.f32(v));
        w.list(&self.targets, |w, &v| w.u32(v));
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let labels = r.len()?;
        let starts = r.list(Reader::u32)?;
        let cases = r.list(|r| Ok(u16::from_le_bytes([r.u8()?, r.u8()?])))?;
        let values = r.list(Reader::f32)?;
        let targets = r.list(Reader::u32)?;
        let whole = starts.last().map_or(0, |&n| n as usize) == cases.len()
            && cases.len() == values.len()
            && starts.is_sorted()
            && cases.iter().all(|&c| (c as usize) < targets.len())
            && targets.iter().all(|&t| (t as usize) < labels);
        if whole { Ok(Self { starts, cases, values, targets, labels }) } else { Err(DecodeError::Damaged) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_cases_decide() {
        let mut rows = Rows::new();
        for i in 0..200_u32 {
            rows.push([(i % 4, 1.0)]);
        }
        let targets: Vec<u32> = (0..200).map(|i| u32::from(i % 4 == 2)).collect();
        let all: Vec<usize> = (0..200).collect();
        let index = Neighbours::build(&rows, &targets, &all, 4, 2);
        let clear = index.votes(&[(2, 1.0)]);
        assert!(clear[0] < 1e-4 && clear[1] > 0.999, "{clear:?}");
        let mixed = index.votes(&[(2, 0.8), (1, 0.6)]);
        assert!(mixed[1] > 0.99, "{mixed:?}");
        assert_eq!(index.votes(&[]), [0.0, 0.0]);
        let fewer: Vec<usize> = all.iter().copied().filter(|i| i % 3 != 0).collect();
        let without = Neighbours::build(&rows, &targets, &fewer, 4, 2);
        let question = [(2, 0.8), (1, 0.6)];
        assert_eq!(index.votes_without(&question, |case| case % 3 == 0), without.votes(&question));
    }

    #[test]
    fn votes_sum_to_one_and_survive_bytes() {
        let mut rows = Rows::new();
        for i in 0..500_u32 {
            rows.push([(i % 7, 0.6), (7 + i % 5, 0.8)]);
        }
        let targets: Vec<u32> = (0..500).map(|i| i % 3).collect();
        let all: Vec<usize> = (0..500).collect();
        let index = Neighbours::build(&rows, &targets, &all, 12, 3);
        let votes = index.votes(&[(0, 0.6), (9, 0.8)]);
        assert!((votes.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        let mut w = Writer::new(*b"linlinb1", 1);
        index.write(&mut w);
        let bytes = w.finish();
        assert_eq!(Neighbours::read(&mut Reader::new(&bytes, *b"linlinb1", 1).unwrap()).unwrap(), index);
    }
}
