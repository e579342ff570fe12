//! Suggesting a label for a text (智能分类建议): category, nature, level — whatever the closed cases carry.
//!
//! Two readers of the same character runs are asked: linear separators ([`crate::linear`] in the
//! source) whose features are weighted by how unevenly a run is spread over the labels, and the
//! nearest known cases. A blend turns both into calibrated probabilities. Below a set confidence
//! the suggester keeps silent: no suggestion is better than a wrong one that has to be undone.
//!
//! Sources: Wang & Manning, "Baselines and bigrams" (ACL 2012) for the log-count ratios; the other
//! parts name theirs. Choices were made by cross-validation: docs/text.md.
//! Invariants: same examples, same model, bit for bit; labels are returned as they were given.
//! Cost: training about four times one training of the separators; a suggestion well under 0.2 ms.

use std::collections::BTreeMap;

use crate::blend::Blend;
use crate::codec::{DecodeError, Reader, Writer};
use crate::explain;
use crate::features::{Counts, Vocabulary, characters};
use crate::linear::Linear;
use crate::neighbours::{Neighbours, telling};
use crate::weighing::Weighing;

const MAGIC: [u8; 8] = *b"linlisg\x01";
const VERSION: u32 = 3;

/// What training may be told; the defaults were chosen by cross-validation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainOptions {
    /// Longest run of characters that is a feature (1 to 3).
    pub longest_run: usize,
    /// A run must occur in this many texts.
    pub min_documents: u32,
    /// Power of the inverse document frequency.
    pub idf_power: f32,
    /// Price of a training error in the separators.
    pub cost: f32,
    /// Parts for cross-fitting the blend.
    pub folds: usize,
    /// Seed of all shuffling.
    pub seed: u64,
    /// Whether the nearest cases vote too.
    pub neighbours: bool,
    /// Most weights of all labels together: with many labels the rarest runs are left out, so that a model
    /// keeps to some tens of megabytes.
    pub weights: usize,
    /// How much more the very beginning of a text counts than its end; 0 for evenly.
    pub lead: f32,
    /// After so many characters that falls to a third.
    pub lead_reach: f32,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            longest_run: 2,
            min_documents: 2,
            idf_power: 1.5,
            cost: 1.0,
            folds: 10,
            seed: 1,
            neighbours: true,
            weights: 60_000_000,
            lead: 2.0,
            lead_reach: 80.0,
        }
    }
}

/// Why nothing could be learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrainError {
    /// Fewer than two labels with a readable text each.
    TooFewLabels,
}

impl std::fmt::Display for TrainError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "training needs texts of at least two different labels")
    }
}

impl std::error::Error for TrainError {}

/// One suggested label.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// The label as it stood in the training examples.
    pub label: String,
    /// Calibrated probability that it is right.
    pub confidence: f64,
    /// Words of the text that speak for it, strongest first.
    pub because: Vec<String>,
}

/// A trained model: a plain value that the caller keeps as bytes.
///
/// ```
/// use linli_text::{Suggester, TrainOptions};
/// let examples: Vec<(&str, &str)> = (0..40).map(|i| match i % 2 {
///     0 => ("楼下路灯坏了，晚上看不见路", "市政"),
///     _ => ("邻居深夜唱歌噪音太大", "环境"),
/// }).collect();
/// let model = Suggester::train(&examples, TrainOptions::default())?;
/// let best = &model.suggest("小区门口的路灯坏了三天")[0];
/// assert_eq!(best.label, "市政");
/// assert!(best.because.iter().any(|word| word.contains("灯")));
/// let same = Suggester::from_bytes(&model.to_bytes())?;
/// assert_eq!(same.suggest("小区门口的路灯坏了三天"), model.suggest("小区门口的路灯坏了三天"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Suggester {
    labels: Vec<String>,
    vocabulary: Vocabulary,
    readers: Readers,
    blend: Blend,
    silence: f64,
}

/// What is asked of a text.
#[derive(Debug, Clone, PartialEq)]
struct Readers {
    weighing: Weighing,
    linear: Linear,
    neighbours: Option<Neighbours>,
}

impl Suggester {
    /// Learns from texts and their labels; empty texts and empty labels are passed over.
    pub fn train<T: AsRef<str>, L: AsRef<str>>(
        examples: &[(T, L)],
        options: TrainOptions,
    ) -> Result<Self, TrainError> {
        learn::learn(examples, options)
    }

    /// The same model that stays silent below this confidence.
    #[must_use]
    pub fn with_silence(mut self, below: f64) -> Self {
        self.silence = below;
        self
    }

    /// All labels this model can answer, sorted.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Probabilities of all labels, in the order of [`Self::labels`].
    #[must_use]
    pub fn probabilities(&self, text: &str) -> Vec<f64> {
        self.read(self.vocabulary.counts(&characters(text))).into_iter().map(f64::from).collect()
    }

    fn read(&self, counts: Counts) -> Vec<f32> {
        let Readers { weighing, linear, neighbours } = &self.readers;
        let (ids, values): (Vec<u32>, Vec<f32>) =
            weighing.linear_row(counts.led.into_iter()).into_iter().unzip();
        let scores = linear.scores((&ids, &values));
        let votes = neighbours.as_ref().map_or_else(
            || vec![0.0; self.labels.len()],
            |n| n.votes(&weighing.telling_row(counts.even.into_iter())),
        );
        self.blend.probabilities(&scores, &votes)
    }

    /// The likeliest label and its probability, whatever the confidence; without explanation.
    #[must_use]
    pub fn best(&self, text: &str) -> (&str, f64) {
        let p = self.read(self.vocabulary.counts(&characters(text)));
        let at = (0..p.len()).max_by(|&a, &b| p[a].total_cmp(&p[b])).unwrap_or(0);
        (&self.labels[at], f64::from(p[at]))
    }

