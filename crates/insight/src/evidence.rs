//! How far a model's word can be trusted (把握的依据): its answers on cases that it had not seen, by how sure it was.
//!
//! A model that learned from few cases says 80 % and may mean anything. So it speaks only from where the
//! held-back answers bear it out, and says of an answer what they make of its own word. Where there are too few of
//! them to know, it keeps silent.
//!
//! Sources: Wilson, "Probable inference, the law of succession, and statistical inference" (1927) for the bounds;
//! Zadrozny & Elkan, "Obtaining calibrated probability estimates" (2001) for bands, here drawn towards the model's
//! own word; Ayer et al. (1955) for keeping them in order.

use std::collections::BTreeMap;

use linli_text::Suggester;
use serde::{Deserialize, Serialize};

/// Bands of five per cent.
const BANDS: usize = 20;
/// The model's own word counts like so many held-back answers of a band.
const OWN_WORD: f64 = 20.0;
/// One-sided 90 %.
const Z: f64 = 1.2816;

/// Answers of one band: given, and right.
type Band = (u32, u32);

/// What is known of the answers of one level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Level {
    bands: [Band; BANDS],
    /// Cases of the most common label: so many had been right without reading anything.
    common: u32,
}

/// Level by level of the answers, band by band.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence(Vec<Level>);

fn band(share: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the bands")]
    let at = (share.clamp(0.0, 1.0) * BANDS as f64) as usize;
    at.min(BANDS - 1)
}

/// Between which shares the true one lies, as far as so many right ones of so many can tell.
fn bounds((given, right): Band) -> (f64, f64) {
    if given == 0 {
        return (0.0, 1.0);
    }
    let (n, p) = (f64::from(given), f64::from(right) / f64::from(given));
    let middle = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + Z * Z / n;
    ((middle - half) / whole, (middle + half) / whole)
}

impl Evidence {
    /// Asks a model about cases whose answers are known; labels of several levels are judged at each.
    pub fn gather(model: &Suggester, cases: &[(String, String)], separator: char) -> Self {
        let mut evidence = Self::default();
        let mut labels: Vec<BTreeMap<&str, u32>> = Vec::new();
        for (text, truth) in cases {
            for (level, (answer, share)) in model.suggest_levels(text, separator).iter().enumerate() {
                let right = truth == answer
                    || truth.strip_prefix(answer.as_str()).is_some_and(|rest| rest.starts_with(separator));
                evidence.note(level, *share, right);
                let end = truth.match_indices(separator).nth(level).map_or(truth.len(), |(at, _)| at);
                labels.resize_with(labels.len().max(level + 1), BTreeMap::new);
                *labels[level].entry(&truth[..end]).or_default() += 1;
            }
        }
        for (level, counts) in evidence.0.iter_mut().zip(&labels) {
            level.common = counts.values().copied().max().unwrap_or(0);
        }
        evidence
    }

    fn note(&mut self, level: usize, share: f64, right: bool) {
        while self.0.len() <= level {
            self.0.push(Level { bands: [(0, 0); BANDS], common: 0 });
        }
        let band = &mut self.0[level].bands[band(share)];
        band.0 += 1;
        band.1 += u32::from(right);
    }

    /// How many levels its answers have.
    pub fn levels(&self) -> usize {
        self.0.len()
    }

    /// Whether the answers of a level are surely better than always giving the most common one.
    fn reads(level: &Level) -> bool {
        let all = level.bands.iter().fold((0, 0), |sum, band| (sum.0 + band.0, sum.1 + band.1));
        bounds(all).0 * f64::from(all.0) > f64::from(level.common)
    }

    /// The share from which on answers of a level are right as often as is asked for (`least`): all answers above
    /// it together surely are, and those just above it do not say otherwise. Nothing where no share will do, or
    /// where the model does no better than always giving the most common answer.
    pub fn floor(&self, level: usize, least: f64) -> Option<f64> {
        let Level { bands, .. } = self.0.get(level).filter(|level| Self::reads(level))?;
        let mut above = (0, 0);
        let mut found = None;
        for at in (band(least)..BANDS).rev() {
            above = (above.0 + bands[at].0, above.1 + bands[at].1);
            let next = bands.get(at + 1).copied().unwrap_or_default();
            let here = (bands[at].0 + next.0, bands[at].1 + next.1);
            if bounds(here).1 < least {
                break;
            }
            if bands[at].0 > 0 && bounds(above).0 >= least {
                found = Some(at);
            }
        }
        found.map(|at| least.max(at as f64 / BANDS as f64))
    }

