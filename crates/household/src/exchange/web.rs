//! `/admin/exchange`: agreements with other platforms, what was sent to them and what came in.

use askama::Template;
use axum::{
    extract::{Path, Query},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::Form;
use chrono::{Days, NaiveDate};
use linli_access::{Access as Keys, Target};
use linli_grid::AtlasPort;
use linli_kernel::{AreaCode, Error, Result, Timestamp, area::AreaLevel, params};
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebResult};
use serde::Deserialize;

use super::{
    Agreement, AgreementId, Direction, NewAgreement, Shared,
    agreement::{self, Handed},
    feed,
    push::{self, Delivery},
};
use crate::{model::Basis, store::feed::Subject};

const SIZE: usize = 50;
/// Changes that wait are counted so far.
const BEHIND: i64 = 1_000;
const READ: &str = "exchange.read";
const MANAGE: &str = "exchange.manage";

#[derive(Template)]
#[template(path = "exchange/list.html")]
struct ListPage {
    chrome: Chrome,
    may_manage: bool,
    lines: Vec<(Agreement, State)>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "exchange/new.html")]
struct NewPage {
    chrome: Chrome,
    problems: Problems,
    typed: Typed,
    bases: Vec<(Basis, String, bool)>,
    directions: Vec<(Direction, String, bool)>,
    /// By kind of thing: its words, and each field with its words.
    fields: Vec<(String, Vec<Choice>)>,
    wide: Vec<(String, String, bool)>,
    communities: Vec<(String, String, bool)>,
}

#[derive(Template)]
#[template(path = "exchange/one.html")]
struct OnePage {
    chrome: Chrome,
    problems: Problems,
    a: Agreement,
    state: State,
    may_manage: bool,
    open: bool,
    handed: Option<Handed>,
    basis: String,
    direction: String,
    fields: Vec<(String, String)>,
    areas: Vec<String>,
    deliveries: Vec<(Delivery, State)>,
    next: Option<String>,
    intake: Vec<Intake>,
    /// How many changes the peer has not heard of.
    /// What its peer was not told yet, in words.
    behind: Option<String>,
    told: i64,
}

/// A field, its words, whether it is chosen.
type Choice = (Shared, String, bool);

/// A word with a colour.
struct State {
    word: String,
    tone: &'static str,
}

/// One call of the peer.
#[derive(sqlx::FromRow)]
struct Intake {
    at: Timestamp,
    created: i64,
    updated: i64,
    unchanged: i64,
    conflict: i64,
    error: i64,
}

