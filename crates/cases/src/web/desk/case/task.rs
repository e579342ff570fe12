//! An internal task of a case (协办任务): the reporter's thread stays one, the hands are several.

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use linli_access::Target;
use linli_kernel::Error;
use linli_web::{Ctx, WebResult};

use crate::{
    app,
    model::{Case, CaseId},
    web::desk::{
        act, acts,
        forms::{Fill, Form, Typed},
        lists,
        room::{Room, back_to},
    },
};

pub(super) fn form(ctx: &Ctx, room: &Room, case: &Case, back: &str) -> Option<Form> {
    let orgs = crate::store::orgs(case);
    let target = Target { area: &case.area, orgs: &orgs };
    let may = room.access.policy.permits(&ctx.actor, "case.task_add", &target).is_ok();
    if !may || case.state.is_over() || case.parent.is_some() {
        return None;
    }
    let fill = Fill { locale: &ctx.locale, prefix: "task".to_owned(), typed: None, problems: None };
    let mut groups = lists::orgs(&room.atlas, &ctx.locale, &case.area, &[]);
    groups.insert(0, acts::none(&ctx.locale));
    Some(Form {
        id: "act-task".to_owned(),
        url: format!("/desk/cases/{}/task", case.id),
        title: ctx.locale.t("desk-act-task"),
        hint: String::new(),
        submit: ctx.locale.t("desk-act-task-do"),
        icon: "plus",
        tone: "",
        shortcut: "",
        fields: vec![
            fill.line("title", "desk-task-title", ""),
            fill.lines("text", "desk-task-text"),
            fill.pick("lead", "desk-task-lead", groups, ""),
        ],
        open: false,
        trouble: String::new(),
        back: back.to_owned(),
        once: format!("{}-task", ctx.request),
    })
}

pub(super) async fn add(ctx: Ctx, Path(id): Path<CaseId>, form: act::Sent) -> WebResult<Response> {
    let typed: &Typed = &form.typed;
    let lead = typed.get("lead").trim().parse().map_err(|_| Error::field("lead", "desk-error-choose"))?;
    let mut op = ctx.op().await?;
    let task =
        app::NewTask { title: typed.get("title").to_owned(), text: typed.get("text").to_owned(), lead };
    app::add_task(&mut op, id, task).await?;
    op.commit().await?;
    Ok(back_to(&format!("/desk/cases/{id}"), "task").into_response())
}
