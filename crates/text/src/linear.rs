//! Linear separators, one per label, learned together (线性支持向量机).
//!
//! L2-regularised, squared-hinge support vector machines, one label against the rest, by dual
//! coordinate descent. The weights of all labels for one feature lie side by side (padded to a
//! multiple of eight), so that one pass over a document serves every label.
//!
//! Source: Hsieh, Chang, Lin, Keerthi, Sundararajan, "A dual coordinate descent method for
//! large-scale linear SVM", ICML 2008 (algorithm 1; the bias is a constant feature of value 1).
//! Invariants: deterministic for a seed; dual variables never negative.
//! Cost: passes × non-zero features × labels; 6,000 messages with 7 labels in about a second.

use crate::codec::{DecodeError, Reader, Writer};
use crate::features::Rows;
use crate::hash::Rng;

/// Labels are handled in groups of this many.
const LANE: usize = 8;

/// Weights of every label for every feature.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Linear {
    labels: usize,
    stride: usize,
    weights: Vec<f32>,
    bias: Vec<f32>,
}

/// How to train.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LinearParams {
    /// Price of a training error against a short weight vector.
    pub(crate) cost: f32,
    /// Passes over the data at most.
    pub(crate) passes: usize,
    /// Order of visiting.
    pub(crate) seed: u64,
}

impl Linear {
    /// How many dual variables a row has.
    pub(crate) fn duals(labels: usize) -> usize {
        labels.div_ceil(LANE) * LANE
    }

    /// Weights that belong to the dual variables (a padded row of them for every row) of the chosen rows.
    pub(crate) fn from_duals(
        rows: &Rows,
        targets: &[u32],
        chosen: &[usize],
        features: usize,
        labels: usize,
        alpha: &[f32],
    ) -> Self {
        let stride = Self::duals(labels);
        let mut model =
            Self { labels, stride, weights: vec![0.0; features * stride], bias: vec![0.0; stride] };
        let mut steps = vec![0.0_f32; stride];
        for &i in chosen {
            let own = &alpha[i * stride..(i + 1) * stride];
            if own.iter().all(|&a| a == 0.0) {
                continue;
            }
            for (label, (step, &a)) in steps.iter_mut().zip(own).enumerate() {
                *step = if label == targets[i] as usize { a } else { -a };
            }
            let (ids, values) = rows.row(i);
            model.add(ids, values, &steps);
        }
        model
    }

    /// Trains on the chosen rows, going on from the dual variables that are given and leaving them where it ended. The
    /// optimum is the same wherever it starts.
    pub(crate) fn train(
        rows: &Rows,
        targets: &[u32],
        chosen: &[usize],
        features: usize,
        labels: usize,
        params: LinearParams,
        alpha: &mut [f32],
    ) -> Self {
        let mut model = Self::from_duals(rows, targets, chosen, features, labels, alpha);
        let stride = model.stride;
        let diagonal = 0.5 / params.cost;
        let squares: Vec<f32> = chosen
            .iter()
            .map(|&i| 1.0 + diagonal + rows.row(i).1.iter().map(|v| v * v).sum::<f32>())
            .collect();
        let mut order: Vec<usize> = (0..chosen.len()).collect();
        let mut rng = Rng::new(params.seed);
        let (mut scores, mut steps) = (vec![0.0_f32; stride], vec![0.0_f32; stride]);
        for _ in 0..params.passes {
            rng.shuffle(&mut order);
            let mut largest = 0.0_f32;
            for &at in &order {
                let i = chosen[at];
                let (ids, values) = rows.row(i);
                model.scores_into(ids, values, &mut scores);
                let own = targets[i] as usize;
                let mut moved = 0.0_f32;
                for (label, a) in alpha[i * stride..i * stride + labels].iter_mut().enumerate() {
                    let sign = if label == own { 1.0 } else { -1.0 };
                    let gradient = sign * scores[label] - 1.0 + diagonal * *a;
                    let next = (*a - gradient / squares[at]).max(0.0);
                    steps[label] = (next - *a) * sign;
                    moved = moved.max((next - *a).abs());
                    *a = next;
                }
                largest = largest.max(moved);
                if moved > 1e-4 {
                    model.add(ids, values, &steps);
                }
            }
            if largest < 0.02 {
                break;
            }
        }
        model
    }

    fn add(&mut self, ids: &[u32], values: &[f32], steps: &[f32]) {
        for (b, s) in self.bias.iter_mut().zip(steps) {
            *b += s;
        }
        for (&id, &value) in ids.iter().zip(values) {
            let start = id as usize * self.stride;
            let row = &mut self.weights[start..start + self.stride];
            for (w, s) in row.chunks_exact_mut(LANE).zip(steps.chunks_exact(LANE)) {
                for lane in 0..LANE {
                    w[lane] += value * s[lane];
                }
            }
        }
    }

    /// Scores of all labels (padded) for one row.
    fn scores_into(&self, ids: &[u32], values: &[f32], out: &mut [f32]) {
        out.copy_from_slice(&self.bias);
        for (&id, &value) in ids.iter().zip(values) {
            let start = id as usize * self.stride;
            let row = &self.weights[start..start + self.stride];
            for (o, w) in out.chunks_exact_mut(LANE).zip(row.chunks_exact(LANE)) {
                for lane in 0..LANE {
                    o[lane] += value * w[lane];
                }
            }
        }
    }