impl Intake {
    fn words(&self, chrome: &Chrome) -> String {
        let args = [
            ("created", self.created.to_string()),
            ("updated", self.updated.to_string()),
            ("unchanged", self.unchanged.to_string()),
            ("conflict", self.conflict.to_string()),
            ("error", self.error.to_string()),
        ];
        chrome.locale.t_with("exchange-intake-line", &args)
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Typed {
    name: String,
    peer: String,
    purpose: String,
    basis: String,
    basis_note: String,
    direction: String,
    fields: Vec<Shared>,
    areas: Vec<String>,
    trusted: bool,
    until: String,
    url: String,
}

fn may(ctx: &Ctx, action: &str) -> bool {
    let target = Target::at(&ctx.district.area);
    ctx.district.port::<Keys>().is_ok_and(|access| access.policy.permits(&ctx.actor, action, &target).is_ok())
}

fn seen(ctx: &Ctx, action: &str) -> Result<()> {
    let target = Target::at(&ctx.district.area);
    ctx.district.port::<Keys>()?.policy.permits(&ctx.actor, action, &target)
}

fn state(chrome: &Chrome, a: &Agreement, now: Timestamp) -> State {
    let (key, tone) = match () {
        () if a.ended_at.is_some() => ("exchange-ended", ""),
        () if a.ends_at <= now => ("exchange-expired", ""),
        () if a.stopped_at.is_some() => ("exchange-stopped", "bad"),
        () if a.failures > 0 => ("exchange-away", "warn"),
        () => ("exchange-in-force", "ok"),
    };
    State { word: chrome.t(key), tone }
}

fn delivery_state(chrome: &Chrome, d: &Delivery) -> State {
    let (key, tone) = match (d.delivered_at, d.attempts) {
        (Some(_), _) => ("exchange-delivered", "ok"),
        (None, 0) => ("exchange-waiting", "info"),
        (None, _) => ("exchange-trying", "warn"),
    };
    State { word: chrome.t(key), tone }
}

fn field_key(field: Shared) -> String {
    format!("exchange-field-{}", field.as_str().replace(['.', '_'], "-"))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct After {
    after: String,
}

async fn list(ctx: Ctx, Query(asked): Query<After>) -> WebResult<Response> {
    seen(&ctx, READ)?;
    let page = agreement::list(&mut ctx.read().await?, asked.after.parse().ok(), SIZE).await?;
    let chrome = ctx.chrome("exchange-title");
    let now = ctx.now();
    let lines = page.items.into_iter().map(|a| {
        let state = state(&chrome, &a, now);
        (a, state)
    });
    let lines = lines.collect();
    let page = ListPage { may_manage: may(&ctx, MANAGE), lines, next: page.next, chrome };
    Ok(ctx.page(&page)?.into_response())
}

fn new_page(ctx: &Ctx, typed: Typed, problems: Problems) -> Result<NewPage> {
    seen(ctx, MANAGE)?;
    let chrome = ctx.chrome("exchange-new");
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let line = |code: &AreaCode| {
        let chosen = typed.areas.iter().any(|a| a == code.as_str());
        (code.to_string(), atlas.path(code), chosen)
    };
    let at = |level: AreaLevel| atlas.areas().filter(move |a| a.code.level() == level);
    let wide = std::iter::once(line(&ctx.district.area))
        .chain(at(AreaLevel::Street).map(|a| line(&a.code)))
        .collect();
    let communities = at(AreaLevel::Community).map(|a| line(&a.code)).collect();
    let named = |kind: Subject| {
        let fields = Shared::ALL.iter().filter(|f| f.subject() == kind);
        let fields = fields.map(|f| (*f, chrome.t(&field_key(*f)), typed.fields.contains(f))).collect();
        (chrome.t(&format!("exchange-kind-{kind}")), fields)
    };
    let kinds = [Subject::Resident, Subject::Dwelling, Subject::Household, Subject::Entity];
    Ok(NewPage {
        problems,
        bases: Basis::ALL
            .iter()
            .map(|b| (*b, chrome.t(&format!("household-basis-{b}")), typed.basis == b.as_str()))
            .collect(),
        directions: Direction::ALL
            .iter()
            .map(|d| (*d, chrome.t(&format!("exchange-direction-{d}")), typed.direction == d.as_str()))
            .collect(),
        fields: kinds.into_iter().map(named).collect(),
        wide,
        communities,
        typed,
        chrome,
    })
}

async fn new(ctx: Ctx) -> WebResult<Response> {
    let until = ctx.now().china_date().checked_add_days(Days::new(365));
    let typed = Typed {
        basis: Basis::Duty.to_string(),
        direction: Direction::Out.to_string(),
        until: until.map(|day| day.to_string()).unwrap_or_default(),
        ..Typed::default()
    };
    Ok(ctx.page(&new_page(&ctx, typed, Problems::none())?)?.into_response())
}

fn read(typed: &Typed) -> Result<NewAgreement> {
    let bad = |field: &str, key: &str| Error::field(field, key);
    let areas: Result<Vec<AreaCode>> =
        typed.areas.iter().map(|a| a.parse().map_err(|_| bad("areas", "error-area"))).collect();
    let day: NaiveDate = typed.until.parse().map_err(|_| bad("ends_at", "error-required"))?;
    let after = day.succ_opt().ok_or_else(|| bad("ends_at", "exchange-until-bad"))?;
    Ok(NewAgreement {
        name: typed.name.clone(),
        peer: typed.peer.clone(),
        purpose: typed.purpose.clone(),
        basis: typed.basis.parse().map_err(|_| bad("basis", "error-required"))?,
        basis_note: typed.basis_note.clone(),
        direction: typed.direction.parse().map_err(|_| bad("direction", "error-required"))?,
        fields: typed.fields.clone(),
        areas: areas?,
        trusted: typed.trusted,
        ends_at: Timestamp::china_midnight(after),
        url: typed.url.clone(),
    })
}

async fn conclude(ctx: Ctx, Form(typed): Form<Typed>) -> WebResult<Response> {
    seen(&ctx, MANAGE)?;
    let work = async {
        let new = read(&typed)?;
        let mut op = ctx.op().await?;
        let made = agreement::conclude(&mut op, &new).await?;
        op.commit().await?;
        Ok(made)
    };
    match work.await {
        Ok((id, handed)) => {
            let page = one_page(&ctx, id, "", Problems::none(), Some(handed)).await?;
            Ok((StatusCode::CREATED, ctx.page(&page)?).into_response())
        }
        Err(error) => {
            let problems = Problems::of(error, &ctx.locale)?;
            let page = new_page(&ctx, typed, problems)?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, ctx.page(&page)?).into_response())
        }
    }
}

async fn one_page(
    ctx: &Ctx,
    id: AgreementId,
    after: &str,
    problems: Problems,
    handed: Option<Handed>,
) -> Result<OnePage> {
    seen(ctx, READ)?;
    let mut conn = ctx.read().await?;
    let a = agreement::get(&mut conn, id).await?;
    let page = push::deliveries(&mut conn, id, after.parse().ok(), SIZE).await?;
    let intake = conn
        .all(
            "SELECT at, created, updated, unchanged, conflict, error FROM exchange_intake WHERE agreement_id = $1
             ORDER BY at DESC, id DESC LIMIT 20",
            params![id],
        )
        .await?;
    let told: i64 =
        conn.scalar("SELECT count(*) FROM exchange_told WHERE agreement_id = $1", params![id]).await?;
    let behind = if a.url.is_some() { feed::waiting(&mut conn, &a, BEHIND).await? } else { 0 };
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let chrome = ctx.chrome("exchange-title");
    let kind = |f: Shared| chrome.t(&format!("exchange-kind-{}", f.subject()));
    Ok(OnePage {
        problems,
        state: state(&chrome, &a, ctx.now()),
        may_manage: may(ctx, MANAGE),
        open: a.in_force(ctx.now()),
        handed,
        basis: chrome.t(&format!("household-basis-{}", a.basis)),
        direction: chrome.t(&format!("exchange-direction-{}", a.direction)),
        fields: a.fields.iter().map(|f| (kind(*f), chrome.t(&field_key(*f)))).collect(),
        areas: a.areas.iter().map(|code| atlas.path(code)).collect(),
        deliveries: page
            .items
            .into_iter()
            .map(|d| {
                let state = delivery_state(&chrome, &d);
                (d, state)
            })
            .collect(),
        next: page.next,
        intake,
        behind: match behind {
            0 => None,
            n if n > BEHIND => Some(chrome.t1("exchange-behind-many", "n", BEHIND)),
            n => Some(chrome.t1("exchange-behind", "n", n)),
        },
        told,
        a,
        chrome,
    })
}

async fn one(ctx: Ctx, Path(id): Path<AgreementId>, Query(asked): Query<After>) -> WebResult<Response> {
    let page = one_page(&ctx, id, &asked.after, Problems::none(), None).await?;
    Ok(ctx.page(&page)?.into_response())
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Reason {
    reason: String,
}

async fn end(ctx: Ctx, Path(id): Path<AgreementId>, Form(form): Form<Reason>) -> WebResult<Response> {
    let work = async {
        let mut op = ctx.op().await?;
        agreement::end(&mut op, id, &form.reason).await?;
        op.commit().await
    };
    match work.await {
        Ok(()) => Ok(Redirect::to(&format!("/admin/exchange/{id}")).into_response()),
        Err(error) => {
            let problems = Problems::of(error, &ctx.locale)?;
            let page = one_page(&ctx, id, "", problems, None).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, ctx.page(&page)?).into_response())
        }
    }
}

