//! Errors on their way out: a page in the person's language, or problem+json (RFC 9457) for interfaces.

use std::sync::Arc;

use askama::Template;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use linli_kernel::{Error, FieldError};
use serde_json::json;

use crate::{Chrome, Ctx, Locale};

/// What handlers answer when they cannot; [`crate::entry`] gives it its final form.
#[derive(Debug)]
pub struct WebError(pub Error);

/// The result of a handler.
pub type WebResult<T = Response> = Result<T, WebError>;

impl From<Error> for WebError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        let mut response = status(&self.0).into_response();
        response.extensions_mut().insert(Arc::new(self.0));
        response
    }
}

/// The HTTP status of an error.
pub fn status(error: &Error) -> StatusCode {
    match error {
        Error::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::Unauthorised => StatusCode::UNAUTHORIZED,
        Error::Forbidden(_) => StatusCode::FORBIDDEN,
        Error::NotFound => StatusCode::NOT_FOUND,
        Error::Conflict(_) => StatusCode::CONFLICT,
        Error::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Error::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
        Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The locale key of the sentence that says what happened and what to do.
fn key(error: &Error) -> &'static str {
    match error {
        Error::Invalid(_) => "error-invalid",
        Error::Unauthorised => "error-unauthorised",
        Error::NotFound => "error-not-found",
        Error::TooMany(_) => "error-too-many",
        Error::Internal(_) => "error-internal",
        Error::Forbidden(key) | Error::Conflict(key) | Error::TooLarge(key) | Error::Unavailable(key) => key,
    }
}

/// What happened, in the person's words; of wrong fields each.
pub fn words(error: &Error, locale: &Locale) -> String {
    match error {
        Error::Invalid(fields) => fields
            .iter()
            .map(|f| format!("{}: {}", f.field, locale.field_error(f)))
            .collect::<Vec<_>>()
            .join("; "),
        Error::TooMany(seconds) => locale.t_with(key(error), &[("seconds", seconds.to_string())]),
        other => locale.t(key(other)),
    }
}

/// The picture beside the sentence.
fn icon(error: &Error) -> &'static str {
    match error {
        Error::NotFound => "search",
        Error::Unauthorised | Error::Forbidden(_) => "lock",
        Error::TooMany(_) | Error::Unavailable(_) => "clock",
        _ => "alert",
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    chrome: Chrome,
    status: u16,
    icon: &'static str,
    sentence: String,
    fields: Vec<(String, String)>,
    request: String,
}

/// Whether the caller is a program rather than a person.
pub fn wants_json(path: &str, accept: Option<&HeaderValue>) -> bool {
    let accept = accept.and_then(|v| v.to_str().ok()).unwrap_or_default();
    path.starts_with("/api/") || (accept.contains("json") && !accept.contains("text/html"))
}

/// A refusal of the framework: a wrong method, a body of a kind that is not taken.
pub(crate) fn plain(code: StatusCode, allow: Option<HeaderValue>) -> Response {
    let title = code.canonical_reason().unwrap_or("refused").to_lowercase();
    let problem = json!({ "type": "/problems/error-http", "title": title, "status": code.as_u16() });
    let mut response = (code, Json(problem)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(allow) = allow {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

/// After so many seconds somebody whom we had no room for may try again.
const BUSY_SECONDS: u64 = 30;

/// The final form of an error.
pub(crate) fn render(ctx: &Ctx, error: &Error, json: bool) -> Response {
    if let Error::Internal(cause) = error {
        tracing::error!(request = %ctx.request, path = %ctx.path.split('?').next().unwrap_or_default(), error = %cause, "request failed");
    }
    let code = status(error);
    let wait = match error {
        Error::TooMany(seconds) => *seconds,
        Error::Unavailable(_) => BUSY_SECONDS,
        _ => 0,
    };
    let sentence = ctx.locale.t_with(key(error), &[("seconds", wait.to_string())]);
    let none: Vec<FieldError> = Vec::new();
    let fields = if let Error::Invalid(fields) = error { fields } else { &none };
    let mut response = if json {
        let errors: Vec<_> = fields
            .iter()
            .map(|f| json!({ "field": f.field, "code": f.key, "message": ctx.locale.field_error(f) }))
            .collect();
        let mut problem = json!({
            "type": format!("/problems/{}", key(error)), "title": sentence, "status": code.as_u16(), "instance": ctx.request,
        });
        if !errors.is_empty() {
            problem["errors"] = errors.into();
        }
        let mut response = (code, Json(problem)).into_response();
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    } else {
        let page = ErrorPage {
            chrome: Chrome::new(ctx, sentence.clone()),
            status: code.as_u16(),
            icon: icon(error),
            fields: fields.iter().map(|f| (f.field.clone(), ctx.locale.field_error(f))).collect(),
            sentence,
            request: ctx.request.clone(),
        };
        match page.render() {
            Ok(html) => (code, Html(html)).into_response(),
            Err(error) => {
                tracing::error!(%error, "the error page itself failed");
                code.into_response()
            }
        }
    };
    if wait > 0 {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
    }
    response
}
