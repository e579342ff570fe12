//! `/admin/accounts/import`: a sheet of accounts, looked at first; `/admin/posts/wanted`: the posts that it asks for.

use askama::Template;
use axum::{
    extract::{Multipart, Query},
    response::{IntoResponse, Redirect},
};
use axum_extra::extract::Form;
use linli_kernel::{Error, Result};
use linli_web::{Access as Wanted, Chrome, Ctx, Route, WebResult, api::At, attach, sheet, upload::Upload};
use serde::Deserialize;

use super::{accounts::role_words, login::Trouble, me::done_words};
use crate::{
    Access,
    intake::{
        self, Intake, IntakeId,
        plan::{COLUMNS, Plan},
        wishes::{self, WishId},
    },
    places::Places,
};

/// Rows of a preview that are shown; the numbers above count all.
const SHOWN: usize = 200;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    done: String,
}

#[derive(Template)]
#[template(path = "access/intake.html")]
struct StartPage {
    chrome: Chrome,
    trouble: Trouble,
    done: Option<String>,
    sheets: Vec<Intake>,
}

async fn start_page(ctx: &Ctx, trouble: Trouble, done: Option<String>) -> WebResult {
    let sheets = intake::list(&mut ctx.read().await?).await?;
    let page = StartPage { chrome: ctx.chrome("intake-title"), trouble, done, sheets };
    Ok(page.trouble.answer(ctx.page(&page)?))
}

async fn start(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let done = done_words(&ctx, &asked.done);
    start_page(&ctx, Trouble::default(), done).await
}

/// Takes the file of a form.
pub(super) async fn taken(ctx: &Ctx, form: Multipart) -> Result<IntakeId> {
    let form = Upload::read(form, intake::BYTES).await?;
    let file = form.files.into_iter().find(|f| f.field == "file");
    let file = file.ok_or_else(|| Error::field("file", "error-required"))?;
    let name: String = file.name.chars().filter(|c| !c.is_control()).take(100).collect();
    let mut op = ctx.op().await?;
    let id = intake::upload(&mut op, &name, &file.bytes).await?;
    op.commit().await?;
    Ok(id)
}

async fn take(ctx: Ctx, form: Multipart) -> WebResult {
    match taken(&ctx, form).await {
        Ok(id) => Ok(Redirect::to(&format!("/admin/accounts/import/{id}")).into_response()),
        Err(Error::TooLarge(key)) => {
            start_page(&ctx, Trouble::of(Error::field("file", key), &ctx.locale)?, None).await
        }
        Err(error) => start_page(&ctx, Trouble::of(error, &ctx.locale)?, None).await,
    }
}

struct Line {
    row: u64,
    login: String,
    name: String,
    place: String,
    post: String,
}

struct FaultLine {
    row: u64,
    column: String,
    given: String,
    why: String,
}

#[derive(Template)]
#[template(path = "access/intake-look.html")]
struct LookPage {
    chrome: Chrome,
    trouble: Trouble,
    sheet: Intake,
    lines: Vec<Line>,
    faults: Vec<FaultLine>,
    fresh: usize,
    known: usize,
    wrong: usize,
    more: usize,
}

fn lines(ctx: &Ctx, access: &Access, plan: &Plan) -> Vec<Line> {
    let places = Places::of(&ctx.district);
    let line = |line: &intake::plan::Line| Line {
        row: line.row,
        login: line.login.clone(),
        name: line.name.clone(),
        place: (places.area)(&ctx.district, &line.area),
        post: line.wish.as_ref().map_or_else(String::new, |wish| {
            let role = role_words(ctx, access, wish.role);
            format!("{role} · {}", (places.org)(&ctx.district, wish.org))
        }),
    };
    plan.lines.iter().take(SHOWN).map(line).collect()
}

async fn look_page(ctx: &Ctx, id: IntakeId, trouble: Trouble) -> WebResult {
    let mut conn = ctx.read().await?;
    let sheet = intake::get(&mut conn, id).await?;
    let plan = if sheet.applied_at.is_some() {
        Plan::default()
    } else {
        intake::look(&mut conn, &ctx.district, id).await?
    };
    let access = ctx.district.port::<Access>()?;
    let column = |field: &str| {
        let found = COLUMNS.iter().find(|(name, ..)| *name == field);
        found.map_or_else(|| field.to_owned(), |(_, names, _)| names[0].to_owned())
    };
    let faults = plan.faults.iter().take(SHOWN).map(|f| FaultLine {
        row: f.row,
        column: column(&f.error.field),
        given: f.given.clone(),
        why: ctx.locale.field_error(&f.error),
    });
    let page = LookPage {
        chrome: ctx.chrome("intake-title"),
        faults: faults.collect(),
        lines: lines(ctx, &access, &plan),
        fresh: plan.lines.len(),
        known: plan.known,
        wrong: plan.wrong_rows(),
        more: plan.lines.len().saturating_sub(SHOWN),
        sheet,
        trouble,
    };
    Ok(page.trouble.answer(ctx.page(&page)?))
}

async fn look(ctx: Ctx, At(id): At<IntakeId>) -> WebResult {
    look_page(&ctx, id, Trouble::default()).await
}

