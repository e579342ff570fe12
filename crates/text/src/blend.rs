//! From scores to honest probabilities (校准).
//!
//! A small multinomial logistic regression reads the scores of the separators and the votes of
//! the neighbours, both made for texts that neither has seen (cross-fitting), and answers
//! probabilities. Because it is trained on unseen texts by log-likelihood, it is the calibration:
//! among the suggestions given with 0.8, about eight in ten are right.
//!
//! Source: Wolpert, "Stacked generalization" (1992); Platt, "Probabilistic outputs for support
//! vector machines" (1999) for calibrating on held-out scores.
//! Invariants: probabilities sum to 1; deterministic. With more than `FULL` labels each label reads
//! only its own score and vote, so that parameters stay fewer than examples.
//! Cost: accelerated gradient, at most 400 passes over two numbers per label and example.

use crate::codec::{DecodeError, Reader, Writer};

/// Up to this many labels, every label reads the scores of all.
const FULL: usize = 16;
/// Penalty on the squared parameters.
const PENALTY: f32 = 1.0;
const PASSES: usize = 400;

/// Maps scores and votes to probabilities.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Blend {
    labels: usize,
    /// One row per label: the inputs it reads, then its bias.
    weights: Vec<f32>,
}

fn width(labels: usize) -> usize {
    if labels <= FULL { 2 * labels + 1 } else { 3 }
}

/// Turns scores into probabilities.
fn softmax(scores: &mut [f32]) {
    let top = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for s in scores.iter_mut() {
        *s = (*s - top).exp();
        sum += *s;
    }
    for s in scores.iter_mut() {
        *s /= sum;
    }
}

/// Scores and votes of one example as inputs: each kind without its mean over the labels, which
/// says nothing about which label is right and would only slow the fit.
pub(crate) fn centred(scores: &[f32], votes: &[f32]) -> Vec<f32> {
    let mut out = Vec::with_capacity(scores.len() + votes.len());
    for kind in [scores, votes] {
        let mean = kind.iter().sum::<f32>() / kind.len().max(1) as f32;
        out.extend(kind.iter().map(|v| v - mean));
    }
    out
}

fn logits(labels: usize, weights: &[f32], input: &[f32], out: &mut [f32]) {
    let width = width(labels);
    for (label, o) in out.iter_mut().enumerate() {
        let row = &weights[label * width..(label + 1) * width];
        *o = if labels <= FULL {
            row[2 * labels] + row.iter().zip(input).map(|(w, x)| w * x).sum::<f32>()
        } else {
            row[0] * input[label] + row[1] * input[labels + label] + row[2]
        };
    }
}

impl Blend {
    /// Fits on [`centred`] examples of `2 * labels` inputs each and their targets.
    pub(crate) fn fit(inputs: &[f32], targets: &[u32], labels: usize) -> Self {
        let width = width(labels);
        let mut weights = vec![0.0_f32; labels * width];
        let start = if labels <= FULL { None } else { Some([2.0, 2.0, 0.0]) };
        for (label, row) in weights.chunks_exact_mut(width).enumerate() {
            if let Some(start) = start {
                row.copy_from_slice(&start);
            } else {
                row[label] = 2.0;
                row[labels + label] = 2.0;
            }
        }
        // The step is the inverse of a bound on the curvature; labels that read only their own two
        // inputs cannot bend more than the busiest of them.
        let mut reach = vec![0.0_f32; labels];
        for x in inputs.chunks_exact(2 * labels) {
            for (label, r) in reach.iter_mut().enumerate() {
                *r += x[label] * x[label] + x[labels + label] * x[labels + label];
            }
        }
        let widest =
            if labels <= FULL { reach.iter().sum() } else { reach.iter().copied().fold(0.0, f32::max) };
        let size = targets.len() as f32 + widest;
        let rate = 1.0 / (0.5 * size + PENALTY);
        let mut ahead = weights.clone();
        let mut gradient = vec![0.0_f32; weights.len()];
        let mut p = vec![0.0_f32; labels];
        let mut momentum = 1.0_f32;
        for _ in 0..PASSES {
            for (g, w) in gradient.iter_mut().zip(&ahead) {
                *g = PENALTY * w;
            }
            for (input, &target) in inputs.chunks_exact(2 * labels).zip(targets) {
                logits(labels, &ahead, input, &mut p);
                softmax(&mut p);
                p[target as usize] -= 1.0;
                for (label, &error) in p.iter().enumerate() {
                    let row = &mut gradient[label * width..(label + 1) * width];
                    if labels <= FULL {
                        for (g, x) in row.iter_mut().zip(input) {
                            *g += error * x;
                        }
                        row[2 * labels] += error;
                    } else {
                        row[0] += error * input[label];
                        row[1] += error * input[labels + label];
                        row[2] += error;
                    }
                }
            }
            let next_momentum = f32::midpoint(1.0, (1.0 + 4.0 * momentum * momentum).sqrt());
            let carry = (momentum - 1.0) / next_momentum;
            momentum = next_momentum;
            for ((w, a), g) in weights.iter_mut().zip(&mut ahead).zip(&gradient) {
                let next = *a - rate * g;
                *a = next + carry * (next - *w);
                *w = next;
            }
        }
        Self { labels, weights }
    }

    /// Probabilities of all labels for scores and votes.
    pub(crate) fn probabilities(&self, scores: &[f32], votes: &[f32]) -> Vec<f32> {
        let input = centred(scores, votes);
        let mut out = vec![0.0; self.labels];
        logits(self.labels, &self.weights, &input, &mut out);
        softmax(&mut out);
        out
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        w.len(self.labels);
        w.list(&self.weights, |w, &v| w.f32(v));
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let labels = r.len()?;
        let weights = r.list(Reader::f32)?;
        if labels.checked_mul(width(labels)) == Some(weights.len()) {
            Ok(Self { labels, weights })
        } else {
            Err(DecodeError::Damaged)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Rng;

    /// Examples whose true probability of label 0 is known: the fit must find it again.
    fn noisy(labels: usize, n: usize) -> (Vec<f32>, Vec<u32>) {
        let mut rng = Rng::new(3);
        let (mut inputs, mut targets) = (Vec::new(), Vec::new());
        for _ in 0..n {
            let own = rng.below(labels);
            let told = if rng.below(10) < 7 { own } else { rng.below(labels) };
            let say =
                |size: f32| (0..labels).map(|l| if l == told { size } else { -size }).collect::<Vec<f32>>();
            inputs.extend(centred(&say(3.0), &say(0.5)));
            targets.push(u32::try_from(own).unwrap());
        }
        (inputs, targets)
    }

    #[test]
    fn overconfident_scores_become_the_observed_share() {
        for labels in [2, 7, 20] {
            let (inputs, targets) = noisy(labels, 1000 * labels.max(4));
            let blend = Blend::fit(&inputs, &targets, labels);
            let mut scores = vec![-3.0; labels];
            scores[1] = 3.0;
            let mut votes = vec![-0.5; labels];
            votes[1] = 0.5;
            let p = blend.probabilities(&scores, &votes);
            let expected = 0.7 + 0.3 / labels as f32;
            assert!((p[1] - expected).abs() < 0.03, "{labels} labels: {} instead of {expected}", p[1]);
            assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }
}
