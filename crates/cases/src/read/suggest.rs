//! A first guess for the triage board: category from the words, who leads from the duty list.

use std::collections::{HashMap, HashSet};

use linli_access::Scope;
use linli_grid::{Atlas, AtlasPort};
use linli_kernel::{AreaCode, Result, actor::OrgId, area::AreaLevel, params, text};
use linli_store::{Conn, District};
use serde::Serialize;

use super::detail::visible;
use crate::model::{CaseId, Level, WhistleLevel};

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
}

/// A port: a better guess at the category than words in common: code and the words that led to it.
pub struct SuggestPort(pub Box<Classify>);

/// The category of a text and the words that speak for it; silent where it is not sure.
pub type Classify = dyn Fn(&Atlas, &str) -> Option<(String, Vec<String>)> + Send + Sync;

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

/// The guess for words said about a place.
pub fn suggest(district: &District, atlas: &Atlas, said: &str, area: &AreaCode) -> Suggestion {
    let guess = match district.ports.get::<SuggestPort>() {
        Some(port) => (port.0)(atlas, said),
        None => by_words(atlas, said),
    };
    let mut reasons = Vec::new();
    let mut category = None;
    if let Some((code, words)) = guess {
        reasons.push(Reason::Words { words });
        category = Some(code);
    }
    let duty = category.as_deref().and_then(|code| atlas.duty(code));
    if let Some(duty) = duty {
        let section = duty.section.as_deref().and_then(|word| atlas.section(area, word));
        reasons.push(Reason::Duty { basis: duty.basis.clone() });
        let lead = section.unwrap_or(duty.lead);
        return Suggestion {
            category,
            whistle: WhistleLevel::Joint,
            level: Level::Street,
            lead: Some(lead),
            assisting: duty.assisting.iter().copied().filter(|org| *org != lead).collect(),
            reasons,
        };
    }
    reasons.push(Reason::OwnTeam);
    let own = [AreaLevel::Grid, AreaLevel::Street, AreaLevel::District]
        .into_iter()
        .find_map(|level| atlas.team(&area.at(level)?));
    Suggestion {
        category,
        whistle: WhistleLevel::Regular,
        level: Level::of_area(area.level()),
        lead: own,
        assisting: Vec::new(),
        reasons,
    }
}

/// The guess for a case within the scope.
pub async fn suggest_for(
    conn: &mut Conn,
    district: &District,
    scope: &Scope,
    id: CaseId,
) -> Result<Suggestion> {
    let (record, _) = visible(conn, scope, id).await?;
    let body: String = conn.scalar("SELECT body FROM case_file WHERE id = $1", params![id]).await?;
    let atlas = district.port::<AtlasPort>()?.get();
    Ok(suggest(district, &atlas, &format!("{} {body}", record.title), &record.area))
}
