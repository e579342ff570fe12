//! Training of the suggestion (训练): each reader by itself, then the blend on what they say of texts that they have not seen.
//!
//! Separators are trained on all texts and then, for every part of ten, once more without it. These go on from the dual variables of the
//! first, which lie near their own optimum. Neighbours are one index that leaves out the part.
//! Invariant: nothing of the blend's examples has seen its own label. Cost: mostly the passes of the separators.

use std::collections::{BTreeMap, BTreeSet};

use super::{Readers, Suggester, TrainError, TrainOptions};
use crate::blend::{Blend, centred};
use crate::features::{Lead, Rows, Vocabulary, characters};
use crate::hash::Rng;
use crate::linear::{Linear, LinearParams};
use crate::neighbours::Neighbours;
use crate::weighing::Weighing;

/// Passes over all texts.
const PASSES: usize = 20;

/// Passes over all but one part, from where that ended: the more is left out, the further it is to go.
const fn further_passes(parts: usize) -> usize {
    if parts < 10 { 12 } else { 6 }
}

/// Spreads the examples of every label evenly over the folds.
fn folds(targets: &[u32], labels: usize, folds: usize, seed: u64) -> Vec<usize> {
    let mut by_label = vec![Vec::new(); labels];
    for (i, &t) in targets.iter().enumerate() {
        by_label[t as usize].push(i);
    }
    let mut out = vec![0; targets.len()];
    let (mut rng, mut next) = (Rng::new(seed), 0);
    for mut members in by_label {
        rng.shuffle(&mut members);
        for i in members {
            out[i] = next % folds;
            next += 1;
        }
    }
    out
}

/// What there is to learn from.
struct Task<'a> {
    led: &'a Rows,
    even: &'a Rows,
    targets: &'a [u32],
    fold: &'a [usize],
    vocabulary: &'a Vocabulary,
    labels: usize,
    options: TrainOptions,
}

impl Task<'_> {
    fn weighing(&self, chosen: &[usize]) -> Weighing {
        let power = self.options.idf_power;
        Weighing::learn(self.led, self.targets, chosen, self.vocabulary, self.labels, power)
    }

    fn separators(&self, rows: &Rows, chosen: &[usize], passes: usize, alpha: &mut [f32]) -> Linear {
        let params = LinearParams { cost: self.options.cost, passes, seed: self.options.seed };
        Linear::train(rows, self.targets, chosen, self.vocabulary.len(), self.labels, params, alpha)
    }

    /// The scores of the separators for every text by those that have not seen it; `alpha` are the dual variables of all.
    fn unseen_scores(&self, alpha: &[f32]) -> Vec<f32> {
        let mut scores = vec![0.0_f32; self.targets.len() * self.labels];
        let parts = self.fold.iter().max().map_or(0, |&last| last + 1);
        let mut own = alpha.to_vec();
        for part in 0..parts {
            let chosen: Vec<usize> = (0..self.fold.len()).filter(|&i| self.fold[i] != part).collect();
            let rows = self.weighing(&chosen).linear_rows(self.led);
            own.copy_from_slice(alpha);
            let linear = self.separators(&rows, &chosen, further_passes(parts), &mut own);
            for i in (0..self.fold.len()).filter(|&i| self.fold[i] == part) {
                let line = &mut scores[i * self.labels..(i + 1) * self.labels];
                line.copy_from_slice(&linear.scores(rows.row(i)));
            }
        }
        scores
    }

    /// The index of all texts, and the votes for every text of those that are not in its part.
    fn neighbours(&self, weighing: &Weighing) -> (Neighbours, Vec<f32>) {
        let rows = weighing.telling_rows(self.even);
        let all: Vec<usize> = (0..self.targets.len()).collect();
        let index = Neighbours::build(&rows, self.targets, &all, self.vocabulary.len(), self.labels);
        let step = Neighbours::step(all.len());
        let mut votes = Vec::with_capacity(all.len() * self.labels);
        for i in all {
            let row: Vec<(u32, f32)> = rows.pairs(i).collect();
            votes.extend(index.votes_without(&row, |case| self.fold[case * step] == self.fold[i]));
        }
        (index, votes)
    }
}

/// A model of the examples; empty texts and empty labels are passed over.
pub(super) fn learn<T: AsRef<str>, L: AsRef<str>>(
    examples: &[(T, L)],
    options: TrainOptions,
) -> Result<Suggester, TrainError> {
    let usable: Vec<(Vec<char>, &str)> = examples
        .iter()
        .map(|(text, label)| (characters(text.as_ref()), label.as_ref().trim()))
        .filter(|(chars, label)| !chars.is_empty() && !label.is_empty())
        .collect();
    let numbers: BTreeMap<&str, u32> =
        usable.iter().map(|&(_, l)| l).collect::<BTreeSet<_>>().into_iter().zip(0..).collect();
    let labels = numbers.len();
    if labels < 2 {
        return Err(TrainError::TooFewLabels);
    }
    let targets: Vec<u32> = usable.iter().map(|(_, l)| numbers[l]).collect();
    let names: Vec<String> = numbers.keys().map(ToString::to_string).collect();
    let texts: Vec<Vec<char>> = usable.into_iter().map(|(chars, _)| chars).collect();
    let min_documents = if texts.len() < 200 { 1 } else { options.min_documents };
    let limit = (options.weights / labels).max(2_000);
    let lead = Lead { weight: options.lead.max(0.0), reach: options.lead_reach.max(1.0) };
    let vocabulary = Vocabulary::learn(&texts, options.longest_run.clamp(1, 3), min_documents, limit, lead);
    let (mut led, mut even) = (Rows::new(), Rows::new());
    for chars in &texts {
        let counts = vocabulary.counts(chars);
        led.push(counts.led);
        even.push(counts.even);
    }
    drop(texts);
    let fold = folds(&targets, labels, options.folds.clamp(2, targets.len().max(2)), options.seed);
    let task = Task {
        led: &led,
        even: &even,
        targets: &targets,
        fold: &fold,
        vocabulary: &vocabulary,
        labels,
        options,
    };
    let all: Vec<usize> = (0..targets.len()).collect();
    let weighing = task.weighing(&all);
    let (neighbours, votes) = if options.neighbours {
        let (index, votes) = task.neighbours(&weighing);
        (Some(index), votes)
    } else {
        (None, vec![0.0; targets.len() * labels])
    };
    let mut alpha = vec![0.0_f32; targets.len() * Linear::duals(labels)];
    task.separators(&weighing.linear_rows(&led), &all, PASSES, &mut alpha);
    let scores = task.unseen_scores(&alpha);
    let mut inputs = Vec::with_capacity(targets.len() * 2 * labels);
    for (scores, votes) in scores.chunks_exact(labels).zip(votes.chunks_exact(labels)) {
        inputs.extend(centred(scores, votes));
    }
    drop((scores, votes));
    let blend = Blend::fit(&inputs, &targets, labels);
    drop(inputs);
    let linear =
        Linear::from_duals(&weighing.linear_rows(&led), &targets, &all, vocabulary.len(), labels, &alpha);
    let readers = Readers { weighing, linear, neighbours };
    Ok(Suggester { labels: names, vocabulary, readers, blend, silence: 0.0 })
}