async fn did_run(ctx: &Ctx, id: IntakeId) -> Result<()> {
    let plan = intake::look(&mut ctx.read().await?, &ctx.district, id).await?;
    if !plan.faults.is_empty() {
        return Err(Error::Conflict("intake-error-faults"));
    }
    let initials = intake::passwords(&ctx.district, &plan).await?;
    let mut op = ctx.op().await?;
    intake::run(&mut op, id, &initials).await?;
    op.commit().await
}

async fn run(ctx: Ctx, At(id): At<IntakeId>) -> WebResult {
    match did_run(&ctx, id).await {
        Ok(()) => Ok(Redirect::to(&format!("/admin/accounts/import/{id}")).into_response()),
        Err(Error::Conflict(key)) => {
            look_page(&ctx, id, Trouble::of(Error::field("file", key), &ctx.locale)?).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn passwords(ctx: Ctx, At(id): At<IntakeId>) -> WebResult {
    let mut op = ctx.op().await?;
    let firsts = intake::hand_out(&mut op, id).await?;
    op.commit().await?;
    let heads = ["login-name", "name", "once"].map(|name| ctx.locale.t(&format!("access-{name}")));
    let rows: Vec<Vec<String>> = firsts.into_iter().map(|f| vec![f.login, f.name, f.password]).collect();
    Ok(attach::file("first-passwords.xlsx", attach::XLSX, sheet::write(&heads, &rows)?))
}

pub(super) async fn wrong(ctx: Ctx, At(id): At<IntakeId>) -> WebResult {
    let plan = intake::look(&mut ctx.read().await?, &ctx.district, id).await?;
    let bytes = plan.faults_as_table(&ctx.locale.t("intake-why"), |error| ctx.locale.field_error(error))?;
    Ok(attach::file("wrong-rows.xlsx", attach::XLSX, bytes))
}

pub(super) async fn blank() -> WebResult {
    let heads = COLUMNS.map(|(_, names, needed)| format!("{}{}", names[0], if needed { " *" } else { "" }));
    Ok(attach::file("accounts.xlsx", attach::XLSX, sheet::write::<_, Vec<String>, _>(&heads, &[])?))
}

async fn forget(ctx: Ctx, At(id): At<IntakeId>) -> WebResult {
    let mut op = ctx.op().await?;
    intake::forget(&mut op, id).await?;
    op.commit().await?;
    Ok(Redirect::to("/admin/accounts/import").into_response())
}

struct WishLine {
    id: String,
    account: String,
    name: String,
    login: String,
    post: String,
    asked: String,
    refusal: String,
}

#[derive(Template)]
#[template(path = "access/wishes.html")]
struct WishesPage {
    chrome: Chrome,
    done: Option<String>,
    lines: Vec<WishLine>,
}

async fn wishes_page(ctx: &Ctx, refusals: &[(WishId, String)], done: Option<String>) -> WebResult {
    let access = ctx.district.port::<Access>()?;
    let places = Places::of(&ctx.district);
    let open = wishes::open(&mut ctx.read().await?, &access, &ctx.actor).await?;
    let line = |w: wishes::Wanted| WishLine {
        post: format!(
            "{} · {} · {}",
            role_words(ctx, &access, w.role),
            (places.org)(&ctx.district, w.org_id),
            (places.area)(&ctx.district, &w.area)
        ),
        asked: format!("{} · {}", w.asked_by, ctx.locale.time(w.asked_at)),
        refusal: refusals.iter().find(|(id, _)| *id == w.id).map_or_else(String::new, |(_, why)| why.clone()),
        id: w.id.to_string(),
        account: w.account_id.to_string(),
        name: w.name,
        login: w.login,
    };
    let lines = open.into_iter().map(line).collect();
    Ok(ctx.page(&WishesPage { chrome: ctx.chrome("intake-wishes"), done, lines })?.into_response())
}

async fn wanted(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let done = done_words(&ctx, &asked.done);
    wishes_page(&ctx, &[], done).await
}

#[derive(Deserialize)]
struct Decision {
    #[serde(default)]
    wish: Vec<WishId>,
    #[serde(rename = "do")]
    what: String,
}

async fn decide(ctx: Ctx, Form(decision): Form<Decision>) -> WebResult {
    let mut op = ctx.op().await?;
    let results = wishes::decide(&mut op, &decision.wish, decision.what == "grant").await?;
    op.commit().await?;
    let refusals: Vec<(WishId, String)> = results
        .into_iter()
        .filter_map(|(id, done)| Some((id, linli_web::error::words(&done.err()?, &ctx.locale))))
        .collect();
    if refusals.is_empty() {
        return Ok(Redirect::to("/admin/posts/wanted?done=decided").into_response());
    }
    wishes_page(&ctx, &refusals, None).await
}

pub(super) fn routes() -> Vec<Route> {
    let may = Wanted::May("account.create");
    let grant = Wanted::May("role.grant");
    vec![
        Route::get("/admin/accounts/import", may, start),
        Route::post("/admin/accounts/import", may, take),
        Route::get("/admin/accounts/import/blank.xlsx", may, blank),
        Route::get("/admin/accounts/import/{id}", may, look),
        Route::post("/admin/accounts/import/{id}", may, run),
        Route::get("/admin/accounts/import/{id}/wrong.xlsx", may, wrong),
        Route::post("/admin/accounts/import/{id}/passwords", may, passwords),
        Route::post("/admin/accounts/import/{id}/forget", may, forget),
        Route::get("/admin/posts/wanted", grant, wanted),
        Route::post("/admin/posts/wanted", grant, decide),
    ]
}
