//! How much each run of characters counts (特征加权).
//!
//! For the separators: the count with the beginning counting more × idf to a power × the root of the run's log-count ratio (root mean
//! square over the labels), so that a run spread evenly over all labels hardly counts. For the
//! neighbours: the even count × idf, over the runs rare enough to tell cases apart.
//!
//! Source: Wang & Manning, "Baselines and bigrams" (ACL 2012), with one weight for all labels instead of
//! one per label. Invariant: rows are of unit length or empty. Cost: one pass over the rows.

use crate::features::{Rows, Vocabulary, inverse_frequency, unit};
use crate::neighbours::telling;

/// How much each feature counts, for the separators and for the neighbours.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weighing {
    pub(crate) idf: Vec<f32>,
    pub(crate) ratio: Vec<f32>,
    pub(crate) telling: Vec<bool>,
}

impl Weighing {
    pub(crate) fn learn(
        counts: &Rows,
        targets: &[u32],
        chosen: &[usize],
        vocabulary: &Vocabulary,
        labels: usize,
        power: f32,
    ) -> Self {
        let features = vocabulary.len();
        let idf: Vec<f32> =
            vocabulary.documents.iter().map(|&n| inverse_frequency(n, vocabulary.total, power)).collect();
        let mut mass = vec![0.1_f32; features * labels];
        for &i in chosen {
            let (ids, values) = counts.row(i);
            let mut row: Vec<(u32, f32)> =
                ids.iter().zip(values).map(|(&id, &v)| (id, v * idf[id as usize])).collect();
            unit(&mut row);
            for (id, v) in row {
                mass[id as usize * labels + targets[i] as usize] += v;
            }
        }
        let mut of_label = vec![0.0_f64; labels];
        for row in mass.chunks_exact(labels) {
            for (sum, &m) in of_label.iter_mut().zip(row) {
                *sum += f64::from(m);
            }
        }
        let all: f64 = of_label.iter().sum::<f64>();
        let ratio = mass
            .chunks_exact(labels)
            .map(|row| {
                let here: f64 = row.iter().map(|&m| f64::from(m)).sum();
                let square: f64 = row
                    .iter()
                    .zip(&of_label)
                    .map(|(&m, &label)| {
                        let (m, rest) = (f64::from(m), (here - f64::from(m)).max(1e-9));
                        (m / label).ln() - (rest / (all - label)).ln()
                    })
                    .map(|r| r * r)
                    .sum();
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "a weight needs no more than single precision"
                )]
                let weight = (square / labels as f64).sqrt().sqrt() as f32;
                weight
            })
            .collect();
        Self { idf, ratio, telling: telling(&vocabulary.documents, vocabulary.total) }
    }

    pub(crate) fn linear_row(&self, counts: impl Iterator<Item = (u32, f32)>) -> Vec<(u32, f32)> {
        let mut row: Vec<(u32, f32)> =
            counts.map(|(id, v)| (id, v * self.idf[id as usize] * self.ratio[id as usize])).collect();
        unit(&mut row);
        row
    }

    pub(crate) fn telling_row(&self, counts: impl Iterator<Item = (u32, f32)>) -> Vec<(u32, f32)> {
        let mut row: Vec<(u32, f32)> = counts
            .filter(|&(id, _)| self.telling[id as usize])
            .map(|(id, v)| (id, v * self.idf[id as usize]))
            .collect();
        unit(&mut row);
        row
    }

    /// The rows of all texts for the separators.
    pub(crate) fn linear_rows(&self, led: &Rows) -> Rows {
        let mut rows = Rows::with_capacity(led);
        for i in 0..led.len() {
            rows.push(self.linear_row(led.pairs(i)));
        }
        rows
    }

    /// The rows of all texts for the neighbours.
    pub(crate) fn telling_rows(&self, even: &Rows) -> Rows {
        let mut rows = Rows::new();
        for i in 0..even.len() {
            rows.push(self.telling_row(even.pairs(i)));
        }
        rows
    }
}
