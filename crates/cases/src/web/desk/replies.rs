//! `/admin/templates`: reply templates per category and state. Each change is in the activity log.

use askama::Template;
use axum::{
    extract::{Path, Query},
    http::StatusCode,
    response::Response,
};
use linli_kernel::{Error, Result};
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebError, WebResult};
use serde::Deserialize;

use super::{
    act::Sent,
    acts,
    forms::{Fill, Form, Group, Typed},
    lists,
    room::{Room, back_to, chrome, page, said},
};
use crate::{
    app::templates::{self, Template as Reply, TemplateId, TemplateInput},
    model::CaseState,
};

#[derive(Debug, Default, Deserialize)]
struct Asked {
    edit: Option<TemplateId>,
    done: Option<String>,
}

struct Row {
    id: TemplateId,
    title: String,
    use_for: String,
    start: String,
    current: bool,
}

#[derive(Template)]
#[template(path = "desk/replies.html")]
struct RepliesPage {
    chrome: Chrome,
    rows: Vec<Row>,
    form: Form,
    editing: bool,
    done: String,
}

fn row(ctx: &Ctx, room: &Room, reply: &Reply, current: bool) -> Row {
    let any = || ctx.locale.t("desk-template-any");
    let category = reply.category.as_deref().map_or_else(any, |c| room.atlas.category_path(c));
    let state = reply.state.map_or_else(any, |s| ctx.locale.t(&format!("desk-state-{s}")));
    Row {
        id: reply.id,
        title: reply.title.clone(),
        use_for: format!("{category} · {state}"),
        start: reply.body.chars().take(60).collect(),
        current,
    }
}

fn form(
    ctx: &Ctx,
    room: &Room,
    reply: Option<&Reply>,
    typed: Option<&Typed>,
    problems: Option<&Problems>,
) -> Form {
    let fill = Fill { locale: &ctx.locale, prefix: "reply".to_owned(), typed, problems };
    let any =
        || Group { label: String::new(), choices: vec![acts::choice("", &ctx.locale, "desk-template-any")] };
    let mut categories = lists::branches(&room.atlas);
    categories.insert(0, any());
    let states = acts::words(&ctx.locale, "state", CaseState::ALL);
    let states = vec![any(), Group { label: String::new(), choices: states }];
    let mut body = fill.lines("body", "desk-template-body");
    if typed.is_none() {
        body.value = reply.map(|r| r.body.clone()).unwrap_or_default();
    }
    let category = reply.and_then(|r| r.category.as_deref()).unwrap_or_default();
    let state = reply.and_then(|r| r.state).map_or("", CaseState::as_str);
    Form {
        id: "reply".to_owned(),
        url: reply.map_or_else(|| "/admin/templates".to_owned(), |r| format!("/admin/templates/{}", r.id)),
        title: String::new(),
        hint: String::new(),
        submit: ctx.locale.t("desk-template-save"),
        icon: "check",
        tone: "primary",
        shortcut: "",
        fields: vec![
            fill.line("title", "desk-template-title", reply.map_or("", |r| r.title.as_str())),
            fill.pick("category", "desk-template-category", categories, category),
            fill.pick("state", "desk-template-state", states, state),
            body,
        ],
        open: true,
        trouble: String::new(),
        back: String::new(),
        once: String::new(),
    }
}

async fn render(
    ctx: &Ctx,
    edit: Option<TemplateId>,
    refused: Option<(&Typed, &Problems)>,
    done: &str,
) -> WebResult {
    let mut room = Room::enter(ctx).await?;
    let all = templates::list(&mut room.conn).await?;
    let reply = edit.and_then(|id| all.iter().find(|r| r.id == id));
    if edit.is_some() && reply.is_none() {
        return Err(Error::NotFound.into());
    }
    let template = RepliesPage {
        chrome: chrome(ctx, &room, "desk-admin-templates"),
        rows: all.iter().map(|r| row(ctx, &room, r, Some(r.id) == edit)).collect(),
        form: form(ctx, &room, reply, refused.map(|r| r.0), refused.map(|r| r.1)),
        editing: reply.is_some(),
        done: said(ctx, done),
    };
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page(ctx, status, &template)
}

async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    render(&ctx, asked.edit, None, &asked.done.unwrap_or_default()).await
}

async fn save(ctx: &Ctx, id: Option<TemplateId>, typed: &Typed) -> Result<TemplateId> {
    let state = typed.some("state").map(str::parse).transpose();
    let input = TemplateInput {
        id,
        category: typed.some("category").map(str::to_owned),
        state: state.map_err(|_| Error::field("state", "desk-error-choose"))?,
        title: typed.get("title").to_owned(),
        body: typed.get("body").to_owned(),
    };
    let mut op = ctx.op().await?;
    let id = templates::save(&mut op, input).await?;
    op.commit().await?;
    Ok(id)
}

async fn saved(ctx: Ctx, id: Option<TemplateId>, typed: Typed) -> WebResult<Response> {
    match save(&ctx, id, &typed).await {
        Ok(_) => Ok(back_to("/admin/templates", "saved")),
        Err(Error::Invalid(fields)) => {
            let problems = Problems::from_fields(&fields, &ctx.locale);
            render(&ctx, id, Some((&typed, &problems)), "").await
        }
        Err(error) => Err(WebError(error)),
    }
}

async fn create(ctx: Ctx, sent: Sent) -> WebResult<Response> {
    saved(ctx, None, sent.typed).await
}

async fn change(ctx: Ctx, Path(id): Path<TemplateId>, sent: Sent) -> WebResult<Response> {
    saved(ctx, Some(id), sent.typed).await
}

async fn remove(ctx: Ctx, Path(id): Path<TemplateId>) -> WebResult<Response> {
    let mut op = ctx.op().await?;
    templates::delete(&mut op, id).await?;
    op.commit().await?;
    Ok(back_to("/admin/templates", "template_drop"))
}

pub(super) fn routes() -> Vec<Route> {
    let edit = Access::May("template.edit");
    vec![
        Route::get("/admin/templates", edit, show),
        Route::post("/admin/templates", edit, create),
        Route::post("/admin/templates/{id}", edit, change),
        Route::post("/admin/templates/{id}/drop", edit, remove),
    ]
}
