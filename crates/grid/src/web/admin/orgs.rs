//! Organisations.

use axum::extract::{Form, Path, Query};
use linli_kernel::{Error, actor::OrgId, text::normalise};
use linli_web::{Access, Ctx, Problems, Route, WebResult};
use serde::Deserialize;

use super::{
    finish, may, scope, seen,
    view::{self, Button, Cell, Fields, List, Shape},
};
use crate::{AtlasPort, Org, OrgKind, app, draft::OrgText};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/admin/orgs", Access::May("org.read"), list),
        Route::get("/admin/orgs/new", Access::May("org.edit"), blank),
        Route::post("/admin/orgs/new", Access::May("org.edit"), add),
        Route::get("/admin/orgs/{id}", Access::May("org.edit"), open),
        Route::post("/admin/orgs/{id}", Access::May("org.edit"), save),
    ]
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    q: String,
    kind: String,
    after: String,
    done: String,
}

fn kinds(ctx: &Ctx) -> Vec<(String, String)> {
    OrgKind::ALL
        .iter()
        .map(|k| (k.as_str().to_owned(), ctx.locale.t(&format!("grid-org-{}", k.as_str().replace('_', "-")))))
        .collect()
}

async fn list(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let (reach, edit) = (scope(&ctx, "org.read")?, scope(&ctx, "org.edit")?);
    let words = normalise(&asked.q);
    let kind: Option<OrgKind> = asked.kind.parse().ok();
    let named = |o: &Org| {
        words.is_empty()
            || o.name.contains(&words)
            || o.short.contains(&words)
            || o.code.starts_with(&words)
            || linli_kernel::text::initials(&o.short).starts_with(&words)
    };
    let found = atlas
        .orgs()
        .filter(|o| kind.is_none_or(|k| k == o.kind) && reach.covers(&o.area, &[o.id]) && named(o));
    let (rows, next) = view::page(found, &asked.after, |o| o.code.clone());
    let t = |key: &str| ctx.locale.t(key);
    let row = |o: &Org| {
        let mine = edit.covers(&o.area, &[]);
        vec![
            Cell::link(&o.name, if mine { format!("/admin/orgs/{}", o.id) } else { String::new() }),
            Cell::text(t(&format!("grid-org-{}", o.kind.as_str().replace('_', "-")))),
            Cell::text(atlas.path(&o.area)),
            Cell::text(o.parent.map(|p| atlas.org_name(p).to_owned()).unwrap_or_default()),
            Cell::text(&o.purpose),
            if o.active {
                Cell::chip(t("grid-active"), "ok")
            } else {
                Cell::chip(t("grid-inactive"), "warn")
            },
        ]
    };
    let rows = rows.into_iter().map(row).collect();
    let mut buttons = Vec::new();
    if may(&ctx, "import.run")? {
        buttons.push(Button {
            href: "/admin/import?kind=orgs".into(),
            text: t("grid-from-file"),
            icon: "upload",
            primary: false,
        });
    }
    if !edit.is_nothing() {
        buttons.push(Button {
            href: "/admin/orgs/new".into(),
            text: t("grid-add-org"),
            icon: "plus",
            primary: true,
        });
    }
    let none = Problems::none();
    let mut choices = vec![(String::new(), t("grid-all"))];
    choices.extend(kinds(&ctx));
    let mut filters = Fields::new(&ctx, &none);
    filters.add("q", &asked.q, Shape::Text).full().add("kind", &asked.kind, Shape::Choice(choices));
    let view = List {
        intro: t("grid-orgs-intro"),
        done: if asked.done.is_empty() { String::new() } else { t("grid-saved") },
        buttons,
        action: "/admin/orgs",
        filters: filters.done(),
        filtered: !words.is_empty() || kind.is_some(),
        heads: ["name", "kind", "area", "parent", "purpose", "active"]
            .map(|c| t(&format!("grid-col-{c}")))
            .to_vec(),
        rows,
        next: next
            .map(|after| {
                view::address("/admin/orgs", &[("q", &asked.q), ("kind", &asked.kind), ("after", &after)])
            })
            .unwrap_or_default(),
        ..List::default()
    };
    view::list(&ctx, "grid-admin-orgs", view)
}

fn show(ctx: &Ctx, id: Option<OrgId>, text: &OrgText, problems: &Problems) -> WebResult {
    let t = |key: &str| ctx.locale.t(key);
    let mut fields = Fields::new(ctx, problems);
    let code = if id.is_some() { Shape::Fixed } else { Shape::Text };
    fields.add("code", &text.code, code).required().hint("grid-hint-org-code");
    fields.add("name", &text.name, Shape::Text).required();
    fields.add("short", &text.short, Shape::Text).hint("grid-hint-short");
    fields.add("kind", &text.kind, Shape::Choice(kinds(ctx))).required();
    fields.add("area", &text.area, Shape::Text).required().hint("grid-hint-area");
    fields.add("parent", &text.parent, Shape::Text).hint("grid-hint-parent");
    fields.add("standing", &text.standing, view::yes_no(ctx)).required().hint("grid-hint-standing");
    fields.add("duty_code", &text.duty_code, Shape::Text).hint("grid-hint-duty-code");
    fields.add("active", &text.active, view::yes_no(ctx)).required().hint("grid-hint-active");
    fields.add("purpose", &text.purpose, Shape::Lines);
    let title = if id.is_some() { text.name.clone() } else { t("grid-add-org") };
    let form = view::Form {
        crumbs: vec![("/admin/orgs".into(), t("grid-admin-orgs")), (String::new(), title.clone())],
        intro: t("grid-org-intro"),
        action: id.map_or_else(|| "/admin/orgs/new".to_owned(), |id| format!("/admin/orgs/{id}")),
        back: "/admin/orgs".to_owned(),
        fields: fields.done(),
        ..view::Form::default()
    };
    view::form(ctx, title, form, problems)
}

async fn open(ctx: Ctx, Path(id): Path<OrgId>) -> WebResult {
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let org = atlas.org(id).ok_or(Error::NotFound)?;
    if !scope(&ctx, "org.edit")?.covers(&org.area, &[]) {
        return Err(Error::NotFound.into());
    }
    show(&ctx, Some(id), &OrgText::of(org, &atlas), &Problems::none())
}

async fn save(ctx: Ctx, Path(id): Path<OrgId>, Form(text): Form<OrgText>) -> WebResult {
    let mut op = ctx.op().await?;
    let done = app::edit_org(&mut op, id, &text).await;
    match finish(&ctx, op, done).await? {
        Ok(()) => Ok(seen("/admin/orgs?done=1")),
        Err(problems) => show(&ctx, Some(id), &text, &problems),
    }
}

async fn blank(ctx: Ctx) -> WebResult {
    let text = OrgText {
        kind: OrgKind::Department.as_str().to_owned(),
        area: ctx.district.area.to_string(),
        standing: "否".to_owned(),
        active: "是".to_owned(),
        ..OrgText::default()
    };
    show(&ctx, None, &text, &Problems::none())
}

async fn add(ctx: Ctx, Form(text): Form<OrgText>) -> WebResult {
    let mut op = ctx.op().await?;
    let done = app::add_org(&mut op, &text).await;
    match finish(&ctx, op, done).await? {
        Ok(_) => Ok(seen("/admin/orgs?done=1")),
        Err(problems) => show(&ctx, None, &text, &problems),
    }
}
