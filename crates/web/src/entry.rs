//! The outermost layer: makes the request's context, gives answers their headers and errors their form.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use axum::{
    body::Body,
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http_body_util::Limited;
use linli_kernel::{Actor, Error};
use linli_store::District;

use crate::{
    App, Ctx, error, health, origin,
    prefs::Prefs,
    upload::{BODY_LIMIT, FORM_LIMIT},
};

fn host(headers: &HeaderMap) -> &str {
    headers.get(header::HOST).and_then(|v| v.to_str().ok()).unwrap_or_default()
}

/// The address for limits: the peer, or what our own reverse proxy says of it.
fn source(request: &Request) -> String {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip());
    let forwarded = request
        .headers()
        .get("x-forwarded-for")
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.rsplit(',').next());
    match (peer, forwarded) {
        (Some(peer), Some(told)) if peer.is_loopback() => told.trim().to_owned(),
        (Some(peer), _) => peer.to_string(),
        (None, _) => "local".to_owned(),
    }
}

fn context(app: &App, district: Arc<District>, request: &Request) -> Ctx {
    let now = district.clock.now();
    let headers = request.headers();
    let prefs = Prefs::of(headers);
    let https = headers.get("x-forwarded-proto").is_some_and(|v| v == "https");
    Ctx {
        db: district.db.metered(),
        actor: Actor::Public,
        locale: app.catalog().locale(prefs.language).at(now),
        prefs,
        request: district.ids.uuid(now).simple().to_string(),
        origin: format!("{}://{}", if https { "https" } else { "http" }, host(headers)),
        path: request.uri().path_and_query().map_or("/", |p| p.as_str()).to_owned(),
        source: source(request),
        district,
        app: app.clone(),
    }
}

/// The layer. Wire it outside everything else.
pub async fn entry(State(app): State<App>, request: Request, next: Next) -> Response {
    let named = app.district(host(request.headers()));
    // Who watches the process asks by its address, whatever the districts are called.
    let watched = || app.districts().first().filter(|_| health::is_watch(request.uri().path())).cloned();
    let Some(district) = named.or_else(watched) else {
        return (StatusCode::NOT_FOUND, "no district answers for this host name").into_response();
    };
    let ctx = context(&app, district, &request);
    let json = error::wants_json(request.uri().path(), request.headers().get(header::ACCEPT));
    let route =
        request.extensions().get::<MatchedPath>().map_or("none".to_owned(), |p| p.as_str().to_owned());
    let method = request.method().clone();
    let began = Instant::now();

    let mut response = if origin::foreign(&method, request.headers(), &ctx.origin) {
        error::render(&ctx, &Error::Forbidden("error-foreign-origin"), json)
    } else if let Some(mut request) = bounded(request) {
        request.extensions_mut().insert(ctx.clone());
        next.run(request).await
    } else {
        error::render(&ctx, &Error::TooLarge("error-file-too-large"), json)
    };
    if let Some(error) = response.extensions_mut().remove::<Arc<Error>>() {
        let formed = error::render(&ctx, &error, json);
        let (mut head, body) = formed.into_parts();
        // Cookies that the handler set (an ended session) survive the change of form.
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            head.headers.append(header::SET_COOKIE, cookie.clone());
        }
        response = Response::from_parts(head, body);
    } else if response.status() == StatusCode::NOT_FOUND
        && response.headers().get(header::CONTENT_TYPE).is_none()
    {
        response = error::render(&ctx, &Error::NotFound, json);
    } else if response.status().is_client_error() && json && !is_problem(&response) {
        response = error::plain(response.status(), response.headers().get(header::ALLOW).cloned());
    }
    finish(&ctx, &mut response);
    note(&ctx, &method, &route, response.status(), began);
    response
}

/// Whether a refusal is told as such already, or in the words of another interface (Open311).
fn is_problem(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    kind.contains("json") || kind.contains("xml") || kind.contains("html")
}

/// One line of the log and the metrics of one request. The route stands for the path: paths hold secrets
/// (tracking links) and what people search for.
fn note(ctx: &Ctx, method: &Method, route: &str, status: StatusCode, began: Instant) {
    let (took, queries) = (began.elapsed(), ctx.db.queries());
    let (district, request, method) = (ctx.district.name.as_str(), ctx.request.as_str(), verb(method));
    let (code, millis) = (status.as_u16(), u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
    if status.is_server_error() {
        tracing::warn!(district, request, method, route, status = code, millis, queries, "request failed");
    } else if health::is_watch(route) {
        tracing::debug!(district, request, method, route, status = code, millis, queries, "request");
    } else {
        tracing::info!(district, request, method, route, status = code, millis, queries, "request");
    }
    let route = route.to_owned();
    let status = code.to_string();
    metrics::counter!("http_requests_total", "method" => method, "route" => route.clone(), "status" => status).increment(1);
    metrics::histogram!("http_request_seconds", "route" => route).record(took.as_secs_f64());
}

/// The method as a label: whatever a peer invents must not become a series of its own.
fn verb(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The request with a body that ends at the limit of its kind; none if it says itself that it is larger.
fn bounded(request: Request) -> Option<Request> {
    let header = |name| request.headers().get(name).and_then(|v: &HeaderValue| v.to_str().ok());
    let form = header(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("multipart/form-data"));
    let limit = if form { FORM_LIMIT } else { BODY_LIMIT };
    let claimed = header(header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    if claimed.is_some_and(|length| length > limit) {
        return None;
    }
    Some(request.map(|body| Body::new(Limited::new(body, limit))))
}

/// Everything a page uses lies with us: no inline scripts, styles or handlers, no other hosts.
const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

fn finish(ctx: &Ctx, response: &mut Response) {
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.entry(name).or_insert(value);
        }
    };
    set(header::CONTENT_SECURITY_POLICY, POLICY.to_owned());
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned());
    set(header::REFERRER_POLICY, "same-origin".to_owned());
    set(
        HeaderName::from_static("permissions-policy"),
        "geolocation=(self), camera=(self), microphone=()".to_owned(),
    );
    set(HeaderName::from_static("x-request-id"), ctx.request.clone());
    set(header::CACHE_CONTROL, "no-store".to_owned());
    if ctx.app.development() {
        set(HeaderName::from_static("x-query-count"), ctx.db.queries().to_string());
    }
}
