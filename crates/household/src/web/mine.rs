//! `/my`: what is registered of me, who looked at it and why; correct, take along, take back. The phone is the key.

mod key;

use askama::Template;
use axum::{
    body::Body,
    extract::{Path, Query},
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use axum_extra::extract::cookie::CookieJar;
use linli_access::Access as AccessPort;
use linli_grid::{Atlas, AtlasPort};
use linli_kernel::{Error, Result, Timestamp};
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebResult, attach, limit::Purpose, sheet};
use serde::Deserialize;

use super::{
    day,
    door::{
        Help, cost,
        digits::{masked, public},
        fields, first, held, receipt_tone,
    },
    word,
};
use crate::{
    claims::{self, Claim, ClaimId, Held, Receipt},
    code::Label,
    mine::{self, Look, Mine},
    model::{Basis, CareKind, Field, IdNumber, ResidentId},
    privacy::request::{self, Kind, Request, State},
};

struct Shown {
    label: String,
    value: String,
    source: String,
}

struct Care {
    kind: CareKind,
    label: String,
    basis: String,
    until: String,
    consent: bool,
}

struct Asking {
    what: String,
    state: String,
    tone: &'static str,
    at: Timestamp,
    until: String,
    open: bool,
    number: String,
    reason: String,
    /// What is gone, and how much of it.
    erased: Vec<(String, u64)>,
    /// What stays, and on which basis.
    kept: Vec<(String, String)>,
    /// Of an answer to a phone that is no longer registered: where, and until when it is shown.
    place: String,
    shown: String,
}

struct Who {
    id: ResidentId,
    name: String,
    address: String,
    fields: Vec<Shown>,
    care: Vec<Care>,
    asked: Vec<Asking>,
    /// Whether a request to erase waits for an answer.
    erasing: bool,
    /// Where to correct it.
    correct: Option<String>,
}

struct Form {
    id: ClaimId,
    link: String,
    address: String,
    state: String,
    tone: &'static str,
    at: Timestamp,
    open: bool,
}

struct Seen {
    at: Timestamp,
    who: String,
    what: String,
    about: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "mine/mine.html")]
struct Page {
    chrome: Chrome,
    phone: String,
    people: Vec<Who>,
    /// Requests of this phone about whom it no longer stands in the register.
    answers: Vec<Asking>,
    forms: Vec<Form>,
    looks: Vec<Seen>,
    help: Option<Help>,
    done: String,
    trouble: String,
}

fn asking(ctx: &Ctx, request: &Request) -> Asking {
    let l = &ctx.locale;
    let result = request.result();
    let name = |fields: &str| l.t(&format!("privacy-fields-{fields}"));
    Asking {
        what: l.t(&format!("privacy-kind-{}", request.kind)),
        state: l.t(&format!("privacy-state-{}", request.state)),
        tone: match request.state {
            State::Open => "info",
            State::Done => "ok",
            State::Refused => "warn",
        },
        at: request.asked_at,
        until: day(request.due_at),
        open: request.state == State::Open,
        number: request.case_number.clone().unwrap_or_default(),
        erased: result.erased.iter().map(|(fields, n)| (name(fields), *n)).collect(),
        kept: result
            .kept
            .iter()
            .map(|(fields, basis)| (name(fields), word(l, "basis", basis.as_str())))
            .collect(),
        reason: result.reason.unwrap_or_default(),
        place: String::new(),
        shown: request.shown_until().map(day).unwrap_or_default(),
    }
}

fn who(ctx: &Ctx, mine: &Mine, correct: Option<String>) -> Result<Who> {
    let l = &ctx.locale;
    let marks = mine.resident.marks()?;
    let p = &mine.person;
    let none = || l.t("household-none");
    let values = [
        (Field::Name, p.name.clone()),
        (Field::IdNumber, p.id_number.as_ref().map_or_else(none, IdNumber::masked)),
        (Field::Phone, p.phone.as_deref().map_or_else(none, masked)),
        (Field::Sex, word(l, "sex", p.sex.as_str())),
        (Field::Birth, p.birth.map_or_else(none, |day| day.to_string())),
        (Field::Relation, word(l, "relation", p.relation.as_str())),
        (Field::Residence, word(l, "residence", p.residence.as_str())),
    ];
    let fields = values.into_iter().map(|(field, value)| {
        let mark = marks.of(field);
        let source = word(l, "source", mark.source.as_str());
        Shown {
            label: word(l, "field", field.as_str()),
            value,
            source: l.t_with("household-mark", &[("source", source), ("day", day(mark.at))]),
        }
    });
    Ok(Who {
        id: mine.resident.id,
        name: p.name.clone(),
        address: mine.address.clone().unwrap_or_else(|| l.t("mine-no-home")),
        fields: fields.collect(),
        care: mine
            .care
            .iter()
            .map(|c| Care {
                kind: c.kind,
                label: word(l, "care", c.kind.as_str()),
                basis: word(l, "basis", c.basis.as_str()),
                until: day(c.expires_at),
                consent: c.basis == Basis::Consent,
            })
            .collect(),
        asked: mine.asked.iter().map(|request| asking(ctx, request)).collect(),
        erasing: mine.asked.iter().any(|r| r.kind == Kind::Erasure && r.state == State::Open),
        correct,
    })
}

