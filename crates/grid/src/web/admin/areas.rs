//! Areas and the boards of grids.

use axum::extract::{Form, Path, Query};
use linli_kernel::{AreaCode, Error, area::AreaLevel};
use linli_web::{Access, Ctx, Problems, Route, WebResult};
use serde::Deserialize;

use super::{
    finish, may, scope, seen,
    view::{self, Button, Cell, Crumbs, Fields, List, Shape},
};
use crate::{Area, Atlas, AtlasPort, app, draft::AreaText, web::api::map_source};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/admin/areas", Access::May("area.read"), list),
        Route::get("/admin/areas/new", Access::May("area.edit"), blank),
        Route::post("/admin/areas/new", Access::May("area.edit"), add),
        Route::get("/admin/areas/{code}", Access::May("area.edit"), open),
        Route::post("/admin/areas/{code}", Access::May("area.edit"), save),
    ]
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    q: String,
    at: String,
    after: String,
    done: String,
}

fn crumbs(atlas: &Atlas, code: &AreaCode, last: Option<String>) -> Crumbs {
    let levels = [AreaLevel::District, AreaLevel::Street, AreaLevel::Community, AreaLevel::Grid];
    let above: Vec<AreaCode> = levels.into_iter().filter_map(|level| code.at(level)).collect();
    let count = above.len();
    let mut crumbs: Crumbs = above
        .iter()
        .enumerate()
        .map(|(n, at)| {
            let here = n + 1 == count && last.is_none();
            let href =
                if here { String::new() } else { view::address("/admin/areas", &[("at", at.as_str())]) };
            (href, atlas.name(at).to_owned())
        })
        .collect();
    crumbs.extend(last.map(|name| (String::new(), name)));
    crumbs
}

async fn list(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let reach = scope(&ctx, "area.read")?;
    let edit = scope(&ctx, "area.edit")?;
    let top = ctx.district.area.clone();
    let at: AreaCode =
        if asked.at.is_empty() { top } else { asked.at.parse().map_err(|_| Error::NotFound)? };
    if !asked.at.is_empty() && atlas.area(&at).is_none() {
        return Err(Error::NotFound.into());
    }
    let words = asked.q.trim();
    let found: Vec<&Area> = if words.is_empty() {
        // Where somebody only serves one street, the way down to it is shown, and nothing beside it.
        let leads = |a: &Area| reach.areas.iter().any(|own| a.code.contains(own));
        atlas.children(&at).filter(|a| reach.covers(&a.code, &[]) || leads(a)).collect()
    } else {
        atlas.search(words, usize::MAX).into_iter().filter(|a| reach.covers(&a.code, &[])).collect()
    };
    let (rows, next) = view::page(found.into_iter(), &asked.after, |a| a.code.to_string());
    let t = |key: &str| ctx.locale.t(key);
    let row = |a: &Area| {
        let name = if words.is_empty() { a.name.clone() } else { atlas.path(&a.code) };
        let href = if a.level() == AreaLevel::Grid {
            if edit.covers(&a.code, &[]) { format!("/admin/areas/{}", a.code) } else { String::new() }
        } else {
            view::address("/admin/areas", &[("at", a.code.as_str())])
        };
        let kind =
            a.kind.map_or_else(|| format!("grid-level-{}", a.level().as_str()), |k| format!("grid-kind-{k}"));
        let worker =
            a.worker.as_ref().map(|w| [w.name.as_str(), w.phone.as_deref().unwrap_or_default()].join(" "));
        vec![
            Cell::link(name, href),
            Cell::code(a.code.as_str()),
            Cell::text(t(&kind)),
            Cell::text(worker.unwrap_or_default()),
            Cell::text(if a.residents > 0 { a.residents.to_string() } else { String::new() }),
            if a.shape.is_some() {
                Cell::chip(t("grid-drawn"), "ok")
            } else {
                Cell::chip(t("grid-not-drawn"), "warn")
            },
            if edit.covers(&a.code, &[]) {
                Cell::link(t("grid-edit"), format!("/admin/areas/{}", a.code))
            } else {
                Cell::default()
            },
        ]
    };
    let rows = rows.into_iter().map(row).collect();
    let mut buttons = Vec::new();
    if may(&ctx, "import.run")? {
        buttons.push(Button {
            href: "/admin/import?kind=areas".into(),
            text: t("grid-from-file"),
            icon: "upload",
            primary: false,
        });
    }
    if edit.covers(&at, &[]) && at.level() != AreaLevel::Grid {
        let href = view::address("/admin/areas/new", &[("at", at.as_str())]);
        buttons.push(Button { href, text: t("grid-add-area"), icon: "plus", primary: true });
    }
    let none = Problems::none();
    let view = List {
        crumbs: crumbs(&atlas, &at, None),
        intro: t("grid-areas-intro"),
        done: if asked.done.is_empty() { String::new() } else { t("grid-saved") },
        buttons,
        action: "/admin/areas",
        filters: Fields::new(&ctx, &none).add("q", words, Shape::Text).full().done(),
        filtered: !words.is_empty(),
        heads: ["name", "code", "kind", "worker", "residents", "land", "edit"]
            .map(|c| t(&format!("grid-col-{c}")))
            .to_vec(),
        rows,
        next: next
            .map(|after| view::address("/admin/areas", &[("q", words), ("at", &asked.at), ("after", &after)]))
            .unwrap_or_default(),
    };
    view::list(&ctx, "grid-admin-areas", view)
}

