//! Training from the district's own cases (从本区办结案件学习): what the dispatcher finally chose is the label.
//!
//! A fifth of the cases, chosen by their words, is never learned from. The new model and the one in use
//! are judged on it, and only a better one replaces.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use linli_kernel::{Error, Result};
use linli_store::{Blobs, District, Entry, Op, settings};
use linli_text::{
    Suggester, TrainOptions, is_held_back,
    metrics::{Judged, Scores, judge},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Evidence, Models,
    events::TOPIC,
    feed::{CaseFeed, Told},
    model::{Kind, Version},
    models::{LEVEL, path},
    names, store,
};

/// Cases that are learned from, at most; the newest.
pub(crate) const MOST: i64 = 12_000;
/// Texts times labels, at most: so that training takes seconds, not minutes.
const WORK: usize = 600_000;
/// Texts of one model, at most: their runs of characters are held while it is learned, some five kilobytes each.
const TEXTS: usize = 6_000;
/// The setting that says how many cases were settled when models were last trained.
const SETTLED: &str = "insight_settled";
/// Fewer cases teach nothing that is worth showing.
pub(crate) const FEWEST: i64 = 60;
/// Weights of one model, at most: about fifty megabytes.
const WEIGHTS: usize = 12_000_000;
/// A label of fewer cases is left out: it could neither be learned nor judged.
const RARE: usize = 3;

/// Who asked for a training.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Wanted {
    /// The name for the list; the system itself if absent.
    pub by: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The new version.
    pub version: Version,
    /// Whether it is in use now.
    pub replaced: bool,
}

/// Whether enough cases have been settled since the last training.
pub(crate) async fn is_worth_it(op: &mut Op, feed: CaseFeed) -> Result<bool> {
    if !store::settings(&mut op.tx).await?.automatic {
        return Ok(false);
    }
    if op.district.port::<Models>()?.unreadable() {
        return Ok(true);
    }
    let settled = (feed.settled_count)(&mut op.tx).await?;
    let before: Option<i64> = settings::get(&mut op.tx, SETTLED).await?;
    Ok(is_enough(settled, before))
}

/// Whether so many settled cases teach more than those before them did: five per cent more, fifty at least. A model
/// does not learn from all of a large district's cases, so it is not its own count that says so.
fn is_enough(settled: i64, before: Option<i64>) -> bool {
    before.map_or(settled >= FEWEST, |known| settled >= known + (known / 20).max(50))
}

/// A text and its label.
pub type Example = (String, String);

/// The label under which a category is learned: the codes of its branches and its own.
pub fn label_of(code: &str) -> String {
    path(code)
}

fn label(kind: Kind, told: &Told) -> Option<String> {
    match kind {
        Kind::Category => told.category.as_deref().map(path),
        Kind::Nature => Some(told.nature.clone()),
        Kind::Whistle => Some(told.whistle.clone()),
    }
}

/// What there is to learn, without labels that are too rare and without more than can be learned in seconds.
fn examples(kind: Kind, cases: &[Told]) -> Vec<Example> {
    let all = cases.iter().filter_map(|told| Some((told.said(), label(kind, told)?))).collect();
    bounded(all)
}

/// Newest first in, newest kept.
fn bounded(mut all: Vec<Example>) -> Vec<Example> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (_, label) in &all {
        *seen.entry(label.clone()).or_default() += 1;
    }
    seen.retain(|_, n| *n >= RARE);
    all.retain(|(_, label)| seen.contains_key(label));
    all.truncate((WORK / seen.len().max(1)).clamp(1_000, TEXTS));
    all
}

fn scores(model: &Suggester, cases: &[Example]) -> Scores {
    let mut names: Vec<&str> = model.labels().iter().map(String::as_str).collect();
    for (_, label) in cases {
        if !names.contains(&label.as_str()) {
            names.push(label);
        }
    }
    let number: BTreeMap<&str, usize> = names.iter().enumerate().map(|(i, n)| (*n, i)).collect();
    let answers: Vec<Judged> = cases
        .iter()
        .map(|(text, truth)| {
            let (answer, confidence) = model.best(text);
            Judged { truth: number[truth.as_str()], answer: number[answer], confidence }
        })
        .collect();
    judge(&answers, names.len())
}

struct Trained {
    bytes: Vec<u8>,
    labels: usize,
    trained_on: usize,
    held_back: usize,
    scores: Scores,
    evidence: Evidence,
    before: Option<f64>,
    seconds: f64,
}