fn form(ctx: &Ctx, access: &AccessPort, claim: &Claim) -> Result<Form> {
    Ok(Form {
        id: claim.id,
        link: format!("/r/{}", Receipt::of(access, claim.id)?.secret),
        address: claim.address.clone(),
        state: ctx.locale.t(&format!("claim-state-{}", claim.state)),
        tone: receipt_tone(claim.state),
        at: claim.submitted_at,
        open: !claim.state.is_over(),
    })
}

fn seen(ctx: &Ctx, atlas: &Atlas, look: Look, people: &[Mine]) -> Seen {
    let names = people.iter().filter(|m| look.about.contains(&m.resident.id)).map(|m| m.person.name.clone());
    let place = look.area.as_ref().map(|area| atlas.path(area)).unwrap_or_default();
    Seen {
        at: look.at,
        who: linli_access::log::actor(&ctx.locale, &look.who),
        what: ctx.locale.t_with(&format!("mine-look-{}", look.way.as_str()), &[("place", place)]),
        about: names.collect::<Vec<_>>().join("、"),
        reason: look.reason.unwrap_or_default(),
    }
}

async fn page(ctx: &Ctx, held: &Held, done: String, trouble: String) -> WebResult {
    let access = ctx.district.port::<AccessPort>()?;
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let mut conn = ctx.read().await?;
    let people = mine::people(&mut conn, &access, held, ctx.now()).await?;
    let ids: Vec<ResidentId> = people.iter().map(|m| m.resident.id).collect();
    let looks = mine::looks(&mut conn, &ids).await?;
    let forms = claims::mine_waiting(&mut conn, &held.hash).await?;
    let mut answers = request::of_phone(&mut conn, &held.hash, ctx.now()).await?;
    answers.retain(|request| !ids.contains(&request.resident_id));
    let mut shown = Vec::with_capacity(people.len());
    for mine in &people {
        let code = match mine.resident.dwelling_id {
            Some(home) => mine::door(&mut conn, home).await?,
            None => None,
        };
        let correct = code
            .map(|code| {
                Label(code.n).text(&access, &ctx.district.area).map(|label| format!("/d/{label}/fill"))
            })
            .transpose()?;
        shown.push(who(ctx, mine, correct)?);
    }
    drop(conn);
    let status = if trouble.is_empty() { StatusCode::OK } else { StatusCode::CONFLICT };
    let page = Page {
        chrome: ctx.chrome("mine-title"),
        phone: masked(&held.phone),
        help: people
            .first()
            .map(|m| &m.resident.area)
            .or_else(|| answers.first().map(|request| &request.area))
            .map(|area| Help::of(&atlas, area)),
        answers: answers
            .iter()
            .map(|request| Asking { place: atlas.path(&request.area), ..asking(ctx, request) })
            .collect(),
        looks: looks.into_iter().map(|look| seen(ctx, &atlas, look, &people)).collect(),
        forms: forms.iter().map(|claim| form(ctx, &access, claim)).collect::<Result<_>>()?,
        people: shown,
        done,
        trouble,
    };
    Ok((status, ctx.page(&page)?).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    done: String,
}

async fn show(ctx: Ctx, jar: CookieJar, Query(asked): Query<Asked>) -> WebResult {
    ctx.app.limits().spend(Purpose::Door, &ctx.source, cost::PAGE)?;
    let held = held(&ctx, &mut ctx.read().await?, &jar).await?;
    let Some(held) = held else { return key::phone_page(&ctx, String::new(), Problems::none()) };
    let done = match asked.done.as_str() {
        word @ ("care" | "form" | "erase") => ctx.locale.t(&format!("mine-done-{word}")),
        _ => String::new(),
    };
    page(&ctx, &held, done, String::new()).await
}

/// The phone of who asks to change something; without one they prove it first.
async fn proven(ctx: &Ctx, jar: &CookieJar) -> Result<Held> {
    ctx.app.limits().spend(Purpose::Door, &ctx.source, cost::PAGE)?;
    held(ctx, &mut ctx.read().await?, jar).await?.ok_or(Error::NotFound)
}

async fn withdraw_care(ctx: Ctx, jar: CookieJar, Path((id, kind)): Path<(ResidentId, String)>) -> WebResult {
    let held = proven(&ctx, &jar).await?;
    let kind: CareKind = kind.parse().map_err(|_| Error::NotFound)?;
    let mut op = public(&ctx).await?;
    match mine::withdraw_care(&mut op, &held, id, kind).await {
        Ok(()) => {
            op.commit().await?;
            Ok(Redirect::to("/my?done=care").into_response())
        }
        Err(Error::Conflict(key)) => {
            drop(op);
            page(&ctx, &held, String::new(), ctx.locale.t(key)).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn erase(ctx: Ctx, jar: CookieJar, Path(id): Path<ResidentId>, body: Body) -> WebResult {
    let held = proven(&ctx, &jar).await?;
    let fields = fields(body).await?;
    let mut op = public(&ctx).await?;
    match mine::ask_erasure(&mut op, &held, id, first(&fields, "note")).await {
        Ok(()) => {
            op.commit().await?;
            Ok(Redirect::to("/my?done=erase").into_response())
        }
        Err(Error::Conflict(key)) => {
            drop(op);
            page(&ctx, &held, String::new(), ctx.locale.t(key)).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn withdraw_form(ctx: Ctx, jar: CookieJar, Path(id): Path<ClaimId>) -> WebResult {
    let held = proven(&ctx, &jar).await?;
    let mut op = public(&ctx).await?;
    match mine::withdraw_form(&mut op, &held, id).await {
        Ok(()) => {
            op.commit().await?;
            Ok(Redirect::to("/my?done=form").into_response())
        }
        Err(Error::Conflict(key)) => {
            drop(op);
            page(&ctx, &held, String::new(), ctx.locale.t(key)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Everything that is registered of oneself, as a sheet to take along.
async fn export(ctx: Ctx, jar: CookieJar) -> WebResult {
    let held = proven(&ctx, &jar).await?;
    let mut op = public(&ctx).await?;
    let all = mine::export(&mut op, &held).await?;
    let l = &ctx.locale;
    let heads = ["name", "sex", "birth", "id-number", "phone", "relation", "residence", "address"]
        .map(|column| l.t(&format!("household-column-{column}")));
    let heads: Vec<String> =
        heads.into_iter().chain([l.t("household-care"), l.t("household-confirmed")]).collect();
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|m| {
            let care: Vec<String> = m.care.iter().map(|c| word(l, "care", c.kind.as_str())).collect();
            vec![
                m.person.name.clone(),
                word(l, "sex", m.person.sex.as_str()),
                m.person.birth.map(|d| d.to_string()).unwrap_or_default(),
                m.person.id_number.as_ref().map(|n| n.as_str().to_owned()).unwrap_or_default(),
                m.person.phone.clone().unwrap_or_default(),
                word(l, "relation", m.person.relation.as_str()),
                word(l, "residence", m.person.residence.as_str()),
                m.address.clone().unwrap_or_default(),
                care.join(" "),
                m.resident.confirmed_at.map(day).unwrap_or_default(),
            ]
        })
        .collect();
    let bytes = sheet::write(&heads, &rows)?;
    op.commit().await?;
    Ok(attach::file("my-data.xlsx", attach::XLSX, bytes))
}

/// Off this phone: it may not be theirs.
pub(super) fn routes() -> Vec<Route> {
    let own = vec![
        Route::get("/my", Access::Public, show),
        Route::post("/my/export", Access::Public, export),
        Route::post("/my/residents/{id}/care/{kind}", Access::Public, withdraw_care),
        Route::post("/my/residents/{id}/erase", Access::Public, erase),
        Route::post("/my/forms/{id}/withdraw", Access::Public, withdraw_form),
    ];
    own.into_iter().chain(key::routes()).collect()
}
