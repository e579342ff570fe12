//! Categories and the duty list.

use axum::extract::{Form, Path, Query};
use linli_kernel::{Error, actor::OrgId, text::normalise};
use linli_web::{Access, Ctx, Problems, Route, WebResult};
use serde::Deserialize;

use super::{
    finish, may, seen,
    view::{self, Button, Cell, Fields, List, Shape},
};
use crate::{
    Atlas, AtlasPort, Category, OrgKind, app,
    draft::{CategoryText, DutyText, section_name},
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/admin/categories", Access::May("category.edit"), categories),
        Route::get("/admin/categories/new", Access::May("category.edit"), blank_category),
        Route::post("/admin/categories/new", Access::May("category.edit"), add_category),
        Route::get("/admin/categories/{code}", Access::May("category.edit"), open_category),
        Route::post("/admin/categories/{code}", Access::May("category.edit"), save_category),
        Route::get("/admin/duties", Access::May("duty.read"), duties),
        Route::get("/admin/duties/{code}", Access::May("duty.edit"), open_duty),
        Route::post("/admin/duties/{code}", Access::May("duty.edit"), save_duty),
    ]
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    q: String,
    org: String,
    after: String,
    done: String,
}

fn saved(ctx: &Ctx, asked: &Asked) -> String {
    if asked.done.is_empty() { String::new() } else { ctx.locale.t("grid-saved") }
}

fn named(atlas: &Atlas, category: &Category, words: &str) -> bool {
    words.is_empty()
        || category.code.starts_with(words)
        || atlas.category_path(&category.code).contains(words)
}

async fn categories(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let words = normalise(&asked.q);
    let found = atlas.categories().filter(|c| named(&atlas, c, &words));
    let (rows, next) = view::page(found, &asked.after, |c| c.code.clone());
    let t = |key: &str| ctx.locale.t(key);
    let row = |c: &Category| {
        vec![
            Cell::code(&c.code),
            Cell::link(atlas.category_path(&c.code), format!("/admin/categories/{}", c.code)),
            Cell::text(if c.photo_required { t("grid-yes") } else { String::new() }),
            if c.active {
                Cell::chip(t("grid-active"), "ok")
            } else {
                Cell::chip(t("grid-inactive"), "warn")
            },
            Cell::link(
                atlas.duty(&c.code).map_or_else(|| t("grid-nobody"), |d| atlas.org_name(d.lead).to_owned()),
                format!("/admin/duties/{}", c.code),
            ),
        ]
    };
    let rows = rows.into_iter().map(row).collect();
    let none = Problems::none();
    let view = List {
        intro: t("grid-categories-intro"),
        done: saved(&ctx, &asked),
        buttons: vec![Button {
            href: "/admin/categories/new".into(),
            text: t("grid-add-category"),
            icon: "plus",
            primary: true,
        }],
        action: "/admin/categories",
        filters: Fields::new(&ctx, &none).add("q", &asked.q, Shape::Text).full().done(),
        filtered: !words.is_empty(),
        heads: ["code", "name", "photo", "active", "lead"].map(|c| t(&format!("grid-col-{c}"))).to_vec(),
        rows,
        next: next
            .map(|after| view::address("/admin/categories", &[("q", &asked.q), ("after", &after)]))
            .unwrap_or_default(),
        ..List::default()
    };
    view::list(&ctx, "grid-admin-categories", view)
}

fn show_category(ctx: &Ctx, new: bool, text: &CategoryText, problems: &Problems) -> WebResult {
    let t = |key: &str| ctx.locale.t(key);
    let mut fields = Fields::new(ctx, problems);
    let code = if new { Shape::Text } else { Shape::Fixed };
    fields.add("code", &text.code, code).required().hint("grid-hint-category-code");
    fields.add("name", &text.name, Shape::Text).required();
    fields.add("photo", &text.photo, view::yes_no(ctx)).required().hint("grid-hint-photo");
    fields.add("active", &text.active, view::yes_no(ctx)).required().hint("grid-hint-active");
    let title = if new { t("grid-add-category") } else { text.name.clone() };
    let form = view::Form {
        crumbs: vec![
            ("/admin/categories".into(), t("grid-admin-categories")),
            (String::new(), title.clone()),
        ],
        intro: t("grid-category-intro"),
        action: if new { "/admin/categories/new".into() } else { format!("/admin/categories/{}", text.code) },
        back: "/admin/categories".to_owned(),
        fields: fields.done(),
        ..view::Form::default()
    };
    view::form(ctx, title, form, problems)
}

async fn open_category(ctx: Ctx, Path(code): Path<String>) -> WebResult {
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let category = atlas.category(&code).ok_or(Error::NotFound)?;
    show_category(&ctx, false, &CategoryText::from(category), &Problems::none())
}

async fn save_category(ctx: Ctx, Path(code): Path<String>, Form(text): Form<CategoryText>) -> WebResult {
    put_category(ctx, CategoryText { code, ..text }, false).await
}

async fn blank_category(ctx: Ctx) -> WebResult {
    let text = CategoryText { photo: "否".into(), active: "是".into(), ..CategoryText::default() };
    show_category(&ctx, true, &text, &Problems::none())
}

async fn add_category(ctx: Ctx, Form(text): Form<CategoryText>) -> WebResult {
    put_category(ctx, text, true).await
}