    /// What an answer given with this share is worth: the model's own word, drawn towards what became of such
    /// answers, never less for a surer answer.
    pub fn honest(&self, level: usize, share: f64) -> f64 {
        let Some(Level { bands, .. }) = self.0.get(level) else { return share };
        let middle = |at: usize| (at as f64 + 0.5) / BANDS as f64;
        let mut pools: Vec<(f64, f64, usize)> = Vec::with_capacity(BANDS);
        for (at, &(given, right)) in bands.iter().enumerate() {
            let weight = f64::from(given) + OWN_WORD;
            let mut pool = ((f64::from(right) + OWN_WORD * middle(at)) / weight, weight, 1);
            // What is out of order is one pool with its mean.
            while let Some(&(value, other, many)) = pools.last().filter(|last| last.0 > pool.0) {
                let both = other + pool.1;
                pool = ((value * other + pool.0 * pool.1) / both, both, many + pool.2);
                pools.pop();
            }
            pools.push(pool);
        }
        let values: Vec<f64> = pools.iter().flat_map(|&(v, _, many)| std::iter::repeat_n(v, many)).collect();
        let place = share.clamp(0.0, 1.0) * BANDS as f64 - 0.5;
        let (low, part) = (place.floor().max(0.0), place - place.floor());
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and the bands"
        )]
        let low = (low as usize).min(BANDS - 1);
        let high = (low + 1).min(BANDS - 1);
        let drawn = |at: usize| values[at] - middle(at);
        let part = if place < 0.0 { 0.0 } else { part };
        (share + drawn(low) * (1.0 - part) + drawn(high) * part).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(rows: &[(f64, u32, u32)]) -> Evidence {
        let mut evidence = Evidence::default();
        for &(share, given, right) in rows {
            for n in 0..given {
                evidence.note(0, share, n < right);
            }
        }
        evidence
    }

    fn near(a: Option<f64>, b: f64) -> bool {
        a.is_some_and(|a| (a - b).abs() < 1e-9)
    }

    #[test]
    fn it_speaks_from_where_the_answers_bear_it_out() {
        let good = told(&[(0.97, 40, 39), (0.82, 30, 25), (0.62, 20, 13), (0.52, 20, 10)]);
        assert!(near(good.floor(0, 0.5), 0.5));
        assert!(near(good.floor(0, 0.8), 0.8));
        // Sure of itself and wrong: the more is asked for, the higher it must go, until nothing will do.
        let vain = told(&[(0.97, 40, 36), (0.82, 40, 16), (0.62, 40, 10)]);
        assert!(near(vain.floor(0, 0.7), 0.95));
        assert_eq!(vain.floor(0, 0.95), None);
        assert_eq!(vain.floor(1, 0.5), None, "no answers of that level were judged");
    }

    #[test]
    fn what_is_no_better_than_the_most_common_answer_is_not_said() {
        let mut evidence = told(&[(0.62, 100, 62)]);
        assert!(evidence.floor(0, 0.5).is_some());
        evidence.0[0].common = 60;
        assert_eq!(evidence.floor(0, 0.5), None);
    }

    #[test]
    fn evidence_is_gathered_level_by_level() {
        let rows: Vec<(String, String)> = (0..90)
            .map(|n| match n % 3 {
                0 => (format!("路灯坏了{n}盏"), "城建/市政/照明".to_owned()),
                1 => (format!("井盖丢了{n}个"), "城建/市政/井盖".to_owned()),
                _ => (format!("学校乱收费{n}元"), "教育/学校/收费".to_owned()),
            })
            .collect();
        let model = Suggester::train(&rows, linli_text::TrainOptions::default()).unwrap();
        let evidence = Evidence::gather(&model, &rows, '/');
        assert_eq!(evidence.levels(), 3);
        assert_eq!((evidence.0[0].common, evidence.0[2].common), (60, 30));
        assert!(evidence.floor(2, 0.5).is_some());
    }

    #[test]
    fn too_few_answers_are_no_evidence() {
        assert_eq!(Evidence::default().floor(0, 0.5), None);
        assert_eq!(told(&[(0.9, 1, 1)]).floor(0, 0.5), None);
        assert_eq!(told(&[(0.9, 4, 4)]).floor(0, 0.8), None);
        assert!(told(&[(0.9, 12, 12)]).floor(0, 0.8).is_some());
    }

    #[test]
    fn its_word_is_drawn_towards_what_became_of_it_and_stays_in_order() {
        assert!((Evidence::default().honest(0, 0.73) - 0.73).abs() < 1e-9);
        let vain = told(&[(0.925, 400, 200), (0.525, 400, 200)]);
        let (high, low) = (vain.honest(0, 0.925), vain.honest(0, 0.525));
        assert!((0.45..0.6).contains(&high) && (0.45..0.6).contains(&low), "{high} {low}");
        let mut last = 0.0;
        for step in 0..=100 {
            let now = vain.honest(0, f64::from(step) / 100.0);
            assert!(now >= last - 0.051 && (0.0..=1.0).contains(&now), "{step}: {now} after {last}");
            last = now;
        }
        let few = told(&[(0.925, 2, 0)]);
        assert!((0.84..0.9).contains(&few.honest(0, 0.925)), "two answers hardly count");
    }
}
