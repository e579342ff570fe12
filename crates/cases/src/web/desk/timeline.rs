//! What happened, line by line, in the words of those who work on it.

use std::collections::BTreeMap;

use askama::Template;
use linli_grid::Atlas;
use linli_kernel::Timestamp;
use linli_web::{Chrome, Locale, Markup};

use super::forms::piece;
use crate::{
    model::{Action, CaseState},
    read::EntryView,
};

/// One line.
#[derive(Debug, Clone)]
pub(super) struct Happened {
    seq: i64,
    iso: String,
    time: String,
    text: String,
    public: bool,
    key: bool,
    bad: bool,
    /// Words, and whether the reporter reads them.
    said: Vec<(String, bool)>,
}

/// Facts that are words of a closed list, by the action under which they stand.
fn fact(locale: &Locale, atlas: &Atlas, action: Action, name: &str, value: &str) -> Option<String> {
    let word = |list: &str| Some(locale.t(&format!("desk-{list}-{value}")));
    let org = || value.parse().ok().map(|id| atlas.org_name(id).to_owned());
    match (action, name) {
        (_, "lead" | "org") | (Action::RequestReturn, "to") => org(),
        (Action::Decline, "reason") => word("decline"),
        (Action::RequestReturn, "reason") => word("return"),
        (_, "whistle") => word("whistle"),
        (_, "extent") => word("extent"),
        (_, "outcome") => word("outcome"),
        (_, "satisfaction") => word("satisfaction"),
        (Action::Recategorise, "to") => Some(atlas.category_path(value)),
        (Action::Locate, "to") => value.parse().ok().map(|area| atlas.path(&area)),
        (_, "days") => Some(locale.t_with("desk-clock-extended", &[("n", value.to_owned())])),
        (_, "review") => value.parse::<Timestamp>().ok().map(|at| locale.time(at)),
        (_, "reached") => word("fact-reached"),
        (_, "granted") => word("fact-granted"),
        (_, "solved") => word("fact-solved"),
        (_, "done_by") => Some(value.to_owned()),
        (Action::Report, "category_said") => {
            Some(locale.t_with("desk-category-said", &[("said", format!("“{value}”"))]))
        }
        _ => None,
    }
}

fn facts(locale: &Locale, atlas: &Atlas, action: Action, facts: &BTreeMap<String, String>) -> Vec<String> {
    facts.iter().filter_map(|(name, value)| fact(locale, atlas, action, name, value)).collect()
}

/// The newest first.
pub(super) fn lines(locale: &Locale, atlas: &Atlas, entries: &[EntryView]) -> Vec<Happened> {
    entries
        .iter()
        .rev()
        .map(|e| {
            let mut who = e.name.clone();
            if let Some(org) = e.org {
                let org = atlas.org_name(org);
                who = if who.is_empty() { org.to_owned() } else { format!("{org} {who}") };
            }
            let mut parts = vec![locale.t(&format!("desk-log-{}", e.action))];
            parts.extend(facts(locale, atlas, e.action, &e.facts));
            let mut text = parts.join(" · ");
            if !who.is_empty() {
                text = format!("{who} {text}");
            }
            let mut said = Vec::new();
            said.extend(e.note.clone().map(|note| (note, e.words_are_public())));
            said.extend(e.facts.get("reply").map(|reply| (reply.clone(), true)));
            Happened {
                seq: e.seq,
                iso: e.at.rfc3339(),
                time: locale.time(e.at),
                text,
                public: e.public,
                key: matches!(
                    e.action,
                    Action::Dispatch | Action::Accept | Action::Arrive | Action::Resolve | Action::Close
                ),
                bad: matches!(e.action, Action::Escalate | Action::FailVerification | Action::Decline)
                    || e.to == CaseState::Returned,
                said,
            }
        })
        .collect()
}

#[derive(Template)]
#[template(path = "desk/timeline.html")]
struct TimelinePiece<'a> {
    chrome: &'a Chrome,
    entries: &'a [Happened],
}

pub(super) fn show(chrome: &Chrome, entries: &[Happened]) -> Markup {
    piece(&TimelinePiece { chrome, entries })
}
