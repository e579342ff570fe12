//! What the triage board proposes beside a case (研判建议): category, lead, whistle, nature, urgency and
//! place, each with how sure it is and why; and the cases that may be about the same thing.

use linli_grid::Atlas;
use linli_web::Ctx;

use crate::{
    model::{Case, CaseId, Level, WhistleLevel},
    read::{
        Similar, Suggestion,
        suggest::{Guessed, Reason},
    },
    web::desk::{
        room::Room,
        view::{Line, ago},
    },
};

/// From this many per cent on a learned category may be accepted with one key.
const FIRM: u32 = 75;

/// A suggestion in words.
pub(super) struct Proposal {
    pub(super) category: String,
    /// The branches, each with how sure it is; empty where no history stands behind them.
    pub(super) levels: Vec<(String, String)>,
    pub(super) lead: String,
    pub(super) assisting: String,
    pub(super) whistle: String,
    /// What such cases usually were, line by line: name, value, how sure.
    pub(super) more: Vec<(String, String, String)>,
    /// Words of danger.
    pub(super) urgent: Vec<String>,
    /// A place that the text names, and its area to be confirmed.
    pub(super) place: Option<(String, String)>,
    pub(super) sure: bool,
    pub(super) reasons: Vec<String>,
}

/// A case that may be about the same thing.
pub(super) struct Twin {
    pub(super) id: CaseId,
    pub(super) number: String,
    pub(super) title: String,
    pub(super) state: String,
    pub(super) why: String,
    pub(super) question: String,
}

/// Whether a suggestion may be accepted with one key: a lead by duty, and a category that is sure from
/// experience or named by more than one word.
fn is_firm(suggestion: &Suggestion) -> bool {
    let learned = suggestion.levels.last().map(|(_, percent)| *percent >= FIRM);
    let named = || suggestion.reasons.iter().any(|r| matches!(r, Reason::Words { words } if words.len() > 1));
    suggestion.category.is_some()
        && suggestion.lead.is_some()
        && suggestion.reasons.iter().any(|r| matches!(r, Reason::Duty { .. }))
        && learned.unwrap_or_else(named)
}

/// What stands to reason for a case: a category that it has already goes before a guess from words.
pub(in crate::web::desk) fn proposed(room: &Room, case: &Case, guess: Suggestion) -> (Suggestion, bool) {
    let duty = case.category.as_deref().and_then(|code| room.atlas.duty(code));
    let Some(duty) = duty else {
        let firm = is_firm(&guess);
        return (guess, firm);
    };
    let section = duty.section.as_deref().and_then(|word| room.atlas.section(&case.area, word));
    let lead = section.unwrap_or(duty.lead);
    let known = Suggestion {
        category: case.category.clone(),
        whistle: WhistleLevel::Joint,
        level: Level::Street,
        lead: Some(lead),
        assisting: duty.assisting.iter().copied().filter(|org| *org != lead).collect(),
        reasons: vec![Reason::Duty { basis: duty.basis.clone() }],
        levels: Vec::new(),
        ..guess
    };
    (known, true)
}

fn percent(ctx: &Ctx, n: u32) -> String {
    ctx.locale.t_with("desk-sure-percent", &[("n", n.to_string())])
}

/// One line of what such cases usually were: how sure, and the words that speak for it.
fn line<T: std::fmt::Display>(ctx: &Ctx, list: &str, guess: &Guessed<T>) -> (String, String, String) {
    let mut sure: Vec<String> = guess.percent.map(|n| percent(ctx, n)).into_iter().collect();
    if !guess.words.is_empty() {
        let words = guess.words.iter().take(3).cloned().collect::<Vec<_>>().join("、");
        sure.push(ctx.locale.t_with("desk-reason-words", &[("words", words)]));
    }
    (
        ctx.locale.t(&format!("desk-guess-{list}")),
        ctx.locale.t(&format!("desk-{list}-{}", guess.value)),
        sure.join(" · "),
    )
}

fn levels(ctx: &Ctx, atlas: &Atlas, s: &Suggestion) -> Vec<(String, String)> {
    let name = |code: &str| atlas.category(code).map_or_else(|| code.to_owned(), |c| c.name.clone());
    s.levels.iter().map(|(code, n)| (name(code), percent(ctx, *n))).collect()
}

