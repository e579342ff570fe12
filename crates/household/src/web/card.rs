//! `/homes/{id}`: the household card (一户一档). Showing it writes down who looked.

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
    model::{
        Basis, CareKind, DwellingId, Field, HouseholdKind, Leaving, Mark, Relation, Residence, ResidentId,
        Sex, Usage,
    },
    read::{self, Card, CardResident, EventKind},
    store::mend,
    visits,
};

/// A choice of a closed list: code, words, chosen.
pub(super) struct Choice {
    code: &'static str,
    label: String,
    chosen: bool,
}

/// One field of a person, as shown and as corrected.
struct Shown {
    field: Field,
    label: String,
    value: String,
    /// What the correction starts from; sealed fields start empty.
    input: String,
    choices: Vec<Choice>,
    kind: &'static str,
    /// Who said it, and when it was last confirmed.
    source: String,
    checked: bool,
    problem: Option<String>,
}

struct Who {
    id: ResidentId,
    version: i64,
    name: String,
    about: String,
    head: bool,
    confirmed: String,
    fields: Vec<Shown>,
    care: Vec<(CareKind, String, String)>,
    care_left: Vec<(CareKind, String)>,
    clear: bool,
    has_secret: bool,
}

struct Family {
    name: String,
    since: String,
    people: Vec<Who>,
}

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

pub(super) fn choices<T: Copy + PartialEq>(
    ctx: &Ctx,
    list: &str,
    all: &[T],
    code: fn(T) -> &'static str,
    chosen: Option<T>,
) -> Vec<Choice> {
    all.iter()
        .map(|&value| Choice {
            code: code(value),
            label: word(&ctx.locale, list, code(value)),
            chosen: chosen == Some(value),
        })
        .collect()
}

fn source(ctx: &Ctx, mark: Mark) -> String {
    ctx.locale.t_with(
        "household-mark",
        &[("source", word(&ctx.locale, "source", mark.source.as_str())), ("day", day(mark.at))],
    )
}

fn fields(ctx: &Ctx, r: &CardResident, beside: &Beside) -> Vec<Shown> {
    let clear = beside.clear.as_ref().filter(|(id, _)| *id == r.id).map(|(_, contact)| contact);
    let none = || ctx.locale.t("household-none");
    let masked =
        |full: Option<&String>, masked: Option<String>| full.cloned().or(masked).unwrap_or_else(none);
    let text = |list: &str, code: &str| word(&ctx.locale, list, code);
    let shown = |field: Field, value: String, input: String, choices: Vec<Choice>, kind: &'static str| {
        let mark = r.mark(field);
        let about = beside.about == Some(r.id);
        Shown {
            field,
            label: text("field", field.as_str()),
            value,
            input,
            choices,
            kind,
            source: source(ctx, mark),
            checked: mark.verified,
            problem: about.then(|| beside.problems.at(field.as_str()).map(str::to_owned)).flatten(),
        }
    };
    let id_number = masked(clear.and_then(|c| c.id_number.as_ref()), r.id_number.clone());
    let phone = masked(clear.and_then(|c| c.phone.as_ref()), r.phone.as_ref().map(ToString::to_string));
    let relations = choices(ctx, "relation", Relation::ALL, Relation::as_str, Some(r.relation));
    let residences = choices(ctx, "residence", Residence::ALL, Residence::as_str, Some(r.residence));
    let sexes = choices(ctx, "sex", Sex::ALL, Sex::as_str, Some(r.sex));
    let birth = r.birth.clone().unwrap_or_default();
    let in_clear = |full: Option<&String>| full.cloned().unwrap_or_default();
    let mut all = vec![
        shown(Field::Name, r.name.clone(), r.name.clone(), vec![], "text"),
        shown(Field::IdNumber, id_number, in_clear(clear.and_then(|c| c.id_number.as_ref())), vec![], "text"),
        shown(Field::Phone, phone, in_clear(clear.and_then(|c| c.phone.as_ref())), vec![], "tel"),
        shown(Field::Relation, text("relation", r.relation.as_str()), String::new(), relations, "choice"),
        shown(Field::Residence, text("residence", r.residence.as_str()), String::new(), residences, "choice"),
    ];
    // With a number they follow it, and nobody can say otherwise.
    if r.id_number.is_none() {
        let value = if birth.is_empty() { none() } else { birth.clone() };
        all.push(shown(Field::Birth, value, birth, vec![], "date"));
        all.push(shown(Field::Sex, text("sex", r.sex.as_str()), String::new(), sexes, "choice"));
    }
    all
}

fn who(ctx: &Ctx, r: &CardResident, head: bool, beside: &Beside) -> Who {
    let l = &ctx.locale;
    let age = r.age.map(|n| l.t_with("household-age", &[("n", n.to_string())]));
    let about = [Some(word(l, "relation", r.relation.as_str())), Some(word(l, "sex", r.sex.as_str())), age];
    let has = |kind: CareKind| r.care.iter().any(|c| c.kind == kind);
    Who {
        id: r.id,
        version: r.version,
        name: r.name.clone(),
        about: about.into_iter().flatten().collect::<Vec<_>>().join(" · "),
        head,
        confirmed: ago(l, r.confirmed_at, ctx.now()),
        fields: fields(ctx, r, beside),
        care: r.care.iter().map(|c| (c.kind, word(l, "care", c.kind.as_str()), day(c.expires_at))).collect(),
        care_left: CareKind::ALL
            .iter()
            .filter(|k| !has(**k))
            .map(|k| (*k, word(l, "care", k.as_str())))
            .collect(),
        clear: beside.clear.as_ref().is_some_and(|(id, _)| *id == r.id),
        has_secret: r.id_number.is_some() || r.phone.is_some(),
    }
}

fn happened(ctx: &Ctx, card: &Card) -> Vec<(String, String)> {
    let l = &ctx.locale;
    card.timeline
        .iter()
        .map(|event| {
            let name = event.name.clone().unwrap_or_default();
            let text = match &event.kind {
                EventKind::MovedIn => l.t_with("household-event-in", &[("name", name)]),
                EventKind::Confirmed => l.t("household-event-confirmed"),
                EventKind::MovedOut { reason, destination } => {
                    let reason = word(l, "leaving", reason.as_str());
                    let to = destination.as_deref().map(|d| format!(" → {d}")).unwrap_or_default();
                    l.t_with("household-event-out", &[("name", name), ("reason", reason), ("to", to)])
                }
            };
            (day(event.at), text)
        })
        .collect()
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
        timeline: happened(ctx, &card),
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