/// Learns and judges; nothing where there is too little of either.
fn learn(all: Vec<Example>, old: Option<&Suggester>) -> Option<Trained> {
    let (held, train): (Vec<Example>, Vec<Example>) =
        all.into_iter().partition(|(text, _)| is_held_back(text));
    if held.len() < 10 || train.len() < 40 {
        return None;
    }
    let began = Instant::now();
    let labels: std::collections::BTreeSet<&str> = train.iter().map(|(_, label)| label.as_str()).collect();
    // Many labels make each round longer and the blend's rows more: fewer rounds tell as much.
    let folds = if labels.len() > 20 { 4 } else { 10 };
    let options = TrainOptions { folds, weights: WEIGHTS, ..TrainOptions::default() };
    let model = Suggester::train(&train, options).ok()?;
    let seconds = began.elapsed().as_secs_f64();
    Some(Trained {
        labels: model.labels().len(),
        trained_on: train.len(),
        held_back: held.len(),
        scores: scores(&model, &held),
        evidence: Evidence::gather(&model, &held, LEVEL),
        before: old.map(|old| scores(old, &held).macro_f1),
        bytes: model.to_bytes(),
        seconds,
    })
}

/// Trains one kind from examples, keeps the version, and puts it into use if it is better.
pub async fn train(
    district: &Arc<District>,
    kind: Kind,
    all: Vec<Example>,
    by: Option<&str>,
) -> Result<Option<Outcome>> {
    let models = district.port::<Models>()?;
    models.refresh(district).await?;
    let old = models.model(kind);
    let learned = tokio::task::spawn_blocking(move || learn(all, old.as_deref()));
    let Some(trained) = learned.await.map_err(Error::internal)? else { return Ok(None) };
    let bytes = i64::try_from(trained.bytes.len()).unwrap_or(i64::MAX);
    let blob = district.port::<Blobs>()?.put(trained.bytes).await?;
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let mut op = district.op("insight train").await?;
    let by = by.unwrap_or_else(|| op.actor.name()).to_owned();
    let mut version = Version {
        kind,
        version: 0,
        blob,
        bytes,
        labels: count(trained.labels),
        trained_on: count(trained.trained_on),
        held_back: count(trained.held_back),
        macro_f1: trained.scores.macro_f1,
        accuracy: trained.scores.accuracy,
        ece: trained.scores.ece,
        before_f1: trained.before,
        seconds: trained.seconds,
        at: op.now,
        by_name: by.clone(),
        evidence: Some(serde_json::to_string(&trained.evidence).map_err(Error::internal)?),
    };
    version.version = store::add_version(&mut op.tx, &version).await?;
    let replaced = trained.before.is_none_or(|before| version.macro_f1 > before);
    if replaced {
        store::put_into_use(&mut op.tx, kind, version.version, &by, version.at).await?;
    }
    let area = op.district.area.clone();
    op.announce(TOPIC, area.as_str(), kind);
    op.log(Entry {
        action: "model.train",
        subject: "model",
        subject_id: kind.to_string(),
        area,
        detail: json!({
            "version": version.version, "macro_f1": version.macro_f1, "before": version.before_f1,
            "trained_on": version.trained_on, "replaced": replaced, "by": by,
        }),
    })
    .await?;
    op.commit().await?;
    models.refresh(district).await?;
    Ok(Some(Outcome { version, replaced }))
}

/// Trains every kind from the district's settled cases.
pub async fn run(district: &Arc<District>, wanted: Wanted) -> Result<()> {
    own(district, wanted.by.as_deref()).await.map(|_| ())
}

/// Trains every kind from the district's settled cases, and learns names of places from them; answers what came of
/// the training, kind by kind.
pub async fn own(district: &Arc<District>, by: Option<&str>) -> Result<Vec<Outcome>> {
    let feed = *district.port::<CaseFeed>()?;
    let cases = {
        let mut conn = district.db.read().await?;
        (feed.settled)(&mut conn, MOST).await?
    };
    let mut outcomes = Vec::new();
    for &kind in Kind::ALL {
        outcomes.extend(train(district, kind, examples(kind, &cases), by).await?);
    }
    names::learn_from(district, cases).await?;
    let mut op = district.op("insight train").await?;
    let settled = (feed.settled_count)(&mut op.tx).await?;
    settings::put(&mut op.tx, SETTLED, &settled, op.now).await?;
    op.commit().await?;
    Ok(outcomes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_learns_anew_when_there_is_more_to_learn() {
        for (settled, before, worth) in [
            (59, None, false),
            (60, None, true),
            (109, Some(60), false),
            (110, Some(60), true),
            // More than one model learns from: not every day again.
            (100_000, Some(100_000), false),
            (104_999, Some(100_000), false),
            (105_000, Some(100_000), true),
        ] {
            assert_eq!(is_enough(settled, before), worth, "{settled} {before:?}");
        }
    }

    #[test]
    fn rare_labels_and_too_much_work_are_left_out() {
        let one = |n: usize, label: &str| (format!("text {n}"), label.to_owned());
        let mut all: Vec<Example> = (0..10).map(|n| one(n, "a")).collect();
        all.push(one(10, "rare"));
        assert_eq!(bounded(all).len(), 10);
        let many: Vec<Example> = (0..30_000).map(|n| one(n, &format!("l{}", n % 100))).collect();
        assert_eq!(bounded(many).len(), WORK / 100);
    }
}