async fn key(ctx: Ctx, Path(id): Path<AgreementId>) -> WebResult<Response> {
    let mut op = ctx.op().await?;
    let handed = agreement::new_key(&mut op, id).await?;
    op.commit().await?;
    let page = one_page(&ctx, id, "", Problems::none(), Some(handed)).await?;
    Ok((StatusCode::CREATED, ctx.page(&page)?).into_response())
}

async fn resume(ctx: Ctx, Path(id): Path<AgreementId>) -> WebResult<Response> {
    let mut op = ctx.op().await?;
    agreement::resume(&mut op, id).await?;
    op.commit().await?;
    Ok(Redirect::to(&format!("/admin/exchange/{id}")).into_response())
}

pub(crate) fn routes() -> Vec<Route> {
    let (read, manage) = (Access::May(READ), Access::May(MANAGE));
    vec![
        Route::get("/admin/exchange", read, list),
        Route::get("/admin/exchange/new", manage, new),
        Route::post("/admin/exchange", manage, conclude),
        Route::get("/admin/exchange/{id}", read, one),
        Route::post("/admin/exchange/{id}/end", manage, end),
        Route::post("/admin/exchange/{id}/key", manage, key),
        Route::post("/admin/exchange/{id}/resume", manage, resume),
    ]
}
