//! What a reporter can do on the tracking page: answer a question, add words, rate, reopen.

use axum::{
    extract::{Path, Request},
    response::{IntoResponse, Redirect},
};
use linli_kernel::{Actor, Error, Result, error::Check};
use linli_store::Op;
use linli_web::{Ctx, Problems, WebResult, limit::Purpose, once, upload::Upload};

use super::track;
use crate::{
    app::{self, Photo, Proof, case_of_token},
    model::Command,
    web::form,
};

/// Every word that a form of the page sends.
pub(super) const ACTS: &[&str] = &["rate", "reopen", "answer", "comment", "hide"];

/// The longest text of a reporter, in characters.
const TEXT_MAX: usize = 1000;

/// What was typed on the tracking page, to show it again.
#[derive(Default)]
pub(super) struct Said {
    /// Which form.
    pub(super) act: String,
    pub(super) text: String,
    pub(super) satisfaction: String,
}

fn command(said: &Said) -> Result<Command> {
    let mut check = Check::new();
    let text = || Some(said.text.clone()).filter(|t| !t.trim().is_empty());
    let command = match said.act.as_str() {
        "rate" => {
            let parsed = said.satisfaction.parse().ok();
            let satisfaction = check.parse("satisfaction", "resident-error-stars", parsed);
            let comment = check.optional("text", Some(&said.text), TEXT_MAX);
            satisfaction.map(|satisfaction| Command::Rate { satisfaction, comment })
        }
        "reopen" => Some(Command::Reopen { reason: check.text("text", &said.text, TEXT_MAX) }),
        "answer" => {
            check.text("text", &said.text, TEXT_MAX);
            Some(Command::ReporterAnswered { text: text() })
        }
        "comment" => Some(Command::Comment { text: check.text("text", &said.text, TEXT_MAX) }),
        "hide" => Some(Command::HideIdentity),
        _ => None,
    };
    check.done()?;
    command.ok_or_else(|| Error::field("form", "error-form-broken"))
}

async fn act(ctx: &Ctx, token: &str, key: Option<&str>, command: Command, photos: Vec<Photo>) -> Result<()> {
    let mut op = Op::begin(ctx.district.clone(), &ctx.db, Actor::Public, ctx.request.clone()).await?;
    if once::done_before(&mut op, key).await?.is_some() {
        return Ok(());
    }
    let id = case_of_token(&mut op.tx, token).await?;
    app::act(&mut op, id, command, Proof::Token(token.to_owned()), photos).await?;
    once::keep(&mut op, key, "done").await?;
    op.commit().await
}

/// Does what one of the forms of the page asks for, and shows the page again.
pub(super) async fn send(ctx: Ctx, Path(token): Path<String>, request: Request) -> WebResult {
    ctx.app.limits().check(Purpose::Track, &ctx.source)?;
    // Before the body is read: whoever has no link sends us no photos.
    let id = case_of_token(&mut ctx.read().await?, &token).await?;
    let mut upload = Upload::few(request, form::PHOTOS).await?;
    let field = |name: &str| upload.text(name).unwrap_or_default().to_owned();
    let said = Said { act: field("do"), text: field("text"), satisfaction: field("satisfaction") };
    let key = once::key(&format!("track/{id}"), &upload);
    let done = match command(&said) {
        Ok(command) => match form::photos(&ctx, &mut upload).await {
            Ok(photos) => act(&ctx, &token, key.as_deref(), command, photos).await,
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/t/{token}?done={}", said.act)).into_response()),
        Err(error) => {
            let problems = Problems::of(error, &ctx.locale)?;
            track::page(&ctx, &token, track::Around { said, problems, ..track::Around::default() }).await
        }
    }
}