fn show(ctx: &Ctx, code: &AreaCode, new: bool, text: &AreaText, problems: &Problems) -> WebResult {
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let t = |key: &str| ctx.locale.t(key);
    let grid = code.level() == AreaLevel::Grid;
    let mut fields = Fields::new(ctx, problems);
    if new {
        fields.add("code", &text.code, Shape::Text).required().hint("grid-hint-code");
    } else {
        fields.add("code", code.as_str(), Shape::Fixed);
    }
    fields.add("name", &text.name, Shape::Text).required();
    if grid {
        let kinds = ["basic", "dedicated"].map(|k| (k.to_owned(), t(&format!("grid-kind-{k}"))));
        fields.add("kind", &text.kind, Shape::Choice(kinds.to_vec())).required();
    } else {
        fields.add("official", &text.official, Shape::Text).hint("grid-hint-official");
    }
    fields.add("residents", &text.residents, Shape::Number);
    fields.add("households", &text.households, Shape::Number);
    if grid {
        fields.add("worker", &text.worker, Shape::Text).hint("grid-hint-board");
        fields.add("worker_phone", &text.worker_phone, Shape::Phone);
        fields.add("deputy", &text.deputy, Shape::Text).hint("grid-hint-deputy");
        fields.add("deputy_phone", &text.deputy_phone, Shape::Phone);
        fields.add("supervision_phone", &text.supervision_phone, Shape::Phone);
    }
    let fields = fields.done();
    let above = if new { Some(code.clone()) } else { code.parent() }
        .and_then(|p| if new { code.parent() } else { Some(p) });
    let back = view::address("/admin/areas", &[("at", above.as_ref().map_or("", AreaCode::as_str))]);
    let area = atlas.area(code).filter(|a| !new && a.shape.is_some());
    let centre = area.and_then(|a| a.centre);
    let title = if new { t("grid-add-area") } else { atlas.name(code).to_owned() };
    let form = view::Form {
        crumbs: match (&above, new) {
            (Some(above), true) => crumbs(&atlas, above, Some(title.clone())),
            _ => crumbs(&atlas, code, None),
        },
        intro: t(if grid { "grid-board-intro" } else { "grid-area-intro" }),
        action: if new { "/admin/areas/new".to_owned() } else { format!("/admin/areas/{code}") },
        back,
        fields,
        map: if centre.is_some() { map_source(code.level(), code) } else { String::new() },
        lat: centre.map_or(0.0, |c| c.lat),
        lon: centre.map_or(0.0, |c| c.lon),
        zoom: match code.level() {
            AreaLevel::District => 10,
            AreaLevel::Street => 12,
            AreaLevel::Community => 13,
            AreaLevel::Grid => 15,
        },
    };
    view::form(ctx, title, form, problems)
}

async fn open(ctx: Ctx, Path(code): Path<AreaCode>) -> WebResult {
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let area = atlas.area(&code).filter(|a| scope(&ctx, "area.edit").is_ok_and(|s| s.covers(&a.code, &[])));
    let text = AreaText::from(area.ok_or(Error::NotFound)?);
    show(&ctx, &code, false, &text, &Problems::none())
}

async fn save(ctx: Ctx, Path(code): Path<AreaCode>, Form(text): Form<AreaText>) -> WebResult {
    let mut op = ctx.op().await?;
    let done = app::edit_area(&mut op, &code, &text).await;
    match finish(&ctx, op, done).await? {
        Ok(()) => {
            let above = code.parent();
            let at = above.as_ref().map_or("", AreaCode::as_str);
            Ok(seen(&view::address("/admin/areas", &[("at", at), ("done", "1")])))
        }
        Err(problems) => show(&ctx, &code, false, &text, &problems),
    }
}

async fn blank(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let at: AreaCode = asked.at.parse().map_err(|_| Error::NotFound)?;
    if atlas.area(&at).is_none() || !scope(&ctx, "area.edit")?.covers(&at, &[]) {
        return Err(Error::NotFound.into());
    }
    let code = app::next_code(&atlas, &at).ok_or(Error::Conflict("grid-error-full"))?;
    let text = AreaText { code: code.to_string(), ..AreaText::default() };
    show(&ctx, &code, true, &text, &Problems::none())
}

async fn add(ctx: Ctx, Form(text): Form<AreaText>) -> WebResult {
    let mut op = ctx.op().await?;
    let done = app::add_area(&mut op, &text).await;
    match finish(&ctx, op, done).await? {
        Ok(code) => Ok(seen(&format!("/admin/areas/{code}"))),
        Err(problems) => {
            let code = text.code.trim().parse().unwrap_or_else(|_| ctx.district.area.clone());
            show(&ctx, &code, true, &text, &problems)
        }
    }
}
