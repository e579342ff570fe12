//! A first guess for the triage board (研判建议): category from the words, who leads from the duty list.
//!
//! Whoever reads texts better fills [`SuggestPort`]; without it the names of the categories are compared
//! with the text.

use std::collections::{HashMap, HashSet};

use linli_access::Scope;
use linli_grid::{Atlas, AtlasPort};
use linli_kernel::{AreaCode, Result, actor::OrgId, area::AreaLevel, params, text};
use linli_store::{Conn, District};
use serde::Serialize;

use super::detail::visible;
use crate::model::{CaseId, Level, Nature, WhistleLevel};

/// Why something is suggested; the page has a sentence for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// These words of the report are words of the category.
    Words {
        /// The words.
        words: Vec<String>,
    },
    /// The duty list names the lead, with its legal basis if it has one.
    Duty {
        /// Law or rule.
        basis: Option<String>,
    },
    /// Nobody else is named: the place's own team.
    OwnTeam,
}

/// What the board proposes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// Category code.
    pub category: Option<String>,
    /// The whistle.
    pub whistle: WhistleLevel,
    /// The level that would answer.
    pub level: Level,
    /// Who would lead.
    pub lead: Option<OrgId>,
    /// Who would assist.
    pub assisting: Vec<OrgId>,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Level by level how sure the reader is; empty when only names were compared.
    pub levels: Vec<(String, u32)>,
    /// What the reporter wants.
    pub nature: Option<Guessed<Nature>>,
    /// The whistle that such cases had in the end.
    pub history: Option<Guessed<WhistleLevel>>,
    /// Words that say it cannot wait, and the danger each stands for.
    pub urgent: Vec<(String, String)>,
    /// A place named in the text, for a case that nobody has located.
    pub place: Option<NamedPlace>,
}

/// One answer of a reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Guessed<T> {
    /// What it says.
    pub value: T,
    /// How sure it is, in per cent; nothing where no history stands behind it.
    pub percent: Option<u32>,
    /// Words of the text that speak for it.
    pub words: Vec<String>,
}

/// A place that a text names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedPlace {
    /// As written.
    pub written: String,
    /// Where that is; nothing for a name that nobody has entered.
    pub area: Option<AreaCode>,
}

/// What a reader of texts says of one text; silent where it is not sure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guess {
    /// Whether there is a reader for categories at all; without one their names are compared.
    pub trained: bool,
    /// The category, if the last level is sure enough.
    pub category: Option<Guessed<String>>,
    /// Codes level by level, each with its per cent, as far as it is sure.
    pub levels: Vec<(String, u32)>,
    /// What the reporter wants.
    pub nature: Option<Guessed<Nature>>,
    /// The whistle.
    pub whistle: Option<Guessed<WhistleLevel>>,
    /// Words of urgency, each with its danger.
    pub urgent: Vec<(String, String)>,
    /// The first place that the text names.
    pub place: Option<NamedPlace>,
}

/// A port: a reader of texts that learns from closed cases.
pub struct SuggestPort(pub Box<Classify>);

/// Reads what was said, the address that was given beside it, and the area in which it lies as far as that is known.
pub type Classify = dyn Fn(&Atlas, &str, &str, &AreaCode) -> Guess + Send + Sync;

fn pairs(words: &str) -> HashSet<String> {
    text::index_words(words).into_iter().filter(|w| w.chars().count() > 1).collect()
}

/// The leaf whose name, with those of its branches, shares the rarest words with the text.
fn by_words(atlas: &Atlas, said: &str) -> Option<(String, Vec<String>)> {
    let branches: HashSet<&str> = atlas.categories().filter_map(|c| c.parent.as_deref()).collect();
    let leaves: Vec<(&str, HashSet<String>)> = atlas
        .categories()
        .filter(|c| c.active && !branches.contains(c.code.as_str()))
        .map(|c| (c.code.as_str(), pairs(&c.name)))
        .collect();
    let mut seen: HashMap<&str, u32> = HashMap::new();
    for (_, words) in &leaves {
        for word in words {
            *seen.entry(word.as_str()).or_default() += 1;
        }
    }
    let said = pairs(said);
    let weight = |word: &String| 1.0 / f64::from(seen.get(word.as_str()).copied().unwrap_or(1));
    leaves
        .iter()
        .filter_map(|(code, words)| {
            let mut common: Vec<String> = words.intersection(&said).cloned().collect();
            common.sort();
            let score: f64 = common.iter().map(weight).sum();
            (score > 0.0).then_some((score / (words.len() as f64).sqrt(), *code, common))
        })
        // Of equal ones the first in the tree.
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
        .map(|(_, code, common)| (code.to_owned(), common))
}

/// The guess for words said about a place; `address` only helps to find it.
pub fn suggest(district: &District, atlas: &Atlas, said: &str, address: &str, area: &AreaCode) -> Suggestion {
    let port = district.ports.get::<SuggestPort>();
    let mut guess = port.map(|port| (port.0)(atlas, said, address, area)).unwrap_or_default();
    if !guess.trained {
        guess.category = by_words(atlas, said).map(|(value, words)| Guessed { value, percent: None, words });
    }
    let mut reasons = Vec::new();
    let mut category = None;
    if let Some(found) = guess.category {
        reasons.push(Reason::Words { words: found.words });
        category = Some(found.value);
    }
    let own = || {
        [AreaLevel::Grid, AreaLevel::Street, AreaLevel::District]
            .into_iter()
            .find_map(|level| atlas.team(&area.at(level)?))
    };
    let mut suggestion = Suggestion {
        category,
        whistle: WhistleLevel::Regular,
        level: Level::of_area(area.level()),
        lead: None,
        assisting: Vec::new(),
        reasons,
        levels: guess.levels,
        nature: guess.nature,
        history: guess.whistle,
        urgent: guess.urgent,
        place: guess.place.filter(|_| area.level() != AreaLevel::Grid),
    };
    if let Some(duty) = suggestion.category.as_deref().and_then(|code| atlas.duty(code)) {
        let section = duty.section.as_deref().and_then(|word| atlas.section(area, word));
        let lead = section.unwrap_or(duty.lead);
        suggestion.reasons.push(Reason::Duty { basis: duty.basis.clone() });
        suggestion.whistle = WhistleLevel::Joint;
        suggestion.level = Level::Street;
        suggestion.lead = Some(lead);
        suggestion.assisting = duty.assisting.iter().copied().filter(|org| *org != lead).collect();
    } else {
        suggestion.reasons.push(Reason::OwnTeam);
        suggestion.lead = own();
    }
    suggestion
}

/// The guess for a case within the scope.
pub async fn suggest_for(
    conn: &mut Conn,
    district: &District,
    scope: &Scope,
    id: CaseId,
) -> Result<Suggestion> {
    let (record, _) = visible(conn, scope, id).await?;
    let (body, address): (String, String) =
        conn.one("SELECT body, address FROM case_file WHERE id = $1", params![id]).await?;
    let atlas = district.port::<AtlasPort>()?.get();
    Ok(suggest(district, &atlas, &format!("{} {body}", record.title), &address, &record.area))
}
