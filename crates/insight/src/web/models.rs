//! `/admin/models`: which models are in use, how well they do, who changed what; train, go back, set
//! how sure is sure enough.

use askama::Template;
use axum::{
    extract::{Form, Path, Query},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use linli_access::web::admin::Menu;
use linli_kernel::{Error, Result};
use linli_web::{Access, Chrome, Ctx, NavItem, Problems, Route, WebError, WebResult};
use serde::Deserialize;

use super::percent;
use crate::{
    app,
    model::{Kind, Settings, Use, Version},
    read, store, train,
};

const MANAGE: &str = "model.manage";

struct Row {
    version: i64,
    in_use: bool,
    macro_f1: String,
    accuracy: String,
    ece: String,
    before: String,
    cases: String,
    at: String,
    by: String,
    what: String,
    speaks: String,
}

struct Shelf {
    kind: Kind,
    name: String,
    rows: Vec<Row>,
    /// The version that a step back would bring.
    back: Option<i64>,
    ask: String,
}

#[derive(Template)]
#[template(path = "insight/models.html")]
struct ModelsPage {
    chrome: Chrome,
    side: Vec<NavItem>,
    shelves: Vec<Shelf>,
    silence: String,
    automatic: bool,
    problem: String,
    done: String,
    followed: i64,
    fewest: i64,
}

/// What became of a version: in use since, used until, or never better.
fn fate(ctx: &Ctx, version: &Version, uses: &[Use]) -> String {
    let own = uses.iter().find(|u| u.kind == version.kind && u.version == version.version);
    let key = match own {
        None => return ctx.locale.t("insight-model-unused"),
        Some(u) if u.ended_at.is_some() => "insight-model-rolled-back",
        Some(_) => "insight-model-used",
    };
    let (at, by) = own.map_or((version.at, ""), |u| {
        (u.ended_at.unwrap_or(u.at), u.ended_by.as_deref().unwrap_or(&u.by_name))
    });
    ctx.locale.t_with(key, &[("at", ctx.locale.time(at)), ("by", by.to_owned())])
}

/// From how sure on a version may speak, level by level; that it may not where nothing bears it out.
fn speaks(ctx: &Ctx, version: &Version, silence: u32) -> String {
    let (evidence, least) = (version.evidence(), f64::from(silence) / 100.0);
    let floors: Vec<f64> = (0..evidence.levels()).map_while(|level| evidence.floor(level, least)).collect();
    if floors.is_empty() {
        return ctx.locale.t("insight-model-silent");
    }
    floors.into_iter().map(|floor| format!("{:.0}%", floor * 100.0)).collect::<Vec<_>>().join(" / ")
}

fn shelf(ctx: &Ctx, kind: Kind, versions: &[Version], uses: &[Use], silence: u32) -> Shelf {
    let open: Vec<i64> =
        uses.iter().filter(|u| u.kind == kind && u.ended_at.is_none()).map(|u| u.version).collect();
    let row = |v: &Version| Row {
        version: v.version,
        in_use: open.first() == Some(&v.version),
        macro_f1: percent(v.macro_f1),
        accuracy: percent(v.accuracy),
        ece: percent(v.ece),
        before: v.before_f1.map(percent).unwrap_or_default(),
        cases: ctx.locale.t_with(
            "insight-model-cases",
            &[
                ("learned", v.trained_on.to_string()),
                ("held", v.held_back.to_string()),
                ("labels", v.labels.to_string()),
            ],
        ),
        at: ctx.locale.time(v.at),
        by: v.by_name.clone(),
        what: fate(ctx, v, uses),
        speaks: speaks(ctx, v, silence),
    };
    let name = ctx.locale.t(&format!("insight-kind-{kind}"));
    let back = open.get(1).copied();
    let number = back.map(|n| n.to_string()).unwrap_or_default();
    Shelf {
        kind,
        rows: versions.iter().filter(|v| v.kind == kind).take(12).map(row).collect(),
        back,
        ask: ctx.locale.t_with("insight-roll-back-sure", &[("name", name.clone()), ("version", number)]),
        name,
    }
}

async fn render(ctx: &Ctx, typed: Option<(&Typed, &Problems)>, done: &str) -> WebResult {
    let mut conn = ctx.read().await?;
    let (versions, uses) = (store::versions(&mut conn).await?, store::uses(&mut conn).await?);
    let settings = store::settings(&mut conn).await?;
    let side = ctx.district.ports.get::<Menu>().map_or_else(Vec::new, |menu| (menu.0)(ctx));
    let page = ModelsPage {
        chrome: ctx.chrome("insight-models"),
        side,
        shelves: Kind::ALL.iter().map(|kind| shelf(ctx, *kind, &versions, &uses, settings.silence)).collect(),
        silence: typed.map_or_else(|| settings.silence.to_string(), |(typed, _)| typed.silence.clone()),
        automatic: typed.map_or(settings.automatic, |(typed, _)| !typed.automatic.is_empty()),
        problem: typed.and_then(|(_, p)| p.at("silence")).unwrap_or_default().to_owned(),
        done: match done {
            "train" | "back" | "saved" => ctx.locale.t(&format!("insight-done-{done}")),
            _ => String::new(),
        },
        followed: read::followed(&mut conn).await?,
        fewest: train::FEWEST,
    };
    let status = if typed.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok((status, ctx.page(&page)?).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    done: String,
}

async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    render(&ctx, None, &asked.done).await
}

fn seen(done: &str) -> Response {
    Redirect::to(&format!("/admin/models?done={done}")).into_response()
}

async fn train_now(ctx: Ctx) -> WebResult<Response> {
    let mut op = ctx.op().await?;
    app::ask_training(&mut op).await?;
    op.commit().await?;
    Ok(seen("train"))
}

async fn roll_back(ctx: Ctx, Path(kind): Path<String>) -> WebResult<Response> {
    let mut op = ctx.op().await?;
    let kind = kind.parse().map_err(|_| Error::NotFound)?;
    app::roll_back(&mut op, kind).await?;
    op.commit().await?;
    Ok(seen("back"))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    silence: String,
    automatic: String,
}

async fn put(ctx: &Ctx, typed: &Typed) -> Result<()> {
    let silence = typed.silence.trim().parse().map_err(|_| Error::field("silence", "insight-silence-bad"))?;
    let mut op = ctx.op().await?;
    app::save_settings(&mut op, Settings { silence, automatic: !typed.automatic.is_empty() }).await?;
    op.commit().await
}

async fn save(ctx: Ctx, Form(typed): Form<Typed>) -> WebResult<Response> {
    match put(&ctx, &typed).await {
        Ok(()) => Ok(seen("saved")),
        Err(Error::Invalid(fields)) => {
            let problems = Problems::from_fields(&fields, &ctx.locale);
            render(&ctx, Some((&typed, &problems)), "").await
        }
        Err(error) => Err(WebError(error)),
    }
}

pub(super) fn routes() -> Vec<Route> {
    let manage = Access::May(MANAGE);
    vec![
        Route::get("/admin/models", manage, show),
        Route::post("/admin/models", manage, save),
        Route::post("/admin/models/train", manage, train_now),
        Route::post("/admin/models/{kind}/rollback", manage, roll_back),
    ]
}