    /// Scores of all labels for the features and values of one row.
    pub(crate) fn scores(&self, (ids, values): (&[u32], &[f32])) -> Vec<f32> {
        let mut out = vec![0.0; self.stride];
        self.scores_into(ids, values, &mut out);
        out.truncate(self.labels);
        out
    }

    /// The weights of one feature, a value per label.
    pub(crate) fn feature(&self, id: u32) -> &[f32] {
        let start = id as usize * self.stride;
        &self.weights[start..start + self.labels]
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        w.len(self.labels);
        w.list(&self.bias[..self.labels], |w, &v| w.f32(v));
        w.len(self.weights.len() / self.stride.max(1));
        for row in self.weights.chunks_exact(self.stride.max(1)) {
            for &v in &row[..self.labels] {
                w.f32(v);
            }
        }
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let labels = r.len()?;
        let mut bias = r.list(Reader::f32)?;
        if bias.len() != labels {
            return Err(DecodeError::Damaged);
        }
        let stride = labels.div_ceil(LANE) * LANE;
        bias.resize(stride, 0.0);
        let features = r.len()?;
        let mut weights = Vec::new();
        for _ in 0..features {
            for _ in 0..labels {
                weights.push(r.f32()?);
            }
            weights.resize(weights.len() + stride - labels, 0.0);
        }
        Ok(Self { labels, stride, weights, bias })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toy(labels: u32) -> (Rows, Vec<u32>) {
        let mut rows = Rows::new();
        let mut targets = Vec::new();
        for i in 0..labels * 20 {
            let label = i % labels;
            rows.push([(label, 0.9), (labels + i % 3, 0.4)]);
            targets.push(label);
        }
        (rows, targets)
    }

    fn cold(rows: &Rows, targets: &[u32], features: usize, labels: usize, params: LinearParams) -> Linear {
        let all: Vec<usize> = (0..rows.len()).collect();
        let mut alpha = vec![0.0; rows.len() * Linear::duals(labels)];
        Linear::train(rows, targets, &all, features, labels, params, &mut alpha)
    }

    #[test]
    fn going_on_from_elsewhere_ends_at_the_same_weights() {
        let (mut rows, mut targets) = toy(3);
        for i in 0..30_u32 {
            rows.push([(i % 3, 0.5), (3 + i % 2, 0.8)]);
            targets.push(i % 5 % 3);
        }
        let params = LinearParams { cost: 1.0, passes: 3000, seed: 1 };
        let fewer: Vec<usize> = (0..rows.len()).filter(|i| i % 4 != 1).collect();
        let train = |alpha: &mut [f32]| Linear::train(&rows, &targets, &fewer, 6, 3, params, alpha);
        let from_nothing = train(&mut vec![0.0; rows.len() * 8]);
        let all: Vec<usize> = (0..rows.len()).collect();
        let mut alpha = vec![0.0; rows.len() * 8];
        let of_all = Linear::train(&rows, &targets, &all, 6, 3, params, &mut alpha);
        let again = Linear::from_duals(&rows, &targets, &all, 6, 3, &alpha);
        let from_all = train(&mut alpha);
        let apart = |a: &Linear, b: &Linear| {
            a.weights.iter().zip(&b.weights).fold(0.0_f32, |top, (a, b)| top.max((a - b).abs()))
        };
        assert!(apart(&from_nothing, &from_all) < 0.03, "{}", apart(&from_nothing, &from_all));
        assert!(apart(&of_all, &again) < 1e-3, "{}", apart(&of_all, &again));
        assert!(apart(&of_all, &from_all) > 0.05, "the fewer are another task");
    }

    #[test]
    fn separates_what_can_be_separated_for_any_number_of_labels() {
        for labels in [2_u32, 7, 8, 9, 20] {
            let (rows, targets) = toy(labels);
            let params = LinearParams { cost: 1.0, passes: 20, seed: 1 };
            let model = cold(&rows, &targets, labels as usize + 3, labels as usize, params);
            for label in 0..labels {
                let scores = model.scores((&[label, labels], &[0.9, 0.4]));
                let best = (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap();
                assert_eq!(best, label as usize);
            }
        }
    }

    #[test]
    fn reaches_the_optimum_of_the_dual() {
        // One feature, two points (+1 and -1 at x = ±1), no bias by symmetry: minimising
        // w²/2 + C·2·(1 - w)² gives w = 4C / (1 + 4C).
        let mut rows = Rows::new();
        rows.push([(0, 1.0)]);
        rows.push([(0, -1.0)]);
        let params = LinearParams { cost: 1.0, passes: 2000, seed: 1 };
        let model = cold(&rows, &[0, 1], 1, 2, params);
        assert!((model.feature(0)[0] - 0.8).abs() < 0.02, "{:?}", model.feature(0));
        assert!((model.feature(0)[1] + 0.8).abs() < 0.02);
    }

    #[test]
    fn survives_bytes() {
        let (rows, targets) = toy(9);
        let model = cold(&rows, &targets, 12, 9, LinearParams { cost: 1.0, passes: 3, seed: 1 });
        let mut w = Writer::new(*b"linliln1", 1);
        model.write(&mut w);
        let bytes = w.finish();
        let mut r = Reader::new(&bytes, *b"linliln1", 1).unwrap();
        assert_eq!(Linear::read(&mut r).unwrap(), model);
    }
}
