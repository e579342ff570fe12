//! OpenRosa: what field apps (ODK Collect) speak. Form list, form, manifest, submissions with photos.
//!
//! Apps log in by `Basic` with a field token or an interface key as password; the user name is not looked at.

use std::collections::BTreeMap;

use axum::{
    extract::{
        FromRequest, Multipart, Path, Query, Request,
        multipart::{Field, MultipartError},
    },
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use linli_access::Access as Entry;
use linli_forms::{
    Engine, Form,
    openrosa::{self, Listed},
    submission::{Submission, SubmissionError},
    xform,
};
use linli_kernel::{Actor, Error, Result};
use linli_web::{
    Access, Ctx, Route, error,
    limit::Purpose,
    upload::{FILE_LIMIT, Room},
};
use serde::Deserialize;

use super::photos;
use crate::{
    app::{self, Given, Outcome, Refused, now_of},
    model::{Photo, Source, State, SurveyId, VersionId},
    place::{self, At},
    read, store, tokens,
};

/// What one request may hold: apps send the rest in further requests of the same form.
const LENGTH: usize = 32 * 1024 * 1024;
/// The most parts of one request.
const PARTS: usize = 100;

pub(super) fn routes() -> Vec<Route> {
    // The app proves itself to the handler, which answers 401 as apps expect it.
    const APP: Access = Access::Public;
    vec![
        Route::get("/openrosa/formList", APP, form_list),
        Route::get("/openrosa/forms/{id}/{version}", APP, form),
        Route::get("/openrosa/forms/{id}/{version}/manifest", APP, manifest),
        // `HEAD` comes by here too: that is how apps ask what they may send.
        Route::get("/openrosa/submission", APP, look),
        Route::post("/openrosa/submission", APP, submit),
    ]
}

/// The headers of every answer.
fn dressed(response: impl IntoResponse) -> Response {
    let mut response = response.into_response();
    let headers = response.headers_mut();
    headers
        .insert(HeaderName::from_static("x-openrosa-version"), HeaderValue::from_static(openrosa::VERSION));
    headers.insert(HeaderName::from_static("x-openrosa-accept-content-length"), HeaderValue::from(LENGTH));
    response
}

fn xml(status: StatusCode, text: String) -> Response {
    dressed((status, [(header::CONTENT_TYPE, "text/xml; charset=utf-8")], text))
}

/// A sentence that the app shows.
fn say(ctx: &Ctx, status: StatusCode, key: &str, args: &[(&str, String)]) -> Response {
    let mut response = xml(status, openrosa::answer(&ctx.locale.t_with(key, args)));
    if status == StatusCode::UNAUTHORIZED {
        let realm = HeaderValue::from_static("Basic realm=\"linli\", charset=\"UTF-8\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, realm);
    }
    response
}

fn fail(ctx: &Ctx, error: &Error) -> Response {
    let key = match error {
        Error::Unauthorised => "survey-app-login",
        Error::Forbidden(_) => "survey-app-forbidden",
        Error::NotFound => "survey-app-no-form",
        Error::TooLarge(_) => "survey-app-too-large",
        Error::TooMany(_) => "error-too-many",
        Error::Conflict("survey-app-other") => "survey-app-other",
        Error::Conflict(_) | Error::Unavailable(_) => "error-busy",
        Error::Invalid(_) => "survey-app-broken",
        Error::Internal(_) => "error-internal",
    };
    let status = match error {
        Error::Invalid(_) => StatusCode::BAD_REQUEST,
        error => error::status(error),
    };
    say(ctx, status, key, &[])
}

/// The context with whoever proves himself in it.
async fn entered(mut ctx: Ctx, headers: &HeaderMap) -> Result<Ctx, Response> {
    if !matches!(ctx.actor, Actor::Public) {
        return Ok(ctx);
    }
    let shown = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).and_then(tokens::basic);
    let Some((_, password)) = shown else { return Err(fail(&ctx, &Error::Unauthorised)) };
    let found = async {
        let found = tokens::who(&mut ctx.read().await?, &password, ctx.now()).await?;
        if found.is_none() {
            // Only wrong ones are counted: a right one is 256 random bits, which nobody finds by trying.
            ctx.app.limits().check(Purpose::Token, &ctx.source)?;
        }
        Ok(found)
    };
    match found.await {
        Ok(Some(actor)) => {
            let access = ctx.district.port::<Entry>();
            let may = access.is_ok_and(|access| access.policy.allows_somewhere(&actor, "survey.fill"));
            ctx.actor = actor;
            if may { Ok(ctx) } else { Err(fail(&ctx, &Error::Forbidden("error-forbidden"))) }
        }
        Ok(None) => Err(fail(&ctx, &Error::Unauthorised)),
        Err(error) => Err(fail(&ctx, &error)),
    }
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(rename = "formID")]
    form: Option<String>,
}