/// The suggestion for the page.
pub(super) fn proposal(ctx: &Ctx, room: &Room, s: &Suggestion, sure: bool, case: &Case) -> Proposal {
    let names: Vec<&str> = s.assisting.iter().map(|org| room.atlas.org_name(*org)).collect();
    let reasons = s.reasons.iter().map(|reason| match reason {
        Reason::Words { words } => ctx.locale.t_with("desk-reason-words", &[("words", words.join("、"))]),
        Reason::Duty { basis: Some(basis) } => {
            ctx.locale.t_with("desk-reason-duty-basis", &[("basis", basis.clone())])
        }
        Reason::Duty { basis: None } => ctx.locale.t("desk-reason-duty"),
        Reason::OwnTeam => ctx.locale.t("desk-reason-own"),
    });
    // What the case says already needs no guess beside it.
    let nature = s.nature.as_ref().filter(|guess| guess.value != case.reported.nature);
    let history = s.history.as_ref().filter(|guess| guess.value != s.whistle);
    let mut more: Vec<_> = nature.map(|guess| line(ctx, "nature", guess)).into_iter().collect();
    more.extend(history.map(|guess| line(ctx, "whistle", guess)));
    let place = s.place.as_ref().map(|place| {
        let known = place.area.as_ref().filter(|area| case.area.contains(area) && **area != case.area);
        let key = if known.is_some() { "desk-guess-place-known" } else { "desk-guess-place-unknown" };
        let path = known.map(|area| room.atlas.path(area)).unwrap_or_default();
        let words = ctx.locale.t_with(key, &[("written", place.written.clone()), ("path", path)]);
        (words, known.map(ToString::to_string).unwrap_or_default())
    });
    Proposal {
        category: s
            .category
            .as_deref()
            .map_or_else(|| ctx.locale.t("desk-suggestion-none"), |code| room.atlas.category_path(code)),
        levels: levels(ctx, &room.atlas, s),
        lead: s
            .lead
            .map_or_else(|| ctx.locale.t("desk-suggestion-none"), |id| room.atlas.org_name(id).to_owned()),
        assisting: names.join("、"),
        whistle: ctx.locale.t(&format!("desk-whistle-{}", s.whistle)),
        more,
        urgent: s
            .urgent
            .iter()
            .map(|(word, danger)| {
                let args = [("word", word.clone()), ("danger", danger.clone())];
                ctx.locale.t_with("desk-guess-urgent", &args)
            })
            .collect(),
        place,
        sure,
        reasons: reasons.collect(),
    }
}

/// A likely repeat for the page, with why.
pub(super) fn twin(ctx: &Ctx, room: &Room, own: &Line, s: Similar) -> Twin {
    let place = match s.metres {
        Some(m) => ctx.locale.t_with("desk-similar-metres", &[("n", format!("{m:.0}"))]),
        None if s.same_grid => ctx.locale.t("desk-similar-same-grid"),
        None => room.atlas.path(&s.area),
    };
    let args =
        [("place", place), ("when", ago(&ctx.locale, s.reported_at, room.now)), ("n", s.score.to_string())];
    let mut why = vec![ctx.locale.t_with("desk-similar-why", &args)];
    if !s.words.is_empty() {
        why.push(ctx.locale.t_with("desk-similar-words", &[("words", s.words.join("、"))]));
    }
    Twin {
        id: s.id,
        state: ctx.locale.t(&format!("desk-state-{}", s.state)),
        why: why.join(" · "),
        question: ctx.locale.t_with("desk-merge-sure", &[("title", format!("{} {}", s.number, s.title))])
            + &format!("（{}）", own.title),
        number: s.number,
        title: s.title,
    }
}

/// A suggestion in one line, for the summary of many.
pub(in crate::web::desk) fn in_a_line(
    ctx: &Ctx,
    room: &Room,
    suggestion: &Suggestion,
    case: &Case,
) -> String {
    let p = proposal(ctx, room, suggestion, true, case);
    ctx.locale.t_with(
        "desk-bulk-triage-line",
        &[("category", p.category), ("lead", p.lead), ("whistle", p.whistle)],
    )
}
