//! `/homes/house/{id}/codes`: the codes of a house; and the paper that hangs at its doors, exact to the millimetre.

use askama::Template;
use axum::{
    extract::{Form, Path, Query},
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use linli_kernel::{Error, Result, Timestamp};
use linli_web::{Access, Chrome, Ctx, Markup, Problems, Route, WebResult, qr};
use serde::Deserialize;

use super::Desk;
use crate::{
    code::{self, CodeId, CodeKind, CodeState, Label},
    model::BuildingId,
    privacy,
    store::{places, places::Building},
};

/// Labels of one A4 sheet: two columns of five.
const SHEET: usize = 10;

struct Line {
    kind: CodeKind,
    name: String,
    id: Option<CodeId>,
    /// The letters under the code.
    letters: String,
    by: String,
    at: Option<Timestamp>,
    earlier: i64,
}

/// A group of doors: a staircase, or the house where it has none.
struct Group {
    name: String,
    unit: String,
    lines: Vec<Line>,
    live: usize,
}

#[derive(Template)]
#[template(path = "code/codes.html")]
struct Page {
    chrome: Chrome,
    id: BuildingId,
    crumbs: Vec<(String, String)>,
    head: String,
    groups: Vec<Group>,
    missing: usize,
    live: usize,
    may_issue: bool,
    done: String,
    problems: Problems,
    trouble: String,
}

async fn house(ctx: &Ctx, id: BuildingId) -> Result<(Desk, Building, Vec<CodeState>)> {
    let desk = Desk::of(ctx, "code.read")?;
    let mut conn = ctx.read().await?;
    let house = places::building(&mut conn, id).await?;
    if !desk.scope.covers(&house.area, &[]) {
        return Err(Error::NotFound);
    }
    let states = code::of_building(&mut conn, id).await?;
    Ok((desk, house, states))
}

fn name(ctx: &Ctx, head: &str, state: &CodeState) -> String {
    match state.kind {
        CodeKind::Building => head.to_owned(),
        CodeKind::Unit => state.unit.clone().unwrap_or_default(),
        CodeKind::Dwelling => {
            let door = state.door.clone().unwrap_or_default();
            if door.is_empty() { ctx.locale.t("household-whole-house") } else { door }
        }
    }
}

fn letters(ctx: &Ctx, desk: &Desk, n: Option<i64>) -> Result<String> {
    n.map_or(Ok(String::new()), |n| Label(n).text(&desk.access, &ctx.district.area))
}

fn groups(ctx: &Ctx, desk: &Desk, head: &str, states: Vec<CodeState>) -> Result<Vec<Group>> {
    let mut groups: Vec<Group> = Vec::new();
    let shared = ctx.locale.t("code-shared");
    for state in states {
        let (title, unit) = match state.kind {
            CodeKind::Building | CodeKind::Unit => (shared.clone(), String::new()),
            CodeKind::Dwelling => {
                let unit = state.unit.clone().unwrap_or_default();
                (if unit.is_empty() { head.to_owned() } else { unit.clone() }, unit)
            }
        };
        if groups.last().is_none_or(|g| g.name != title) {
            groups.push(Group { name: title, unit, lines: Vec::new(), live: 0 });
        }
        let line = Line {
            kind: state.kind,
            name: name(ctx, head, &state),
            id: state.id,
            letters: Label::grouped(&letters(ctx, desk, state.n)?),
            by: state.issued_by.unwrap_or_default(),
            at: state.issued_at,
            earlier: state.earlier,
        };
        if let Some(group) = groups.last_mut() {
            group.live += usize::from(line.id.is_some());
            group.lines.push(line);
        }
    }
    Ok(groups)
}

async fn page(ctx: &Ctx, id: BuildingId, done: &str, problems: Problems, trouble: String) -> WebResult {
    let (desk, house, states) = house(ctx, id).await?;
    let head = format!("{}{}", house.place, house.name);
    let missing = states.iter().filter(|s| s.id.is_none()).count();
    let live = states.iter().filter(|s| s.id.is_some() && s.kind == CodeKind::Dwelling).count();
    let status = match () {
        () if !problems.is_empty() => StatusCode::UNPROCESSABLE_ENTITY,
        () if !trouble.is_empty() => StatusCode::CONFLICT,
        () => StatusCode::OK,
    };
    let page = Page {
        chrome: desk.chrome(ctx, "code-codes"),
        id,
        crumbs: desk.crumbs(ctx, &house.area),
        groups: groups(ctx, &desk, &head, states)?,
        head,
        missing,
        live,
        may_issue: desk.may(ctx, "code.issue", &house.area),
        done: match done {
            "made" => ctx.locale.t("code-done-made"),
            "new" => ctx.locale.t("code-done-new"),
            "revoked" => ctx.locale.t("code-done-revoked"),
            _ => String::new(),
        },
        problems,
        trouble,
    };
    Ok((status, ctx.page(&page)?).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    done: String,
    unit: Option<String>,
    code: Option<CodeId>,
}

async fn show(ctx: Ctx, Path(id): Path<BuildingId>, Query(asked): Query<Asked>) -> WebResult {
    page(&ctx, id, &asked.done, Problems::none(), String::new()).await
}

async fn make(ctx: Ctx, Path(id): Path<BuildingId>) -> WebResult {
    let mut op = ctx.op().await?;
    code::issue_missing(&mut op, id).await?;
    op.commit().await?;
    Ok(Redirect::to(&format!("/homes/house/{id}/codes?done=made")).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Ending {
    house: Option<BuildingId>,
    r#do: String,
    reason: String,
}

/// Ends a code; with `do=new` another takes its place.
async fn end(ctx: Ctx, Path(id): Path<CodeId>, Form(form): Form<Ending>) -> WebResult {
    let again = form.r#do == "new";
    let mut op = ctx.op().await?;
    let ended = if again {
        code::reissue(&mut op, id, &form.reason).await
    } else {
        code::revoke(&mut op, id, &form.reason).await
    };
    match ended {
        Ok(house) => {
            op.commit().await?;
            let done = if again { "new" } else { "revoked" };
            Ok(Redirect::to(&format!("/homes/house/{house}/codes?done={done}")).into_response())
        }
        Err(error) => {
            drop(op);
            let house = form.house.ok_or(Error::NotFound)?;
            match error {
                Error::Conflict(key) => page(&ctx, house, "", Problems::none(), ctx.locale.t(key)).await,
                error => {
                    let problems = Problems::of(error, &ctx.locale)?;
                    page(&ctx, house, "", problems, String::new()).await
                }
            }
        }
    }
}

/// A door label, or the middle of a poster.
struct Paper {
    place: String,
    unit: String,
    door: String,
    letters: String,
    qr: Markup,
}

fn paper(ctx: &Ctx, desk: &Desk, house: &Building, state: &CodeState) -> Result<Paper> {
    let text = letters(ctx, desk, state.n)?;
    let label = ctx.locale.t("code-scan");
    Ok(Paper {
        place: format!("{}{}", house.place, house.name),
        unit: state.unit.clone().unwrap_or_default(),
        door: state.door.clone().unwrap_or_default(),
        qr: qr::drawing(&format!("{}/d/{text}", ctx.origin), &label)?,
        letters: Label::grouped(&text),
    })
}

#[derive(Template)]
#[template(path = "code/labels.html")]
struct Labels {
    chrome: Chrome,
    back: String,
    head: String,
    grid: String,
    phone: String,
    sheets: Vec<Vec<Paper>>,
    count: usize,
}

/// Whom to call, as it is printed: the grid's own number, which outlasts its workers.
fn phone(desk: &Desk, house: &Building) -> String {
    desk.atlas.area(&house.area).and_then(|a| a.supervision_phone.clone()).unwrap_or_else(|| "12345".into())
}

async fn labels(ctx: Ctx, Path(id): Path<BuildingId>, Query(asked): Query<Asked>) -> WebResult {
    let (desk, house, states) = house(&ctx, id).await?;
    let wanted = |s: &&CodeState| {
        let unit = asked.unit.as_ref().is_none_or(|unit| s.unit.as_deref().unwrap_or_default() == unit);
        let one = asked.code.is_none_or(|code| s.id == Some(code));
        s.kind == CodeKind::Dwelling && s.id.is_some() && unit && one
    };
    let all: Vec<Paper> =
        states.iter().filter(wanted).map(|s| paper(&ctx, &desk, &house, s)).collect::<Result<_>>()?;
    let count = all.len();
    let mut sheets: Vec<Vec<Paper>> = Vec::new();
    for label in all {
        match sheets.last_mut() {
            Some(sheet) if sheet.len() < SHEET => sheet.push(label),
            _ => sheets.push(vec![label]),
        }
    }
    let page = Labels {
        chrome: ctx.chrome("code-labels"),
        back: format!("/homes/house/{id}/codes"),
        head: format!("{}{}", house.place, house.name),
        grid: desk.atlas.path(&house.area),
        phone: phone(&desk, &house),
        sheets,
        count,
    };
    Ok(ctx.page(&page)?.into_response())
}

#[derive(Template)]
#[template(path = "code/poster.html")]
struct Poster {
    chrome: Chrome,
    /// Days for which a decided form is kept.
    kept: i64,
    back: String,
    grid: String,
    phone: String,
    sheets: Vec<Paper>,
}

/// Posters for the entrances: one for the house, one for each staircase, or the one that is wanted.
async fn poster(ctx: Ctx, Path(id): Path<BuildingId>, Query(asked): Query<Asked>) -> WebResult {
    let (desk, house, states) = house(&ctx, id).await?;
    let wanted = |s: &&CodeState| {
        s.kind != CodeKind::Dwelling && s.id.is_some() && asked.code.is_none_or(|code| s.id == Some(code))
    };
    let sheets: Vec<Paper> =
        states.iter().filter(wanted).map(|s| paper(&ctx, &desk, &house, s)).collect::<Result<_>>()?;
    let page = Poster {
        kept: privacy::days(&mut ctx.read().await?, &ctx.district, privacy::FORMS).await?,
        chrome: ctx.chrome("code-poster"),
        back: format!("/homes/house/{id}/codes"),
        grid: desk.atlas.path(&house.area),
        phone: phone(&desk, &house),
        sheets,
    };
    Ok(ctx.page(&page)?.into_response())
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/homes/house/{id}/codes", Access::May("code.read"), show),
        Route::post("/homes/house/{id}/codes", Access::May("code.issue"), make),
        Route::get("/homes/house/{id}/labels", Access::May("code.read"), labels),
        Route::get("/homes/house/{id}/poster", Access::May("code.read"), poster),
        Route::post("/homes/codes/{id}/end", Access::May("code.issue"), end),
    ]
}