async fn form_list(ctx: Ctx, headers: HeaderMap, Query(wanted): Query<Wanted>) -> Response {
    let ctx = match entered(ctx, &headers).await {
        Ok(ctx) => ctx,
        Err(refusal) => return refusal,
    };
    let listed = async {
        let access = ctx.district.port::<Entry>()?;
        let asked = read::asked(&mut ctx.read().await?, &access, &ctx.actor).await?;
        let forms: Vec<Listed> = asked
            .into_iter()
            .filter(|(survey, _)| wanted.form.as_ref().is_none_or(|id| *id == survey.name))
            .map(|(survey, version)| {
                let download = format!("{}/openrosa/forms/{}/{}", ctx.origin, survey.id, version.id);
                Listed {
                    manifest: Some(format!("{download}/manifest")),
                    id: survey.name,
                    name: version.title,
                    version: version.version,
                    md5: version.md5,
                    download,
                }
            })
            .collect();
        Ok::<_, Error>(openrosa::form_list(&forms))
    };
    match listed.await {
        Ok(text) => xml(StatusCode::OK, text),
        Err(error) => fail(&ctx, &error),
    }
}

async fn published(ctx: &Ctx, id: SurveyId, version: VersionId) -> Result<Form> {
    let mut conn = ctx.read().await?;
    read::survey(&mut conn, &super::scope(ctx, "survey.fill")?, id).await?;
    Ok(app::asked(&mut conn, id, version).await?.2)
}

async fn form(ctx: Ctx, headers: HeaderMap, Path((id, version)): Path<(SurveyId, VersionId)>) -> Response {
    let ctx = match entered(ctx, &headers).await {
        Ok(ctx) => ctx,
        Err(refusal) => return refusal,
    };
    match published(&ctx, id, version).await {
        Ok(form) => xml(StatusCode::OK, xform::write(&form)),
        Err(error) => fail(&ctx, &error),
    }
}

/// Our forms bring no files of their own: an empty list, as apps expect one.
async fn manifest(
    ctx: Ctx,
    headers: HeaderMap,
    Path((id, version)): Path<(SurveyId, VersionId)>,
) -> Response {
    let ctx = match entered(ctx, &headers).await {
        Ok(ctx) => ctx,
        Err(refusal) => return refusal,
    };
    match published(&ctx, id, version).await {
        Ok(_) => xml(StatusCode::OK, openrosa::manifest(&BTreeMap::new())),
        Err(error) => fail(&ctx, &error),
    }
}

async fn look(ctx: Ctx, headers: HeaderMap) -> Response {
    match entered(ctx, &headers).await {
        Ok(_) => dressed(StatusCode::NO_CONTENT),
        Err(refusal) => refusal,
    }
}

/// What an app sends: the answers, and files by name.
struct Parcel {
    xml: Vec<u8>,
    files: Vec<(String, Vec<u8>)>,
    room: Room,
}

async fn unpack(request: Request) -> Result<Parcel> {
    let broken = || Error::field("form", "error-form-broken");
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| broken())?;
    let (mut parcel, mut left) =
        (Parcel { xml: Vec::new(), files: Vec::new(), room: Room::default() }, LENGTH);
    let mut parts = 0;
    while let Some(field) = form.next_field().await.map_err(|error| told(&error))? {
        parts += 1;
        if parts > PARTS {
            return Err(Error::TooLarge("error-too-many-files"));
        }
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().map(str::to_owned);
        let bytes = bounded(field, left.min(FILE_LIMIT)).await?;
        left -= bytes.len();
        parcel.room.take(bytes.len())?;
        match (name.as_str(), file) {
            ("xml_submission_file", _) => parcel.xml = bytes,
            (_, Some(file)) if !bytes.is_empty() => parcel.files.push((decoded(&file), bytes)),
            _ => {}
        }
    }
    if parcel.xml.is_empty() { Err(broken()) } else { Ok(parcel) }
}

