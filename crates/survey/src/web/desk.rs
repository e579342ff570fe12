//! Bringing forms: a file is read and shown, published, withdrawn, exported.

use askama::Template;
use axum::{
    extract::{Multipart, Path},
    http::StatusCode,
    response::{IntoResponse as _, Redirect},
};
use linli_access::Access as Entry;
use linli_forms::{Engine, Problem, export, read as read_file, render};
use linli_grid::AtlasPort;
use linli_kernel::{AreaCode, Error, Result, Timestamp};
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebResult, attach, upload::Upload};
use serde_json::json;

use super::{
    lost::{self, Tried},
    may, problems, scope, shown,
};
use crate::{
    app::{self, NewVersion, now_of},
    model::{State, Survey, SurveyId, VersionId},
    port::Homes,
    read::{self, Heads},
    store,
};

/// Answers that are listed.
const SHOWN: i64 = 50;

pub(super) fn routes() -> Vec<Route> {
    const SEE: Access = Access::May("survey.read");
    const EDIT: Access = Access::May("survey.edit");
    const EXPORT: Access = Access::May("survey.export");
    vec![
        Route::get("/surveys", SEE, list),
        Route::post("/surveys", EDIT, bring),
        Route::get("/surveys/{id}", SEE, show),
        Route::post("/surveys/{id}/versions", EDIT, bring_version),
        Route::get("/surveys/{id}/versions/{version}/file", EDIT, file),
        Route::post("/surveys/{id}/versions/{version}/publish", EDIT, publish),
        Route::post("/surveys/{id}/withdraw", EDIT, withdraw),
        Route::get("/surveys/{id}/answers.xlsx", EXPORT, workbook),
        Route::get("/surveys/{id}/answers.csv", EXPORT, csv),
    ]
}

const fn tone(state: State) -> &'static str {
    match state {
        State::Draft => "warn",
        State::Published => "ok",
        State::Withdrawn => "",
    }
}

struct Row {
    survey: Survey,
    place: String,
    state: String,
    tone: &'static str,
    answers: i64,
    /// Answers whose home is not recognised.
    lost: i64,
    fill: bool,
}

#[derive(Template)]
#[template(path = "survey/list.html")]
struct ListPage<'a> {
    chrome: Chrome,
    rows: Vec<Row>,
    areas: Vec<(String, String)>,
    chosen: String,
    problems: &'a Problems,
    lines: Vec<problems::Line>,
    fill: bool,
}

fn place(ctx: &Ctx, area: &AreaCode) -> String {
    ctx.district.port::<AtlasPort>().map_or_else(|_| area.to_string(), |atlas| atlas.get().path(area))
}

async fn list(ctx: Ctx) -> WebResult {
    list_page(&ctx, "", &Problems::none(), &[]).await
}

