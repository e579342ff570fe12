//! The models in use, held in memory (现用模型), and what they say of one text.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use linli_grid::Atlas;
use linli_kernel::{AreaCode, Error, Result};
use linli_store::{Blobs, District};
use linli_text::{Suggester, nature, urgent_words};

use crate::{
    Evidence, Memory,
    model::{Kind, Settings},
    store,
};

/// Between the codes of a path; see [`path`].
pub(crate) const LEVEL: char = '/';

/// The label of a category: the codes of its branches and its own, two digits more each time.
pub(crate) fn path(code: &str) -> String {
    let ends = (2..=code.len()).step_by(2).filter(|n| code.is_char_boundary(*n));
    let mut parts: Vec<&str> = ends.map(|n| &code[..n]).collect();
    if code.len() % 2 == 1 || parts.is_empty() {
        parts.push(code);
    }
    parts.join(&LEVEL.to_string())
}

fn code(path: &str) -> String {
    path.rsplit(LEVEL).next().unwrap_or(path).to_owned()
}

/// One answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The code.
    pub code: String,
    /// How sure, in per cent; nothing where only words were counted.
    pub percent: Option<u32>,
    /// Words of the text that speak for it.
    pub words: Vec<String>,
}

/// What is said of one text; silent where it is not sure.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// Whether there is a model for categories.
    pub trained: bool,
    /// The category, if its last level is sure enough.
    pub category: Option<Answer>,
    /// Level by level, as far as it is sure.
    pub levels: Vec<(String, u32)>,
    /// What the reporter wants.
    pub nature: Option<Answer>,
    /// The whistle.
    pub whistle: Option<Answer>,
    /// Words of urgency, each with its danger.
    pub urgent: Vec<(String, String)>,
    /// A place that is named, and where it is.
    pub place: Option<(String, Option<AreaCode>)>,
}

/// A model in use, and how far its word can be trusted.
#[derive(Clone)]
struct InUse {
    version: i64,
    model: Arc<Suggester>,
    evidence: Arc<Evidence>,
}

impl InUse {
    /// How sure an answer of a level is in truth; nothing below what is asked for or can be borne out.
    fn sure(&self, level: usize, share: f64, silence: f64) -> Option<f64> {
        let honest = self.evidence.honest(level, share);
        self.evidence
            .floor(level, silence)
            .filter(|floor| share >= *floor && honest >= silence)
            .map(|_| honest)
    }

    fn answer(&self, said: &str, silence: f64) -> Option<Answer> {
        let best = self.model.suggest(said).into_iter().next().filter(|best| !best.because.is_empty())?;
        let sure = self.sure(0, best.confidence, silence)?;
        Some(Answer { code: best.label, percent: Some(percent(sure)), words: best.because })
    }
}

#[derive(Default)]
struct Held {
    models: BTreeMap<Kind, InUse>,
    settings: Settings,
    /// A model in use cannot be read: written by an older program, or its file is gone.
    unreadable: bool,
}

/// The port: shared by all who ask.
#[derive(Clone)]
pub struct Models {
    held: Arc<RwLock<Arc<Held>>>,
    memory: Memory,
}

fn percent(share: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
    let n = (share.clamp(0.0, 1.0) * 100.0).round() as u32;
    // Nothing that was learned is certain.
    n.min(99)
}

impl Models {
    /// None yet.
    pub fn new(memory: &Memory) -> Self {
        Self { held: Arc::default(), memory: memory.clone() }
    }

    fn held(&self) -> Arc<Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The version of each kind that is held.
    pub fn versions(&self) -> BTreeMap<Kind, i64> {
        self.held().models.iter().map(|(kind, one)| (*kind, one.version)).collect()
    }

