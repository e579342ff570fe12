//! What a thumb can do with a case.

use axum::{
    Form,
    extract::{Path, Request},
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use linli_grid::AtlasPort;
use linli_kernel::{Error, Result, area::AreaLevel, error::Check, params};
use linli_store::Op;
use linli_web::{Ctx, Problems, WebError, WebResult, error::status, once, upload::Upload};
use serde::Deserialize;

use super::case::{self, Around};
use crate::{
    app::{self, Photo, Proof},
    model::{CaseId, CaseState, Command, Extent, Outcome, Resolution, ReturnReason, WhistleLevel},
    web::form,
};

/// Every word that a button of the page sends.
pub(super) const ACTS: &[&str] =
    &["accept", "arrive", "resolve", "whistle", "pass", "urgent", "note", "ask", "reached", "good", "bad"];

/// The longest text, in characters.
const TEXT_MAX: usize = 2000;

/// What was typed, to show it again.
#[derive(Default)]
pub(super) struct Typed {
    pub(super) act: String,
    pub(super) text: String,
    pub(super) reply: String,
    pub(super) extent: String,
}

/// The commands behind a button, in order: from where the case stands to where the button says.
fn commands(typed: &Typed, state: CaseState, person: &str) -> Result<Vec<Command>> {
    let mut check = Check::new();
    let mut said = || check.text("text", &typed.text, TEXT_MAX);
    let mut commands = match (typed.act.as_str(), state) {
        ("accept" | "resolve", CaseState::Reported) => vec![Command::File, Command::Accept],
        ("accept", _) | ("resolve", CaseState::Filed | CaseState::Assigned | CaseState::Reopened) => {
            vec![Command::Accept]
        }
        ("good" | "bad", CaseState::Resolved) => vec![Command::StartVerification],
        _ => Vec::new(),
    };
    match typed.act.as_str() {
        "accept" => {}
        "arrive" => commands.push(Command::Arrive { plan: None }),
        "resolve" => {
            let done = said();
            let reply =
                if typed.reply.trim().is_empty() { done.clone() } else { typed.reply.trim().to_owned() };
            commands.push(Command::Resolve(Resolution {
                done,
                done_by: person.to_owned(),
                doer: None,
                extent: typed.extent.parse().unwrap_or(Extent::Solved),
                reply,
                photos: 0,
            }));
        }
        "whistle" => commands.push(Command::Blow { whistle: WhistleLevel::Joint, reason: said() }),
        "urgent" => commands.push(Command::FlagUrgent { reason: said() }),
        "note" => commands.push(Command::Note { text: said() }),
        "ask" => commands.push(Command::AskReporter { question: said() }),
        "reached" => commands.push(Command::Contact { reached: true, note: None }),
        "good" => commands.push(Command::Close { outcome: Outcome::Solved, note: None }),
        "bad" => commands.push(Command::FailVerification { note: said() }),
        _ => return Err(Error::field("form", "error-form-broken")),
    }
    check.done()?;
    Ok(commands)
}

/// 办不了: the case goes to the centre of the street, which decides who has it.
async fn pass_on(op: &mut Op, id: CaseId, note: String) -> Result<Command> {
    let area: linli_kernel::AreaCode =
        op.tx.scalar("SELECT area FROM case_file WHERE id = $1", params![id]).await?;
    let atlas = op.district.port::<AtlasPort>()?.get();
    let centre = area.at(AreaLevel::Street).and_then(|street| atlas.team(&street));
    let to = centre.ok_or_else(|| Error::internal("the street has no centre"))?;
    Ok(Command::RequestReturn { reason: ReturnReason::OtherMustLead, to, note })
}

async fn act(ctx: &Ctx, id: CaseId, typed: &Typed, key: Option<&str>, photos: Vec<Photo>) -> Result<()> {
    let mut op = ctx.op().await?;
    if once::done_before(&mut op, key).await?.is_some() {
        return Ok(());
    }
    let state: CaseState = op.tx.scalar("SELECT state FROM case_file WHERE id = $1", params![id]).await?;
    let mut commands = if typed.act == "pass" {
        let mut check = Check::new();
        let note = check.text("text", &typed.text, TEXT_MAX);
        check.done()?;
        vec![pass_on(&mut op, id, note).await?]
    } else {
        commands(typed, state, ctx.actor.name())?
    };
    // Photos belong to what was done last.
    let last = commands.pop();
    for command in commands {
        app::act(&mut op, id, command, Proof::Post, Vec::new()).await?;
    }
    if let Some(command) = last {
        app::act(&mut op, id, command, Proof::Post, photos).await?;
    }
    once::keep(&mut op, key, "done").await?;
    op.commit().await
}

/// Shows the page again with what was wrong; what a person could not see stays unseen.
async fn refused(ctx: &Ctx, id: CaseId, typed: Typed, error: Error) -> WebResult {
    let code = status(&error);
    let around = match error {
        Error::Invalid(_) => {
            Around { problems: Problems::of(error, &ctx.locale)?, typed, ..Around::default() }
        }
        Error::Conflict(key) | Error::Forbidden(key) => {
            Around { trouble: Some(ctx.locale.t(key)), typed, ..Around::default() }
        }
        other => return Err(WebError(other)),
    };
    case::page(ctx, id, around, code).await
}

/// Does what a button says.
pub(super) async fn send(ctx: Ctx, Path(id): Path<CaseId>, request: Request) -> WebResult {
    let mut upload = Upload::few(request, form::PHOTOS).await?;
    let field = |name: &str| upload.text(name).unwrap_or_default().to_owned();
    let typed =
        Typed { act: field("do"), text: field("text"), reply: field("reply"), extent: field("extent") };
    let key = once::key(&format!("work/{id}"), &upload);
    let done = match form::photos(&ctx, &mut upload).await {
        Ok(photos) => act(&ctx, id, &typed, key.as_deref(), photos).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/work/cases/{id}?done={}", typed.act)).into_response()),
        Err(error) => refused(&ctx, id, typed, error).await,
    }
}

#[derive(Deserialize)]
pub(super) struct Look {
    reason: String,
}

/// Shows the reporter's phone once; why is written down.
pub(super) async fn contact(ctx: Ctx, Path(id): Path<CaseId>, Form(look): Form<Look>) -> WebResult {
    let mut op = ctx.op().await?;
    match app::unmask(&mut op, id, &look.reason).await {
        Ok(contact) => {
            op.commit().await?;
            case::page(&ctx, id, Around { contact: Some(contact), ..Around::default() }, StatusCode::OK).await
        }
        Err(error) => refused(&ctx, id, Typed { act: "contact".to_owned(), ..Typed::default() }, error).await,
    }
}