async fn list_page(ctx: &Ctx, chosen: &str, problems: &Problems, wrong: &[Problem]) -> WebResult {
    let see = scope(ctx, "survey.read")?;
    let mut conn = ctx.read().await?;
    let found = read::list(&mut conn, &see).await?;
    let lost = crate::place::counts(&mut conn, &scope(ctx, "survey.fill")?).await?;
    drop(conn);
    let fill = may(ctx, "survey.fill")?;
    let rows = found.into_iter().map(|(survey, answers)| Row {
        place: place(ctx, &survey.area),
        state: ctx.locale.t(&format!("survey-state-{}", survey.state)),
        tone: tone(survey.state),
        fill: fill && survey.state == State::Published,
        answers,
        lost: lost.iter().find(|(id, _)| *id == survey.id).map_or(0, |(_, n)| *n),
        survey,
    });
    let page = ListPage {
        chrome: ctx.chrome("survey-title"),
        rows: rows.collect(),
        areas: scope(ctx, "survey.edit")?.areas.iter().map(|a| (a.to_string(), place(ctx, a))).collect(),
        chosen: chosen.to_owned(),
        problems,
        lines: problems::lines(wrong, &ctx.locale),
        fill,
    };
    let ok = problems.is_empty() && wrong.is_empty();
    let status = if ok { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok((status, ctx.page(&page)?).into_response())
}

/// What became of a file.
enum Brought {
    Kept(SurveyId),
    Wrong(Problems, Vec<Problem>),
}

async fn take(ctx: &Ctx, form: Upload, area: Result<AreaCode>, of: Option<SurveyId>) -> WebResult<Brought> {
    let sent = form.files.into_iter().find(|file| file.field == "file");
    let (area, sent) = match (area, sent) {
        (Ok(area), Some(sent)) => (area, sent),
        (Err(error), _) => return Ok(Brought::Wrong(Problems::of(error, &ctx.locale)?, Vec::new())),
        (Ok(_), None) => {
            let error = Error::field("file", "error-required");
            return Ok(Brought::Wrong(Problems::of(error, &ctx.locale)?, Vec::new()));
        }
    };
    let bytes = sent.bytes.clone();
    let reading = tokio::task::spawn_blocking(move || read_file(&bytes)).await.map_err(Error::internal)?;
    if !reading.is_usable() {
        return Ok(Brought::Wrong(Problems::none(), reading.problems));
    }
    let file_name = sent.name.chars().filter(|c| !c.is_control()).take(100).collect();
    let mut op = ctx.op().await?;
    let new = NewVersion { area, of, file_name, file: sent.bytes, reading };
    match app::keep(&mut op, new).await {
        Ok((survey, _)) => {
            op.commit().await?;
            Ok(Brought::Kept(survey))
        }
        Err(error @ Error::Invalid(_)) => Ok(Brought::Wrong(Problems::of(error, &ctx.locale)?, Vec::new())),
        Err(other) => Err(other.into()),
    }
}

async fn bring(ctx: Ctx, form: Multipart) -> WebResult {
    let form = Upload::read(form, linli_forms::FILE_BYTES).await?;
    let chosen = form.text("area").unwrap_or_default().to_owned();
    let area = chosen.parse().map_err(|_| Error::field("area", "error-required"));
    match take(&ctx, form, area, None).await? {
        Brought::Kept(id) => Ok(Redirect::to(&format!("/surveys/{id}")).into_response()),
        Brought::Wrong(problems, wrong) => list_page(&ctx, &chosen, &problems, &wrong).await,
    }
}

async fn bring_version(ctx: Ctx, Path(id): Path<SurveyId>, form: Multipart) -> WebResult {
    let see = scope(&ctx, "survey.edit")?;
    let survey = read::survey(&mut ctx.read().await?, &see, id).await?;
    let form = Upload::read(form, linli_forms::FILE_BYTES).await?;
    match take(&ctx, form, Ok(survey.area), Some(id)).await? {
        Brought::Kept(id) => Ok(Redirect::to(&format!("/surveys/{id}")).into_response()),
        Brought::Wrong(problems, wrong) => show_page(&ctx, id, &problems, &wrong).await,
    }
}

struct VersionRow {
    id: VersionId,
    version: String,
    file_name: String,
    meta: String,
    current: bool,
    warnings: Vec<problems::Line>,
}

struct AnswerRow {
    by: String,
    at: Timestamp,
    place: String,
    source: String,
    photos: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "survey/show.html")]
struct ShowPage<'a> {
    chrome: Chrome,
    survey: Survey,
    place: String,
    state: String,
    tone: &'static str,
    edit: bool,
    fill: bool,
    export: bool,
    versions: Vec<VersionRow>,
    answers: Vec<AnswerRow>,
    /// Answers whose home is not recognised.
    lost: Vec<lost::Line>,
    /// The newest version as it will be asked.
    preview: Vec<shown::Line>,
    problems: &'a Problems,
    lines: Vec<problems::Line>,
}

async fn show(ctx: Ctx, Path(id): Path<SurveyId>) -> WebResult {
    show_page(&ctx, id, &Problems::none(), &[]).await
}

async fn show_page(ctx: &Ctx, id: SurveyId, problems: &Problems, wrong: &[Problem]) -> WebResult {
    full_page(ctx, id, problems, wrong, None).await
}

