//! `/homes/{id}`: the household card (一户一档). Showing it writes down who looked.

mod past;
mod person;

use askama::Template;
use axum::{
    extract::{Form, Path, Query},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use linli_kernel::{Error, Result};
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebResult};
use serde::Deserialize;

use super::{Desk, ago, day, word};
use crate::{
    app::{self, Contact},
    claims,
    model::{Basis, DwellingId, Field, HouseholdKind, Leaving, Relation, Residence, ResidentId, Sex, Usage},
    read,
    store::mend,
    visits,
};
pub(super) use person::choices;
use person::{Choice, Family, source, who};

#[derive(Template)]
#[template(path = "homes/card.html")]
struct Page {
    chrome: Chrome,
    id: DwellingId,
    building: String,
    crumbs: Vec<(String, String)>,
    head: String,
    fresh: bool,
    confirmed: String,
    version: i64,
    usages: Vec<Choice>,
    usage: String,
    usage_source: String,
    families: Vec<Family>,
    /// When, what.
    timeline: Vec<(String, String)>,
    /// The latest visits: when, what and who, in words, photos.
    visits: Vec<(String, String, Option<String>, Vec<String>)>,
    /// Forms of residents that wait for this home: address, what it says, when.
    waiting: Vec<(String, String)>,
    /// Staircase, number, and since when and why it is closed, if it is.
    place: mend::DoorState,
    /// Nobody lives there: it may be closed.
    empty: bool,
    may_mend: bool,
    may_edit: bool,
    may_confirm: bool,
    may_move: bool,
    may_care: bool,
    may_unmask: bool,
    bases: Vec<(Basis, String)>,
    leavings: Vec<(Leaving, String)>,
    relations: Vec<Choice>,
    residences: Vec<Choice>,
    sexes: Vec<Choice>,
    typed: super::edit::Newcomer,
    /// Where the newcomer is registered, to be asked whether they come from there.
    comes: Option<(DwellingId, String)>,
    problems: Problems,
    trouble: String,
    done: String,
}

/// What the page shows beside the card: what went wrong, what was done, a contact in clear.
#[derive(Default)]
pub(super) struct Beside {
    pub(super) done: String,
    pub(super) trouble: String,
    pub(super) problems: Problems,
    /// Whose field the problems are about; the form of a newcomer's if nobody's.
    pub(super) about: Option<ResidentId>,
    pub(super) typed: super::edit::Newcomer,
    /// The home of somebody who was named as living here, and its address.
    pub(super) comes: Option<(DwellingId, String)>,
    pub(super) clear: Option<(ResidentId, Contact)>,
}

impl Beside {
    /// The mistake of an input at its field, any other refusal as a sentence.
    pub(super) fn of(ctx: &Ctx, error: Error) -> Result<Self> {
        match error {
            Error::Conflict(key) | Error::Forbidden(key) => {
                Ok(Self { trouble: ctx.locale.t(key), ..Self::default() })
            }
            Error::Invalid(fields) => {
                Ok(Self { problems: Problems::from_fields(&fields, &ctx.locale), ..Self::default() })
            }
            other => Err(other),
        }
    }

    fn status(&self) -> StatusCode {
        match () {
            () if !self.problems.is_empty() => StatusCode::UNPROCESSABLE_ENTITY,
            () if !self.trouble.is_empty() || self.comes.is_some() => StatusCode::CONFLICT,
            () => StatusCode::OK,
        }
    }
}

