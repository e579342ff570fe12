//! What the board offers: a category, a lead and a whistle with their reasons; likely repeats.

use linli_web::Ctx;

use crate::{
    model::{Case, CaseId, Level, WhistleLevel},
    read::{Similar, Suggestion, suggest::Reason},
    web::desk::{
        room::Room,
        view::{Line, ago},
    },
};

pub(super) struct Proposal {
    pub(super) category: String,
    pub(super) lead: String,
    pub(super) assisting: String,
    pub(super) whistle: String,
    pub(super) sure: bool,
    pub(super) reasons: Vec<String>,
}

pub(super) struct Twin {
    pub(super) id: CaseId,
    pub(super) number: String,
    pub(super) title: String,
    pub(super) state: String,
    pub(super) why: String,
    pub(super) question: String,
}

/// Whether a suggestion may be accepted with one key: it names a category by words and a lead by duty.
fn is_firm(suggestion: &Suggestion) -> bool {
    suggestion.category.is_some()
        && suggestion.lead.is_some()
        && suggestion.reasons.iter().any(|r| matches!(r, Reason::Duty { .. }))
        && suggestion.reasons.iter().any(|r| matches!(r, Reason::Words { words } if words.len() > 1))
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
    };
    (known, true)
}

pub(super) fn proposal(ctx: &Ctx, room: &Room, s: &Suggestion, sure: bool) -> Proposal {
    let names: Vec<&str> = s.assisting.iter().map(|org| room.atlas.org_name(*org)).collect();
    let reasons = s.reasons.iter().map(|reason| match reason {
        Reason::Words { words } => ctx.locale.t_with("desk-reason-words", &[("words", words.join("、"))]),
        Reason::Duty { basis: Some(basis) } => {
            ctx.locale.t_with("desk-reason-duty-basis", &[("basis", basis.clone())])
        }
        Reason::Duty { basis: None } => ctx.locale.t("desk-reason-duty"),
        Reason::OwnTeam => ctx.locale.t("desk-reason-own"),
    });
    Proposal {
        category: s
            .category
            .as_deref()
            .map_or_else(|| ctx.locale.t("desk-suggestion-none"), |code| room.atlas.category_path(code)),
        lead: s
            .lead
            .map_or_else(|| ctx.locale.t("desk-suggestion-none"), |id| room.atlas.org_name(id).to_owned()),
        assisting: names.join("、"),
        whistle: ctx.locale.t(&format!("desk-whistle-{}", s.whistle)),
        sure,
        reasons: reasons.collect(),
    }
}

pub(super) fn twin(ctx: &Ctx, room: &Room, own: &Line, s: Similar) -> Twin {
    let place = match s.metres {
        Some(m) => ctx.locale.t_with("desk-similar-metres", &[("n", format!("{m:.0}"))]),
        None => room.atlas.path(&s.area),
    };
    let args =
        [("place", place), ("when", ago(&ctx.locale, s.reported_at, room.now)), ("n", s.score.to_string())];
    Twin {
        id: s.id,
        state: ctx.locale.t(&format!("desk-state-{}", s.state)),
        why: ctx.locale.t_with("desk-similar-why", &args),
        question: ctx.locale.t_with("desk-merge-sure", &[("title", format!("{} {}", s.number, s.title))])
            + &format!("（{}）", own.title),
        number: s.number,
        title: s.title,
    }
}

/// A suggestion in one line, for the summary of many.
pub(in crate::web::desk) fn in_a_line(room: &Room, suggestion: &Suggestion, ctx: &Ctx) -> String {
    let p = proposal(ctx, room, suggestion, true);
    ctx.locale.t_with(
        "desk-bulk-triage-line",
        &[("category", p.category), ("lead", p.lead), ("whistle", p.whistle)],
    )
}
