//! How right the readers are (评测指标): for a label per text, and for groups of texts.
//!
//! Sources: expected calibration error — Naeini, Cooper, Hauskrecht, AAAI 2015 (equal-width bins);
//! B-cubed — Bagga & Baldwin, "Entity-based cross-document coreferencing", 1998.
//! Invariants: every measure is between 0 and 1. Cost: linear in the number of answers; B-cubed by
//! counting pairs of groups.

use std::collections::BTreeMap;

/// One answer to judge: the true label, the answered one, and the confidence it was given with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// Index of the true label.
    pub truth: usize,
    /// Index of the answered label.
    pub answer: usize,
    /// Probability given to the answer.
    pub confidence: f64,
}

/// The figures of an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// Mean of the labels' F1, over the labels that occur in truth or answer.
    pub macro_f1: f64,
    /// Mean of the labels' F1 weighted by how often each is true.
    pub weighted_f1: f64,
    /// Share of right answers.
    pub accuracy: f64,
    /// Mean distance between confidence and share of right answers, over 15 bins.
    pub ece: f64,
    /// `confusion[truth][answer]` counts.
    pub confusion: Vec<Vec<usize>>,
}

const BINS: usize = 15;

/// Expected calibration error over 15 equal-width bins.
#[must_use]
pub fn expected_calibration_error(answers: &[Judged]) -> f64 {
    let mut bins = [(0.0_f64, 0.0_f64, 0_usize); BINS];
    for a in answers {
        let at = (0..BINS - 1).find(|&b| a.confidence <= (b + 1) as f64 / BINS as f64).unwrap_or(BINS - 1);
        let bin = &mut bins[at];
        bin.0 += a.confidence;
        bin.1 += f64::from(u8::from(a.truth == a.answer));
        bin.2 += 1;
    }
    let total = answers.len().max(1) as f64;
    bins.iter().map(|&(confidence, right, _)| (confidence - right).abs() / total).sum()
}

/// Judges answers over `labels` labels.
#[must_use]
pub fn judge(answers: &[Judged], labels: usize) -> Scores {
    let mut confusion = vec![vec![0_usize; labels]; labels];
    for a in answers {
        confusion[a.truth][a.answer] += 1;
    }
    let total = answers.len().max(1) as f64;
    let (mut sum, mut weighted, mut occurring, mut right) = (0.0, 0.0, 0_usize, 0_usize);
    for label in 0..labels {
        let hit = confusion[label][label];
        let is: usize = confusion[label].iter().sum();
        let said: usize = confusion.iter().map(|row| row[label]).sum();
        if is + said == 0 {
            continue;
        }
        let f1 = 2.0 * hit as f64 / (is + said) as f64;
        occurring += 1;
        right += hit;
        sum += f1;
        weighted += f1 * is as f64;
    }
    Scores {
        macro_f1: sum / occurring.max(1) as f64,
        weighted_f1: weighted / total,
        accuracy: right as f64 / total,
        ece: expected_calibration_error(answers),
        confusion,
    }
}

/// Precision, recall and F-beta of pairs: each item says whether the pair truly belongs together
/// and whether it was put together.
#[must_use]
pub fn pairwise(pairs: &[(bool, bool)], beta: f64) -> (f64, f64, f64) {
    let count = |truth, said| pairs.iter().filter(|&&p| p == (truth, said)).count() as f64;
    let (hit, false_alarm, missed) = (count(true, true), count(false, true), count(true, false));
    let share = |a: f64, b: f64| if a + b > 0.0 { a / (a + b) } else { 0.0 };
    let (precision, recall) = (share(hit, false_alarm), share(hit, missed));
    let b2 = beta * beta;
    let f = if precision + recall > 0.0 {
        (1.0 + b2) * precision * recall / (b2 * precision + recall)
    } else {
        0.0
    };
    (precision, recall, f)
}

/// B-cubed precision, recall and F1 of groupings: `truth[i]` and `said[i]` are item `i`'s groups.
#[must_use]
pub fn b_cubed(truth: &[usize], said: &[usize]) -> (f64, f64, f64) {
    let n = truth.len().min(said.len());
    let (mut both, mut a, mut b) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (&t, &s) in truth.iter().zip(said) {
        *both.entry((t, s)).or_insert(0_usize) += 1;
        *a.entry(t).or_insert(0_usize) += 1;
        *b.entry(s).or_insert(0_usize) += 1;
    }
    let (mut precision, mut recall) = (0.0, 0.0);
    for (&(t, s), &count) in &both {
        let square = (count * count) as f64;
        precision += square / b[&s] as f64;
        recall += square / a[&t] as f64;
    }
    let n = n.max(1) as f64;
    let (precision, recall) = (precision / n, recall / n);
    let f = if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 };
    (precision, recall, f)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(truth: usize, answer: usize, confidence: f64) -> Judged {
        Judged { truth, answer, confidence }
    }

    #[test]
    fn figures_by_hand() {
        let answers = [said(0, 0, 1.0), said(0, 1, 1.0), said(1, 1, 1.0), said(1, 1, 1.0)];
        let s = judge(&answers, 3);
        assert!((s.accuracy - 0.75).abs() < 1e-9);
        assert!((s.macro_f1 - f64::midpoint(2.0 / 3.0, 0.8)).abs() < 1e-9);
        assert!((s.ece - 0.25).abs() < 1e-9);
        assert_eq!(s.confusion[0], [1, 1, 0]);
    }

    #[test]
    fn groups_by_hand() {
        let (p, r, f) = b_cubed(&[0, 0, 0, 1], &[5, 5, 6, 6]);
        assert!((p - 0.75).abs() < 1e-9);
        assert!((r - (2.0 * 2.0 / 3.0 + 1.0 / 3.0 + 1.0) / 4.0).abs() < 1e-9);
        assert!(f > 0.69 && f < 0.71, "{f}");
        assert_eq!(b_cubed(&[1, 2, 2], &[0, 1, 1]), (1.0, 1.0, 1.0));
    }

    #[test]
    fn pairs_by_hand() {
        let (p, r, f) =
            pairwise(&[(true, true), (true, false), (false, true), (false, false), (true, true)], 0.5);
        assert!((p - 2.0 / 3.0).abs() < 1e-9 && (r - 2.0 / 3.0).abs() < 1e-9 && (f - 2.0 / 3.0).abs() < 1e-9);
    }
}
