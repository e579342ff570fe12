//! `/homes/queue/{id}`: one entry beside the register, field by field, and what is decided about it.

use std::collections::BTreeSet;

use askama::Template;
use axum::{
    extract::Path,
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use axum_extra::extract::Form;
use linli_kernel::{Error, Timestamp};
use linli_store::Entry;
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebResult};
use serde::Deserialize;
use serde_json::json;

use super::super::{Desk, ago, day, word};
use crate::{
    app,
    claims::{self, Claim, ClaimId, Compared, Conflict, Decision, FieldPair, Kept, Match, PersonPair, Taken},
    model::{DwellingId, Field, ResidentId},
    store::places,
};

struct Line {
    tick: String,
    label: String,
    said: String,
    known: String,
    same: bool,
    source: String,
    ticked: bool,
}

struct Who {
    n: usize,
    name: String,
    /// New here, known here, known elsewhere, gone.
    what: String,
    tone: &'static str,
    /// Where else, as far as this person may know.
    elsewhere: String,
    lines: Vec<Line>,
    same: Vec<String>,
    care: Vec<(String, String, bool)>,
    gone: bool,
}

#[derive(Template)]
#[template(path = "claims/look.html")]
struct Page {
    chrome: Chrome,
    claim: Claim,
    crumbs: Vec<(String, String)>,
    tone: &'static str,
    home: Option<DwellingId>,
    confirmed: String,
    conflicts: Vec<(Conflict, String)>,
    usage: Option<Line>,
    people: Vec<Who>,
    unnamed: Vec<String>,
    /// The register has changed since the form was sent.
    moved_on: bool,
    base: String,
    may_decide: bool,
    may_care: bool,
    /// What was typed is no longer there.
    destroyed: bool,
    submitted: Timestamp,
    left: Vec<String>,
    reason: String,
    problems: Problems,
    trouble: String,
}

impl Page {
    /// Whose words stand against the register.
    fn said(&self) -> &'static str {
        if self.claim.peer.is_none() { "claim-said" } else { "claim-said-peer" }
    }
}

fn value(ctx: &Ctx, field: Field, text: &str) -> String {
    match field {
        _ if text.is_empty() => ctx.locale.t("household-none"),
        Field::Relation => word(&ctx.locale, "relation", text),
        Field::Residence => word(&ctx.locale, "residence", text),
        Field::Sex => word(&ctx.locale, "sex", text),
        _ => text.to_owned(),
    }
}

fn line(ctx: &Ctx, n: usize, pair: &FieldPair, hidden: bool) -> Line {
    let l = &ctx.locale;
    let source = pair.mark.filter(|_| !hidden && pair.known.is_some()).map(|mark| {
        l.t_with(
            "household-mark",
            &[("source", word(l, "source", mark.source.as_str())), ("day", day(mark.at))],
        )
    });
    Line {
        tick: format!("{n}.{}", pair.field),
        label: word(l, "field", pair.field.as_str()),
        said: value(ctx, pair.field, &pair.said),
        known: match &pair.known {
            _ if hidden => l.t("claim-known-hidden"),
            Some(known) => value(ctx, pair.field, known),
            None => l.t("claim-known-none"),
        },
        same: pair.same && !hidden,
        source: source.unwrap_or_default(),
        ticked: true,
    }
}

fn who(ctx: &Ctx, desk: &Desk, n: usize, pair: &PersonPair, addresses: &[(DwellingId, String)]) -> Who {
    let l = &ctx.locale;
    let hidden = match &pair.found {
        Match::Elsewhere(r) => !desk.scope.covers(&r.area, &[]),
        Match::Nobody | Match::Here(_) => false,
    };
    let (what, tone) = match &pair.found {
        _ if pair.member.gone => ("claim-who-gone", "warn"),
        Match::Nobody => ("claim-who-new", "info"),
        Match::Here(_) => ("claim-who-here", "ok"),
        Match::Elsewhere(r) if r.dwelling_id.is_none() => ("claim-who-back", "info"),
        Match::Elsewhere(_) => ("claim-who-elsewhere", "bad"),
    };
    let elsewhere = match &pair.found {
        Match::Elsewhere(r) if hidden && r.dwelling_id.is_some() => l.t("claim-elsewhere-hidden"),
        Match::Elsewhere(r) => addresses
            .iter()
            .find(|(id, _)| Some(*id) == r.dwelling_id)
            .map(|(_, address)| l.t_with("claim-elsewhere-at", &[("address", address.clone())]))
            .unwrap_or_default(),
        Match::Nobody | Match::Here(_) => String::new(),
    };
    let lines: Vec<Line> = pair.fields.iter().map(|f| line(ctx, n, f, hidden)).collect();
    let (same, lines): (Vec<Line>, Vec<Line>) = lines.into_iter().partition(|line| line.same);
    Who {
        n,
        name: pair.name().to_owned(),
        what: l.t(what),
        tone,
        elsewhere,
        lines,
        same: same.into_iter().map(|line| line.label).collect(),
        care: pair
            .care
            .iter()
            .map(|(kind, known)| (format!("{n}.care.{kind}"), word(l, "care", kind.as_str()), *known))
            .collect(),
        gone: pair.member.gone,
    }
}

fn usage(ctx: &Ctx, compared: &Compared) -> Option<Line> {
    let (said, known, mark) = compared.usage?;
    let l = &ctx.locale;
    let source = mark.map(|mark| {
        l.t_with(
            "household-mark",
            &[("source", word(l, "source", mark.source.as_str())), ("day", day(mark.at))],
        )
    });
    Some(Line {
        tick: "usage".into(),
        label: word(l, "field", "usage"),
        said: word(l, "usage", said.as_str()),
        known: known.map_or_else(|| l.t("claim-known-none"), |k| word(l, "usage", k.as_str())),
        same: Some(said) == known,
        source: source.unwrap_or_default(),
        ticked: true,
    })
}