    /// Reads settings and the models in use again, as far as they have changed.
    pub(crate) async fn refresh(&self, district: &District) -> Result<()> {
        let (in_use, settings) = {
            let mut conn = district.db.read().await?;
            (store::in_use(&mut conn).await?, store::settings(&mut conn).await?)
        };
        let before = self.held();
        let blobs = district.port::<Blobs>()?;
        let mut fresh = Held { settings, ..Held::default() };
        for version in in_use {
            let kept = before.models.get(&version.kind).filter(|one| one.version == version.version);
            let model = match kept {
                Some(one) => Ok(one.clone()),
                None => open(&blobs, &version.blob).await.map(|model| InUse {
                    version: version.version,
                    model: Arc::new(model),
                    evidence: Arc::new(version.evidence()),
                }),
            };
            // Without evidence it keeps silent: one of an older program is to be trained again.
            fresh.unreadable |= version.evidence.is_none();
            // Without one model the others still help; the next training makes it anew.
            match model {
                Ok(model) => {
                    fresh.models.insert(version.kind, model);
                }
                Err(error) => {
                    tracing::warn!(kind = %version.kind, version = version.version, %error, "a model cannot be read");
                    fresh.unreadable = true;
                }
            }
        }
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        Ok(())
    }

    /// Whether a model that should be in use cannot be read.
    pub(crate) fn unreadable(&self) -> bool {
        self.held().unreadable
    }

    /// The model of a kind, for judging another against it.
    pub(crate) fn model(&self, kind: Kind) -> Option<Arc<Suggester>> {
        self.held().models.get(&kind).map(|one| one.model.clone())
    }

    /// Reads one text; `address` and the area only help to find the place.
    pub fn read(&self, atlas: &Atlas, said: &str, address: &str, area: &AreaCode) -> Reading {
        let held = self.held();
        let silence = f64::from(held.settings.silence) / 100.0;
        let model = |kind| held.models.get(&kind);
        let mut reading = Reading {
            trained: model(Kind::Category).is_some(),
            urgent: urgent_words(said).into_iter().map(|w| (w.word, w.danger.to_owned())).collect(),
            place: self.memory.names().named(&format!("{address}\n{said}"), Some(area)),
            ..Reading::default()
        };
        if let Some(one) = model(Kind::Category) {
            let found: Vec<(String, f64)> = one.model.suggest_levels(said, LEVEL);
            let sure: Vec<(&String, f64)> = found
                .iter()
                .enumerate()
                .map_while(|(level, (path, share))| Some((path, one.sure(level, *share, silence)?)))
                .collect();
            // A share that no word speaks for is only how common the category is.
            let because = sure.last().map(|(path, _)| speaking(&one.model, said, path)).unwrap_or_default();
            if !because.is_empty() {
                reading.levels = sure.iter().map(|(path, share)| (code(path), percent(*share))).collect();
            }
            let leaf = reading.levels.last().filter(|(code, _)| {
                atlas.category(code).is_some_and(|c| c.active)
                    && !atlas.categories().any(|c| c.parent.as_deref() == Some(code))
            });
            reading.category = leaf.map(|(code, percent)| Answer {
                code: code.clone(),
                percent: Some(*percent),
                words: because.clone(),
            });
        }
        reading.nature = match model(Kind::Nature) {
            Some(one) => one.answer(said, silence),
            None => nature(said)
                .filter(|(_, share, _)| *share >= silence.max(0.6))
                .map(|(kind, _, words)| Answer { code: nature_code(kind).to_owned(), percent: None, words }),
        };
        reading.whistle = model(Kind::Whistle).and_then(|one| one.answer(said, silence));
        reading
    }
}

async fn open(blobs: &Blobs, name: &str) -> Result<Suggester> {
    let bytes = blobs.get(name).await?;
    let read = tokio::task::spawn_blocking(move || Suggester::from_bytes(&bytes));
    read.await.map_err(Error::internal)?.map_err(Error::internal)
}

const fn nature_code(nature: linli_text::Nature) -> &'static str {
    match nature {
        linli_text::Nature::Complaint => "complaint",
        linli_text::Nature::Report => "tip",
        linli_text::Nature::Help => "help",
        linli_text::Nature::Question => "question",
        linli_text::Nature::Advice => "suggestion",
    }
}

/// The words that speak for the likeliest label below a branch.
fn speaking(model: &Suggester, said: &str, branch: &str) -> Vec<String> {
    let likely = model.suggest(said).into_iter().find(|s| s.label.starts_with(branch));
    likely.map(|s| s.because).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_path_and_back() {
        assert_eq!(path("010203"), "01/0102/010203");
        assert_eq!(path("01"), "01");
        assert_eq!(path("7"), "7");
        assert_eq!(code(&path("010203")), "010203");
        assert_eq!((percent(0.0), percent(0.505), percent(1.0)), (0, 51, 99));
    }
}