/// The page of a form; with the home that somebody named in vain.
pub(super) async fn full_page(
    ctx: &Ctx,
    id: SurveyId,
    problems: &Problems,
    wrong: &[Problem],
    tried: Option<Tried>,
) -> WebResult {
    let t = |key: &str| ctx.locale.t(key);
    let mut conn = ctx.read().await?;
    let survey = read::survey(&mut conn, &scope(ctx, "survey.read")?, id).await?;
    let versions = store::versions(&mut conn, id).await?;
    let export = scope(ctx, "survey.export")?;
    let answers = read::latest(&mut conn, &export, id, SHOWN).await?;
    let ids: Vec<_> = answers.iter().map(|answer| answer.id).collect();
    let photos = store::photos(&mut conn, &ids).await?;
    let lost = lost::lines(ctx, &mut conn, id, tried.as_ref()).await?;
    let preview = match versions.first() {
        Some(version) => {
            let form = app::read_form(version)?;
            let engine = Engine::new(&form, now_of(ctx.now()), form.language(ctx.locale.language.as_str()));
            let page = render::page(&engine, &engine.start(), &[], true);
            shown::lines(&page, &ctx.locale, &|_| None)
        }
        None => Vec::new(),
    };
    let rows = versions.into_iter().map(|version| {
        let problems: Vec<Problem> = serde_json::from_str(&version.problems).unwrap_or_default();
        VersionRow {
            current: survey.state == State::Published && survey.current == Some(version.id),
            meta: ctx.locale.t_with(
                "survey-version-meta",
                &[
                    ("by", version.created_by.clone()),
                    ("at", ctx.locale.time(version.created_at)),
                    ("questions", version.questions.to_string()),
                ],
            ),
            warnings: problems::lines(&problems, &ctx.locale),
            id: version.id,
            version: version.version,
            file_name: version.file_name,
        }
    });
    let said = answers.into_iter().map(|answer| AnswerRow {
        photos: photos
            .iter()
            .filter(|(of, _)| *of == answer.id)
            .map(|(of, name)| {
                (format!("/surveys/answers/{of}/photos/{}", linli_kernel::percent(name, b"")), name.clone())
            })
            .collect(),
        place: place(ctx, &answer.area),
        source: t(&format!("survey-source-{}", answer.source)),
        by: answer.created_by,
        at: answer.created_at,
    });
    let page = ShowPage {
        chrome: ctx.chrome("survey-title"),
        place: place(ctx, &survey.area),
        state: t(&format!("survey-state-{}", survey.state)),
        tone: tone(survey.state),
        edit: scope(ctx, "survey.edit")?.covers(&survey.area, &[]),
        fill: may(ctx, "survey.fill")? && survey.state == State::Published,
        export: !export.is_nothing(),
        versions: rows.collect(),
        answers: said.collect(),
        lost,
        preview,
        problems,
        lines: problems::lines(wrong, &ctx.locale),
        survey,
    };
    let ok = problems.is_empty() && wrong.is_empty() && tried.is_none();
    let status = if ok { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok((status, ctx.page(&page)?).into_response())
}

async fn publish(ctx: Ctx, Path((id, version)): Path<(SurveyId, VersionId)>) -> WebResult<Redirect> {
    let mut op = ctx.op().await?;
    app::publish(&mut op, id, version).await?;
    op.commit().await?;
    Ok(Redirect::to(&format!("/surveys/{id}")))
}

async fn withdraw(ctx: Ctx, Path(id): Path<SurveyId>) -> WebResult<Redirect> {
    let mut op = ctx.op().await?;
    app::withdraw(&mut op, id).await?;
    op.commit().await?;
    Ok(Redirect::to(&format!("/surveys/{id}")))
}

async fn file(ctx: Ctx, Path((id, version)): Path<(SurveyId, VersionId)>) -> WebResult {
    let mut conn = ctx.read().await?;
    read::survey(&mut conn, &scope(&ctx, "survey.edit")?, id).await?;
    let (name, bytes) = store::file(&mut conn, id, version).await?;
    Ok(attach::file(&name, "application/octet-stream", bytes))
}

/// The tables of a form's answers; that they were taken out is in the log.
async fn tables(ctx: &Ctx, id: SurveyId) -> WebResult<(String, Vec<export::Table>)> {
    let t = |key: &str| ctx.locale.t(key);
    let heads = Heads {
        by: t("survey-col-by"),
        at: t("survey-col-at"),
        area: t("survey-col-area"),
        address: t("survey-col-address"),
        dwelling: t("survey-col-dwelling"),
        visit: t("survey-col-visit"),
    };
    let access = ctx.district.port::<Entry>()?;
    let reach = scope(ctx, "survey.export")?;
    let mut op = ctx.op().await?;
    let survey = read::survey(&mut op.tx, &reach, id).await?;
    let homes = ctx.district.ports.get::<Homes>();
    let tables = read::tables(&mut op.tx, &access, &reach, id, &heads, homes.as_deref()).await?;
    let rows = tables.first().map_or(0, |table| table.rows.len());
    let log = linli_store::Entry {
        action: "survey.export",
        subject: "survey",
        subject_id: id.to_string(),
        area: survey.area.clone(),
        detail: json!({ "rows": rows }),
    };
    op.log(log).await?;
    op.commit().await?;
    Ok((survey.name, tables))
}

async fn workbook(ctx: Ctx, Path(id): Path<SurveyId>) -> WebResult {
    let (name, tables) = tables(&ctx, id).await?;
    let bytes =
        tokio::task::spawn_blocking(move || export::workbook(&tables)).await.map_err(Error::internal)?;
    Ok(attach::file(&format!("{name}.xlsx"), attach::XLSX, bytes.map_err(Error::internal)?))
}

async fn csv(ctx: Ctx, Path(id): Path<SurveyId>) -> WebResult {
    let (name, tables) = tables(&ctx, id).await?;
    let bytes = tables.first().map(export::csv).unwrap_or_default();
    Ok(attach::file(&format!("{name}.csv"), attach::CSV, bytes))
}
