//! `POST /desk/cases/{id}/act/{action}`: one form, one command. Refused forms are shown again where they
//! were sent from, with everything that was typed.

use axum::{
    extract::{FromRequest, Multipart, Path, Request},
    http::header,
    response::Response,
};
use linli_kernel::{Error, Result, hex};
use linli_store::idempotency::{self, Claim};
use linli_web::{
    Access, Ctx, Problems, Route, WebError, WebResult,
    prefs::local,
    upload::{self, FILE_LIMIT, File, Upload},
};
use sha2::{Digest, Sha256};

use super::{
    case, commands, followups,
    forms::Typed,
    returns,
    room::{Beside, Room, back_to},
    triage,
};
use crate::{
    app::{self, Photo, Proof},
    model::{Action, CaseId},
    read,
};

/// A posted form, with or without files.
pub(super) struct Sent {
    pub(super) typed: Typed,
    pub(super) files: Vec<File>,
    /// Holds what the files take of the memory for uploads.
    _upload: Option<Upload>,
}

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = WebError;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let broken = || WebError(Error::field("form", "error-form-broken"));
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
        if kind.is_some_and(|k| k.starts_with("multipart/")) {
            let form = Multipart::from_request(request, state).await.map_err(|_| broken())?;
            let mut upload = Upload::read(form, FILE_LIMIT).await?;
            let (fields, files) = (std::mem::take(&mut upload.fields), std::mem::take(&mut upload.files));
            return Ok(Self { typed: Typed::new(fields), files, _upload: Some(upload) });
        }
        let pairs = axum::Form::<Vec<(String, String)>>::from_request(request, state).await;
        let mut fields: std::collections::BTreeMap<String, Vec<String>> = std::collections::BTreeMap::new();
        for (name, value) in pairs.map_err(|_| broken())?.0 {
            fields.entry(name).or_default().push(value);
        }
        Ok(Self { typed: Typed::new(fields), files: Vec::new(), _upload: None })
    }
}

/// What was sent, in one hash: the same key with other words is another request.
pub(super) fn fingerprint(path: &str, typed: &Typed) -> String {
    let mut hash = Sha256::new();
    hash.update(path.as_bytes());
    for (name, value) in typed.pairs() {
        hash.update(b"\0");
        hash.update(name.as_bytes());
        hash.update(b"=");
        hash.update(value.as_bytes());
    }
    hex(hash.finalize())
}

/// Claims the form's key for this person; `true` if the same form has been done before.
pub(super) async fn repeated(
    ctx: &Ctx,
    op: &mut linli_store::Op,
    typed: &Typed,
) -> Result<(bool, Option<String>)> {
    let Some(key) = typed.some("idempotency_key").filter(|k| k.len() <= 100) else {
        return Ok((false, None));
    };
    let person = ctx.actor.account().map(|id| id.to_string()).unwrap_or_default();
    let key = format!("desk:{person}:{key}");
    let claim = idempotency::claim(&mut op.tx, &key, &fingerprint(&ctx.path, typed), op.now).await?;
    Ok((matches!(claim, Claim::Done { .. }), Some(key)))
}

async fn photos(ctx: &Ctx, files: Vec<File>) -> Result<Vec<Photo>> {
    let mut kept = Vec::new();
    for file in files {
        let picture = upload::picture("photos", file.bytes).await?;
        kept.push(Photo::keep(&ctx.district, picture).await?);
    }
    Ok(kept)
}

/// The case that a merge names: by id from the list beside it, or by a number that somebody typed.
async fn named(ctx: &Ctx, action: Action, typed: &Typed) -> Result<Option<CaseId>> {
    let Some(into) = typed.some("into").filter(|_| action == Action::Merge) else { return Ok(None) };
    if let Ok(id) = into.parse() {
        return Ok(Some(id));
    }
    let mut room = Room::enter(ctx).await?;
    let scope = room.scope(ctx, "case.read");
    match read::id_by_number(&mut room.conn, &scope, into).await {
        Ok(id) => Ok(Some(id)),
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn run(ctx: &Ctx, id: CaseId, action: Action, sent: &Typed, files: Vec<File>) -> Result<()> {
    let into = named(ctx, action, sent).await?;
    let command = commands::read(action, sent, files.len(), into)?;
    let photos = photos(ctx, files).await?;
    let mut op = ctx.op().await?;
    let (again, key) = repeated(ctx, &mut op, sent).await?;
    if again {
        return Ok(());
    }
    app::act(&mut op, id, command, Proof::Post, photos).await?;
    if let Some(key) = key {
        idempotency::keep(&mut op.tx, &key, 303, "").await?;
    }
    op.commit().await
}

/// Takes a refusal apart: wrong fields, or why somebody else was faster.
pub(super) async fn refusal(
    ctx: &Ctx,
    id: CaseId,
    action: Action,
    typed: Typed,
    error: Error,
) -> WebResult<Beside> {
    let (problems, trouble) = match error {
        Error::Invalid(fields) => (Problems::from_fields(&fields, &ctx.locale), String::new()),
        Error::Conflict(key) | Error::Forbidden(key) => (Problems::none(), conflict(ctx, id, key).await?),
        other => return Err(WebError(other)),
    };
    Ok(Beside { refused: Some((action, typed, problems, trouble)), ..Beside::default() })
}

/// Why, and how things stand now.
async fn conflict(ctx: &Ctx, id: CaseId, key: &str) -> Result<String> {
    let mut room = Room::enter(ctx).await?;
    let scope = room.scope(ctx, "case.read");
    let detail = read::detail(&mut room.conn, &scope, id).await?;
    let why = ctx.locale.t(key);
    Ok(ctx.locale.t_with(
        "desk-conflict",
        &[
            ("why", why.trim_end_matches('。').to_owned()),
            ("state", ctx.locale.t(&format!("desk-state-{}", detail.row.state))),
            ("lead", room.atlas.org_name(detail.row.lead).to_owned()),
        ],
    ))
}

/// The page from which a form was sent, with what stands beside it.
pub(super) async fn again(ctx: &Ctx, id: CaseId, back: &str, beside: Beside) -> WebResult {
    let at = |base: &str| back == base || back.starts_with(&format!("{base}?"));
    if at("/desk/triage") {
        triage::render(ctx, triage::asked_in(back), Some(id), beside).await
    } else if at("/desk/returns") {
        returns::render(ctx, None, Some(id), beside).await
    } else if at("/desk/followups") {
        followups::render(ctx, None, Some(id), beside).await
    } else {
        case::render(ctx, id, beside).await
    }
}

async fn post(ctx: Ctx, Path((id, action)): Path<(CaseId, String)>, sent: Sent) -> WebResult<Response> {
    let action: Action = action.parse().map_err(|_| Error::NotFound)?;
    let back = match sent.typed.some("back") {
        Some(back) => local(Some(back)),
        None => format!("/desk/cases/{id}"),
    };
    match run(&ctx, id, action, &sent.typed, sent.files).await {
        Ok(()) => Ok(back_to(&back, action.as_str())),
        Err(error) => {
            let beside = refusal(&ctx, id, action, sent.typed, error).await?;
            again(&ctx, id, &back, beside).await
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::post("/desk/cases/{id}/act/{action}", Access::May("case.read"), post)]
}
