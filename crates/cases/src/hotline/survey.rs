//! What an import would do: the staged copy read through once, and nothing written.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use linli_grid::AtlasPort;
use linli_kernel::{Error, Result};
use linli_store::District;
use linli_web::Locale;

use super::{
    batch::{self, BatchId, Fault},
    columns::Mapping,
    import::{SAMPLE, fault},
    known,
    message::Message,
    staged,
};
use crate::model::CaseId;

/// What an import would do.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// The first rows as they are.
    pub sample: Vec<Vec<String>>,
    /// Messages that are new.
    pub fresh: i64,
    /// Of these, messages whose number another message has.
    pub twins: i64,
    /// Messages that are here already.
    pub known: i64,
    /// Rows with an official reply.
    pub answered: i64,
    /// Rows that are wrong.
    pub faulty: i64,
    /// The first wrong rows.
    pub faults: Vec<Fault>,
    /// Of the new ones, messages with a category that the district does not have.
    pub uncategorised: i64,
    /// The most frequent of these categories with their messages, the most frequent first.
    pub unknown: Vec<(String, i64)>,
}

impl Survey {
    /// The categories that the district does not have, and what becomes of their messages; nothing if it has all.
    pub fn unknown_said(&self, locale: &Locale) -> Option<String> {
        let counted = |(name, n): &(String, i64)| {
            // In quotation marks also so that a code with leading zeros is not read as a number.
            let args = [("name", format!("“{name}”")), ("n", n.to_string())];
            locale.t_with("hotline-survey-unknown-one", &args)
        };
        let mut names = self
            .unknown
            .iter()
            .map(counted)
            .collect::<Vec<_>>()
            .join(&locale.t("hotline-survey-unknown-comma"));
        if self.unknown.iter().map(|(_, n)| n).sum::<i64>() < self.uncategorised {
            names += &locale.t("hotline-survey-unknown-more");
        }
        let args = [("n", self.uncategorised.to_string()), ("names", names)];
        (self.uncategorised > 0).then(|| locale.t_with("hotline-survey-unknown", &args))
    }
}

/// Wrong rows that a page shows.
const SHOWN: usize = 20;
/// Unknown categories that a page names.
const NAMED: usize = 8;
/// Unknown categories that are counted by name.
const NAMES: usize = 10_000;
/// Letters of an unknown category that are shown.
const NAME: usize = 40;
/// Wrong rows of a sheet of them.
pub const FAULTS_MOST: usize = 10_000;

/// Reads the staged copy through and says what an import would do.
pub async fn survey(district: &Arc<District>, id: BatchId, mapping: &Mapping) -> Result<Survey> {
    survey_with(district, id, mapping, SHOWN).await
}

/// [`survey`] with up to `most` wrong rows, so that they can be mended before anything is imported.
pub async fn survey_with(
    district: &Arc<District>,
    id: BatchId,
    mapping: &Mapping,
    most: usize,
) -> Result<Survey> {
    let mut conn = district.db.read().await?;
    let noted = batch::get(&mut conn, id).await?;
    let places = mapping.places(&noted.headings()?)?;
    let atlas = district.port::<AtlasPort>()?.get();
    let path = staged::path(district, id.0)?;
    let mut survey = Survey::default();
    let mut tally = Tally::default();
    let mut position = 0;
    loop {
        let file = path.clone();
        let (rows, next) = tokio::task::spawn_blocking(move || staged::read(&file, position, 500))
            .await
            .map_err(Error::internal)??;
        if rows.is_empty() {
            survey.unknown = tally.unknown.most();
            return Ok(survey);
        }
        position = next;
        let mut messages = Vec::new();
        for (line, row) in rows {
            if survey.sample.len() < SAMPLE {
                survey.sample.push(row.iter().map(str::to_owned).collect());
            }
            match Message::read(&row, &places, &atlas, &district.area, district.clock.now()) {
                Ok(message) => messages.push(message),
                Err(faults) => {
                    survey.faulty += 1;
                    if survey.faults.len() < most {
                        survey.faults.push(fault(line, faults, &row));
                    }
                }
            }
        }
        let numbers: Vec<&str> = messages.iter().map(|m| m.number.as_str()).collect();
        let mut here = known::known(&mut conn, &numbers).await?;
        for message in &messages {
            survey.answered += i64::from(message.reply.is_some());
            let met = tally.count(&mut here, message, id)?;
            if matches!(met, Met::Here) {
                survey.known += 1;
                continue;
            }
            survey.fresh += 1;
            survey.twins += i64::from(matches!(met, Met::Twin));
            if let Some(said) = &message.category_said {
                survey.uncategorised += 1;
                tally.unknown.meet(said);
            }
        }
    }
}

enum Met {
    Here,
    New,
    Twin,
}

/// What a survey has met so far, since it writes nothing down.
#[derive(Default)]
struct Tally {
    prints: HashSet<Vec<u8>>,
    numbers: HashSet<String>,
    cases: HashSet<CaseId>,
    unknown: Unknown,
}

/// Categories that the district does not have, each with how many messages name it.
#[derive(Default)]
struct Unknown(HashMap<String, i64>);

impl Unknown {
    fn meet(&mut self, said: &str) {
        let name: String = said.chars().take(NAME).collect();
        // A column of free words, taken for the category, must not fill the memory.
        if self.0.len() < NAMES || self.0.contains_key(&name) {
            *self.0.entry(name).or_default() += 1;
        }
    }

    fn most(&self) -> Vec<(String, i64)> {
        let mut all: Vec<(String, i64)> = self.0.iter().map(|(name, n)| (name.clone(), *n)).collect();
        all.sort_unstable_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));
        all.truncate(NAMED);
        all
    }
}

impl Tally {
    fn count(&mut self, here: &mut known::Here, message: &Message, survey: BatchId) -> Result<Met> {
        let print = message.fingerprint()?;
        if self.prints.contains(&print) {
            return Ok(Met::Here);
        }
        here.mark(&message.number, &self.cases, survey);
        if let Some(known) = here.find(message, &print, Some(survey)) {
            self.cases.insert(known.case_id);
            self.prints.insert(print);
            return Ok(Met::Here);
        }
        self.prints.insert(print);
        let first = self.numbers.insert(message.number.clone());
        Ok(if first && here.is_free(&message.number) { Met::New } else { Met::Twin })
    }
}