/// What a parcel that cannot be read is told: too large, or broken.
fn told(error: &MultipartError) -> Error {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Error::TooLarge("error-file-too-large")
    } else {
        Error::field("form", "error-form-broken")
    }
}

async fn bounded(mut field: Field<'_>, limit: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| told(&error))? {
        if bytes.len() + chunk.len() > limit {
            return Err(Error::TooLarge("error-file-too-large"));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Some apps send `%E9%97%A8.jpg` for `门.jpg`.
fn decoded(name: &str) -> String {
    if !name.contains('%') {
        return name.to_owned();
    }
    let bytes = name.as_bytes();
    let (mut out, mut n) = (Vec::new(), 0);
    while n < bytes.len() {
        let hex = name.get(n + 1..n + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[n], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                n += 3;
            }
            (byte, _) => {
                out.push(byte);
                n += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| name.to_owned())
}

async fn submit(ctx: Ctx, headers: HeaderMap, request: Request) -> Response {
    let ctx = match entered(ctx, &headers).await {
        Ok(ctx) => ctx,
        Err(refusal) => return refusal,
    };
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > LENGTH + 64 * 1024) {
        return fail(&ctx, &Error::TooLarge("error-file-too-large"));
    }
    match take(&ctx, request).await {
        Ok(Outcome::Kept(_)) => say(&ctx, StatusCode::CREATED, "survey-app-kept", &[]),
        Ok(Outcome::Known(_)) => say(&ctx, StatusCode::ACCEPTED, "survey-app-known", &[]),
        Err(Refused::Error(error)) => fail(&ctx, &error),
        Err(Refused::Faults(form, faults)) => {
            let engine = Engine::new(&form, now_of(ctx.now()), form.language(ctx.locale.language.as_str()));
            let blank = engine.start();
            let names: Vec<String> = faults
                .iter()
                .map(|fault| engine.words(&blank, &form.node(fault.node).label, fault.node, &fault.at))
                .collect();
            let named = [("fields", names.join("、"))];
            say(&ctx, StatusCode::UNPROCESSABLE_ENTITY, "survey-app-faults", &named)
        }
    }
}

async fn take(ctx: &Ctx, request: Request) -> Result<Outcome, Refused> {
    let parcel = unpack(request).await?;
    let sent = Submission::read(&parcel.xml).map_err(|error| match error {
        SubmissionError::TooMany => Error::TooLarge("error-file-too-large"),
        _ => Error::field("form", "error-form-broken"),
    })?;
    let mut conn = ctx.read().await?;
    let survey = store::by_name(&mut conn, &sent.form).await?.ok_or(Error::NotFound)?;
    let version = match store::version_called(&mut conn, survey.id, &sent.version).await? {
        Some(version) => version,
        // Without a version: the one that is asked.
        None if sent.version.is_empty() && survey.state == State::Published => {
            let current = survey.current.ok_or(Error::NotFound)?;
            store::version(&mut conn, survey.id, current).await?
        }
        None => return Err(Error::NotFound.into()),
    };
    drop(conn);
    let form = app::read_form(&version)?;
    let (answers, _) = sent.answers(&form).map_err(|_| Error::TooLarge("error-file-too-large"))?;
    let mut photos: Vec<Photo> = Vec::new();
    for (name, bytes) in parcel.files.into_iter().take(app::PHOTOS) {
        photos.push(photos::keep(&ctx.district, "photo", name, bytes).await?);
    }
    let given = Given {
        survey: survey.id,
        version: version.id,
        instance: sent.instance,
        dwelling: At::Named(place::named(&form, &answers)),
        visit: place::named_id(&form, &answers, "visit"),
        source: Source::OpenRosa,
        answers,
        photos,
    };
    let mut op = ctx.op().await?;
    let outcome = app::answer(&mut op, given).await?;
    op.commit().await?;
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn names_are_decoded() {
        assert_eq!(decoded("%E9%97%A8.jpg"), "门.jpg");
        assert_eq!(decoded("门.jpg"), "门.jpg");
        assert_eq!(decoded("100%.jpg"), "100%.jpg");
        assert_eq!(decoded("%FF.jpg"), "%FF.jpg");
    }
}