    /// Up to three labels, likeliest first, each at least as confident as the set silence (and
    /// 1 %), with the words that speak for it. Empty when the model should keep silent: nothing
    /// readable in the text, or the best label below the set confidence.
    #[must_use]
    pub fn suggest(&self, text: &str) -> Vec<Suggestion> {
        let chars = characters(text);
        let counts = self.vocabulary.counts(&chars);
        if counts.even.is_empty() {
            return Vec::new();
        }
        let p = self.read(counts);
        let mut order: Vec<usize> = (0..p.len()).collect();
        order.sort_by(|&a, &b| p[b].total_cmp(&p[a]).then(a.cmp(&b)));
        if f64::from(p[order[0]]) < self.silence {
            return Vec::new();
        }
        order
            .iter()
            .take(3)
            .filter(|&&at| p[at] >= 0.01)
            .map(|&at| Suggestion {
                label: self.labels[at].clone(),
                confidence: f64::from(p[at]),
                because: explain::words(&chars, self.vocabulary.longest, |key| self.contribution(key, at)),
            })
            .collect()
    }

    /// The best answer per level for labels that are paths (`城乡建设/城市建设和市政管理/环境卫生`): the probability of
    /// a prefix is the sum of its labels'. Levels end where the confidence falls below the silence.
    ///
    /// ```
    /// use linli_text::{Suggester, TrainOptions};
    /// let examples: Vec<(String, &str)> = (0..60).map(|i| match i % 3 {
    ///     0 => (format!("路灯坏了{i}"), "城建/市政/照明"),
    ///     1 => (format!("井盖丢了{i}"), "城建/市政/井盖"),
    ///     _ => (format!("学校乱收费{i}"), "教育/学校/收费"),
    /// }).collect();
    /// let model = Suggester::train(&examples, TrainOptions::default())?;
    /// let levels = model.suggest_levels("路灯又坏了", '/');
    /// assert_eq!(levels[0].0, "城建");
    /// assert_eq!(levels[2].0, "城建/市政/照明");
    /// # Ok::<(), linli_text::TrainError>(())
    /// ```
    #[must_use]
    pub fn suggest_levels(&self, text: &str, separator: char) -> Vec<(String, f64)> {
        let chars = characters(text);
        let counts = self.vocabulary.counts(&chars);
        if counts.even.is_empty() {
            return Vec::new();
        }
        let p = self.read(counts);
        let mut found: Vec<(String, f64)> = Vec::new();
        loop {
            let depth = found.len() + 1;
            let mut sums: BTreeMap<String, f64> = BTreeMap::new();
            for (label, &share) in self.labels.iter().zip(&p) {
                let parts: Vec<&str> = label.split(separator).collect();
                if parts.len() >= depth {
                    let prefix = parts[..depth].join(&separator.to_string());
                    let parent = parts[..depth - 1].join(&separator.to_string());
                    if found.last().is_none_or(|(last, _)| *last == parent) {
                        *sums.entry(prefix).or_default() += f64::from(share);
                    }
                }
            }
            match sums.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)) {
                Some((prefix, sum)) if sum >= self.silence => found.push((prefix, sum)),
                _ => return found,
            }
        }
    }

    /// How much one run speaks for a label against the average of all labels.
    fn contribution(&self, key: u64, label: usize) -> f32 {
        let Some(id) = self.vocabulary.id(key) else { return 0.0 };
        let Readers { weighing, linear, .. } = &self.readers;
        let weights = linear.feature(id);
        let mean = weights.iter().sum::<f32>() / weights.len() as f32;
        (weights[label] - mean) * weighing.idf[id as usize] * weighing.ratio[id as usize]
    }

    /// The model as bytes, to be read by [`Self::from_bytes`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::new(MAGIC, VERSION);
        w.list(&self.labels, |w, label| w.str(label));
        self.vocabulary.write(&mut w);
        let Readers { weighing, linear, neighbours } = &self.readers;
        w.list(&weighing.idf, |w, &v| w.f32(v));
        w.list(&weighing.ratio, |w, &v| w.f32(v));
        linear.write(&mut w);
        w.u8(u8::from(neighbours.is_some()));
        if let Some(n) = neighbours {
            n.write(&mut w);
        }
        self.blend.write(&mut w);
        w.f64(self.silence);
        w.finish()
    }

    /// Reads what [`Self::to_bytes`] wrote; damaged or foreign bytes are refused.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes, MAGIC, VERSION)?;
        let labels = r.list(Reader::str)?;
        let vocabulary = Vocabulary::read(&mut r)?;
        let (idf, ratio) = (r.list(Reader::f32)?, r.list(Reader::f32)?);
        let linear = Linear::read(&mut r)?;
        let neighbours = if r.u8()? == 1 { Some(Neighbours::read(&mut r)?) } else { None };
        let blend = Blend::read(&mut r)?;
        let silence = r.f64()?;
        r.end()?;
        if idf.len() != vocabulary.len() || ratio.len() != vocabulary.len() || labels.len() < 2 {
            return Err(DecodeError::Damaged);
        }
        let telling = telling(&vocabulary.documents, vocabulary.total);
        let readers = Readers { weighing: Weighing { idf, ratio, telling }, linear, neighbours };
        Ok(Self { labels, vocabulary, readers, blend, silence })
    }
}

/// Whether a text belongs to the fifth that is kept for judging: decided by its words, so that the
/// same case is held back at every training.
#[must_use]
pub fn is_held_back(text: &str) -> bool {
    crate::hash::chars(crate::normalise::fold(text).chars()).is_multiple_of(5)
}

mod learn;
#[cfg(test)]
mod tests;