async fn put_category(ctx: Ctx, text: CategoryText, new: bool) -> WebResult {
    let mut op = ctx.op().await?;
    let done = app::put_category(&mut op, &text, new).await;
    match finish(&ctx, op, done).await? {
        Ok(()) => Ok(seen("/admin/categories?done=1")),
        Err(problems) => show_category(&ctx, new, &text, &problems),
    }
}

async fn duties(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let words = normalise(&asked.q);
    let org: Option<OrgId> = asked.org.parse().ok();
    let found = atlas.categories().filter_map(|c| Some((c, atlas.own_duty(&c.code)?))).filter(|(c, d)| {
        let about = named(&atlas, c, &words) || d.basis.as_ref().is_some_and(|b| b.contains(&words));
        about && org.is_none_or(|id| d.lead == id || d.assisting.contains(&id))
    });
    let (rows, next) = view::page(found, &asked.after, |(c, _)| c.code.clone());
    let t = |key: &str| ctx.locale.t(key);
    let edit = may(&ctx, "duty.edit")?;
    let row = |(c, d): (&Category, &crate::Duty)| {
        let names: Vec<_> = d.assisting.iter().map(|id| atlas.org_name(*id)).collect();
        vec![
            Cell::code(&c.code),
            Cell::link(
                atlas.category_path(&c.code),
                if edit { format!("/admin/duties/{}", c.code) } else { String::new() },
            ),
            Cell::text(atlas.org_name(d.lead)),
            Cell::text(names.join("、")),
            Cell::text(d.section.as_deref().map(|w| section_name(&atlas, w)).unwrap_or_default()),
            Cell::text(d.basis.clone().unwrap_or_default()),
            Cell::text(&d.standard),
            Cell::text(d.days.map(|n| n.to_string()).unwrap_or_default()),
        ]
    };
    let rows = rows.into_iter().map(row).collect();
    let mut buttons = Vec::new();
    if may(&ctx, "import.run")? {
        buttons.push(Button {
            href: "/admin/import?kind=duties".into(),
            text: t("grid-from-file"),
            icon: "upload",
            primary: false,
        });
    }
    let none = Problems::none();
    let mut orgs = vec![(String::new(), t("grid-all"))];
    let departments = atlas.orgs().filter(|o| o.kind == OrgKind::Department);
    orgs.extend(departments.map(|o| (o.id.to_string(), o.short.clone())));
    let mut filters = Fields::new(&ctx, &none);
    filters.add("q", &asked.q, Shape::Text).full().add("org", &asked.org, Shape::Choice(orgs));
    let view = List {
        intro: t("grid-duties-intro"),
        done: saved(&ctx, &asked),
        buttons,
        action: "/admin/duties",
        filters: filters.done(),
        filtered: !words.is_empty() || org.is_some(),
        heads: ["code", "category", "lead", "assist", "section", "basis", "standard", "days"]
            .map(|c| t(&format!("grid-col-{c}")))
            .to_vec(),
        rows,
        next: next
            .map(|after| {
                view::address("/admin/duties", &[("q", &asked.q), ("org", &asked.org), ("after", &after)])
            })
            .unwrap_or_default(),
        ..List::default()
    };
    view::list(&ctx, "grid-admin-duties", view)
}

fn show_duty(ctx: &Ctx, code: &str, text: &DutyText, problems: &Problems) -> WebResult {
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let t = |key: &str| ctx.locale.t(key);
    let orgs = || {
        let known = atlas.orgs().filter(|o| o.active && o.kind == OrgKind::Department);
        Shape::Suggest(known.map(|o| o.short.clone()).collect())
    };
    let mut sections: Vec<(String, String)> = vec![(String::new(), t("grid-no-section"))];
    for org in atlas.orgs().filter(|o| o.kind == OrgKind::Section) {
        let name = (org.short.clone(), org.short.clone());
        if !sections.contains(&name) {
            sections.push(name);
        }
    }
    let mut fields = Fields::new(ctx, problems);
    fields.add("lead", &text.lead, orgs()).required().hint("grid-hint-lead");
    fields.add("assist", &text.assist, orgs()).hint("grid-hint-assist").full();
    fields.add("section", &text.section, Shape::Choice(sections)).hint("grid-hint-section");
    fields.add("days", &text.days, Shape::Number).hint("grid-hint-days");
    fields.add("basis", &text.basis, Shape::Lines).hint("grid-hint-basis");
    fields.add("standard", &text.standard, Shape::Lines).hint("grid-hint-standard");
    let title = atlas.category_path(code);
    let form = view::Form {
        crumbs: vec![("/admin/duties".into(), t("grid-admin-duties")), (String::new(), title.clone())],
        intro: t("grid-duty-intro"),
        action: format!("/admin/duties/{code}"),
        back: "/admin/duties".to_owned(),
        fields: fields.done(),
        ..view::Form::default()
    };
    view::form(ctx, title, form, problems)
}

async fn open_duty(ctx: Ctx, Path(code): Path<String>) -> WebResult {
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    atlas.category(&code).ok_or(Error::NotFound)?;
    let text = atlas.own_duty(&code).map(|d| DutyText::of(d, &atlas)).unwrap_or_default();
    show_duty(&ctx, &code, &text, &Problems::none())
}

async fn save_duty(ctx: Ctx, Path(code): Path<String>, Form(text): Form<DutyText>) -> WebResult {
    let mut op = ctx.op().await?;
    let done = app::put_duty(&mut op, &code, &text).await;
    match finish(&ctx, op, done).await? {
        Ok(()) => Ok(seen("/admin/duties?done=1")),
        Err(problems) => show_duty(&ctx, &code, &text, &problems),
    }
}