#[derive(Default)]
struct Beside {
    reason: String,
    problems: Problems,
    trouble: String,
}

async fn render(ctx: &Ctx, id: ClaimId, beside: Beside) -> WebResult {
    let desk = Desk::of(ctx, "claim.read")?;
    let mut op = ctx.op().await?;
    let Kept { claim, content } = Kept::load(&mut op.tx, &desk.access, &desk.scope, id).await?;
    let said = content.clone().unwrap_or_default();
    let compared = claims::compare(&mut op.tx, &desk.access, &claim, &said, ctx.now()).await?;
    let seen: Vec<&crate::store::people::Resident> = compared
        .people
        .iter()
        .filter_map(|p| p.found.resident())
        .filter(|r| desk.scope.covers(&r.area, &[]))
        .chain(&compared.unnamed)
        .collect();
    let homes: Vec<DwellingId> = seen.iter().filter_map(|r| r.dwelling_id).collect();
    let found = places::whereabouts(&mut op.tx, &homes).await?;
    let addresses: Vec<(DwellingId, String)> =
        found.into_iter().map(|(id, _, address)| (id, address)).collect();
    // Who looks at an entry looks at the people in it.
    let residents: Vec<ResidentId> = seen.iter().map(|r| r.id).collect();
    if let Some(home) = claim.dwelling_id {
        app::looked(&mut op, home, &claim.area, &residents).await?;
    }
    op.log(Entry {
        action: "claim.read",
        subject: "claim",
        subject_id: id.to_string(),
        area: claim.area.clone(),
        detail: json!({ "dwelling": claim.dwelling_id }),
    })
    .await?;
    op.commit().await?;
    let over = claim.state.is_over();
    let status = match () {
        () if !beside.problems.is_empty() => StatusCode::UNPROCESSABLE_ENTITY,
        () if !beside.trouble.is_empty() => StatusCode::CONFLICT,
        () => StatusCode::OK,
    };
    let l = &ctx.locale;
    let page = Page {
        chrome: desk.chrome(ctx, "claim-look"),
        crumbs: desk.crumbs(ctx, &claim.area),
        tone: super::super::door::receipt_tone(claim.state),
        home: compared.dwelling.as_ref().map(|d| d.id),
        confirmed: compared.dwelling.as_ref().map_or_else(String::new, |d| ago(l, d.confirmed_at, ctx.now())),
        conflicts: if over { Vec::new() } else { compared.conflicts.clone() }
            .into_iter()
            .map(|c| (c, l.t(&format!("claim-conflict-{c}-what"))))
            .collect(),
        usage: usage(ctx, &compared),
        people: compared
            .people
            .iter()
            .enumerate()
            .map(|(n, pair)| who(ctx, &desk, n, pair, &addresses))
            .collect(),
        unnamed: compared.unnamed.iter().map(|r| r.name.clone()).collect(),
        moved_on: !over && compared.base != claim.base,
        base: compared.base,
        may_decide: !over && content.is_some() && desk.may(ctx, "claim.decide", &claim.area),
        may_care: desk.may(ctx, "household.care", &claim.area),
        destroyed: content.is_none(),
        submitted: claim.submitted_at,
        left: claim
            .outcome()
            .map(|o| o.left.iter().map(|f| word(l, "field", f.as_str())).collect())
            .unwrap_or_default(),
        claim,
        reason: beside.reason,
        problems: beside.problems,
        trouble: beside.trouble,
    };
    Ok((status, ctx.page(&page)?).into_response())
}

async fn show(ctx: Ctx, Path(id): Path<ClaimId>) -> WebResult {
    render(&ctx, id, Beside::default()).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Decided {
    r#do: String,
    version: i64,
    base: String,
    tick: Vec<String>,
    reason: String,
}

async fn decide(ctx: Ctx, Path(id): Path<ClaimId>, Form(form): Form<Decided>) -> WebResult {
    let mut op = ctx.op().await?;
    let decision = |taken: Taken| Decision { version: form.version, base: form.base.clone(), taken };
    let outcome = match form.r#do.as_str() {
        "all" => claims::accept(&mut op, id, &decision(Taken::All)).await,
        "some" => {
            let ticks: BTreeSet<String> = form.tick.iter().cloned().collect();
            claims::accept(&mut op, id, &decision(Taken::Some(ticks))).await
        }
        "ask" => claims::ask_again(&mut op, id, form.version, &form.reason).await,
        "decline" => claims::decline(&mut op, id, form.version, &form.reason).await,
        _ => Err(Error::field("form", "error-form-broken")),
    };
    match outcome {
        Ok(claim) => {
            op.commit().await?;
            let to = format!("/homes/queue?at={}&done={}", claim.area, claim.state);
            Ok(Redirect::to(&to).into_response())
        }
        Err(Error::Conflict(key)) => {
            drop(op);
            let trouble = ctx.locale.t(key);
            render(&ctx, id, Beside { reason: form.reason, trouble, ..Beside::default() }).await
        }
        Err(error) => {
            drop(op);
            let problems = Problems::of(error, &ctx.locale)?;
            render(&ctx, id, Beside { reason: form.reason, problems, ..Beside::default() }).await
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/homes/queue/{id}", Access::May("claim.read"), show),
        Route::post("/homes/queue/{id}", Access::May("claim.decide"), decide),
    ]
}