/// Shows the card of a home, and writes down that it was looked at.
pub(super) async fn render(ctx: &Ctx, id: DwellingId, beside: Beside) -> WebResult {
    let desk = Desk::of(ctx, "household.read")?;
    let mut op = ctx.op().await?;
    let card = read::card(&mut op.tx, &desk.access, &desk.scope, id, ctx.now()).await?;
    let residents: Vec<ResidentId> = card.residents().map(|r| r.id).collect();
    app::looked(&mut op, id, &card.area, &residents).await?;
    let waiting = if desk.may(ctx, "claim.read", &card.area) {
        claims::waiting_at(&mut op.tx, id).await?
    } else {
        Vec::new()
    };
    let place = mend::door_state(&mut op.tx, id).await?;
    let visits = visits::of_dwelling(&mut op.tx, &desk.access, id).await?;
    // No look without its row.
    op.commit().await?;

    let l = &ctx.locale;
    let families = card.households.iter().map(|h| Family {
        name: match h.kind {
            HouseholdKind::Family => String::new(),
            kind => word(l, "household", kind.as_str()),
        },
        since: day(h.since),
        people: h.residents.iter().map(|r| who(ctx, r, h.head == Some(r.id), &beside)).collect(),
    });
    // Nobody is made a second head by leaving the list as it stands.
    let led = card.residents().any(|r| r.relation == Relation::Head);
    // In what is closed nothing is done but to open it again.
    let open = place.closed_at.is_none();
    let may = |action: &str| open && desk.may(ctx, action, &card.area);
    let status = beside.status();
    let page = Page {
        chrome: desk.chrome(ctx, "household-card"),
        id,
        building: format!("/homes/house/{}", card.building),
        crumbs: desk.crumbs(ctx, &card.area),
        head: card.address.clone(),
        fresh: card.fresh,
        confirmed: ago(l, card.confirmed_at, ctx.now()),
        version: card.version,
        usages: choices(ctx, "usage", Usage::ALL, Usage::as_str, Some(card.usage)),
        usage: word(l, "usage", card.usage.as_str()),
        usage_source: source(ctx, card.marks.of(Field::Usage)),
        families: families.collect(),
        timeline: past::happened(l, &card),
        visits: visits
            .into_iter()
            .map(|v| {
                let what = format!("{} · {}", word(l, "visit", v.act.as_str()), v.who);
                (
                    l.time(v.at),
                    what,
                    v.note,
                    v.photos.iter().map(|p| format!("/homes/visits/photos/{p}")).collect(),
                )
            })
            .collect(),
        waiting: waiting
            .into_iter()
            .map(|(claim, kind, at)| {
                let what = format!("{} · {}", l.t(&format!("claim-kind-{kind}")), l.time(at));
                (format!("/homes/queue/{claim}"), what)
            })
            .collect(),
        place,
        empty: card.residents().next().is_none(),
        may_mend: desk.may(ctx, "household.edit", &card.area),
        may_edit: may("household.edit"),
        may_confirm: may("household.confirm"),
        may_move: may("household.move"),
        may_care: may("household.care"),
        may_unmask: may("household.read_contact"),
        bases: Basis::ALL.iter().map(|b| (*b, word(l, "basis", b.as_str()))).collect(),
        leavings: [Leaving::Away, Leaving::Deceased, Leaving::Mistake]
            .into_iter()
            .map(|r| (r, word(l, "leaving", r.as_str())))
            .collect(),
        relations: choices(
            ctx,
            "relation",
            Relation::ALL,
            Relation::as_str,
            beside.typed.relation.parse().ok().or(led.then_some(Relation::Other)),
        ),
        residences: choices(
            ctx,
            "residence",
            Residence::ALL,
            Residence::as_str,
            beside.typed.residence.parse().ok(),
        ),
        sexes: choices(ctx, "sex", Sex::ALL, Sex::as_str, beside.typed.sex.parse().ok()),
        typed: beside.typed,
        comes: beside.comes,
        problems: if beside.about.is_none() { beside.problems } else { Problems::none() },
        trouble: beside.trouble,
        done: beside.done,
    };
    let html = ctx.page(&page)?;
    Ok((status, html).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    done: String,
}

async fn show(ctx: Ctx, Path(id): Path<DwellingId>, Query(asked): Query<Asked>) -> WebResult {
    let done = match asked.done.as_str() {
        word @ ("confirmed" | "corrected" | "added" | "moved" | "care") => {
            ctx.locale.t(&format!("household-done-{word}"))
        }
        _ => String::new(),
    };
    render(&ctx, id, Beside { done, ..Beside::default() }).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Why {
    home: Option<DwellingId>,
    reason: String,
}

async fn unmask(ctx: Ctx, Path(id): Path<ResidentId>, Form(why): Form<Why>) -> WebResult<Response> {
    let home = why.home.ok_or(Error::NotFound)?;
    let mut op = ctx.op().await?;
    let looked = app::unmask(&mut op, id, &why.reason).await;
    let beside = match looked {
        Ok(contact) => {
            op.commit().await?;
            Beside { clear: Some((id, contact)), ..Beside::default() }
        }
        Err(error) => {
            drop(op);
            let mut beside = Beside::of(&ctx, error)?;
            beside.trouble = beside.problems.at("reason").map(str::to_owned).unwrap_or(beside.trouble);
            beside.problems = Problems::none();
            beside
        }
    };
    render(&ctx, home, beside).await
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/homes/{id}", Access::May("household.read"), show),
        Route::post("/homes/residents/{id}/contact", Access::May("household.read_contact"), unmask),
    ]
}
