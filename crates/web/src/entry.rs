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
    let of_district = app.of(&district);
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
        app: of_district,
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
    let too_large = if is_form(request.headers()) { "error-file-too-large" } else { "error-body-too-large" };

    let mut response = if origin::foreign(&method, request.headers(), &ctx.origin) {
        error::render(&ctx, &Error::Forbidden("error-foreign-origin"), json)
    } else if let Some(mut request) = bounded(request) {
        request.extensions_mut().insert(ctx.clone());
        next.run(request).await
    } else {
        error::render(&ctx, &Error::TooLarge(too_large), json)
    };
    let mut told = response.extensions_mut().remove::<Arc<Error>>();
    if told.is_none() && response.status().is_client_error() {
        let (refusal, rest) = rejection(response).await;
        response = rest;
        told = refusal.map(Arc::new);
    }
    if let Some(error) = told {
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

/// How the framework begins what it says, in English and to nobody in particular, when it cannot read the request …
/// … of an address: there is no such page.
const OF_ADDRESS: [&str; 2] = ["Invalid URL: ", "Failed to deserialize query string"];
/// … of a body: it did not arrive as a form of ours sends it.
const OF_BODY: [&str; 6] = [
    "Failed to deserialize form",
    "Failed to deserialize the JSON body",
    "Failed to parse the request body as JSON",
    "Invalid `boundary` for `multipart/form-data` request",
    "Error parsing `multipart/form-data` request",
    "Request body didn't contain valid UTF-8",
];
/// The longest answer that is read for one of these.
const REJECTION: u64 = 16 * 1024;

/// What a refusal of the framework means in the house's words, and the answer as it was. Plain text of our own stays.
async fn rejection(response: Response) -> (Option<Error>, Response) {
    use axum::body::HttpBody;
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let short = response.body().size_hint().exact().is_some_and(|length| length <= REJECTION);
    if !kind.starts_with("text/plain") || !short {
        return (None, response);
    }
    let (head, body) = response.into_parts();
    let Ok(text) = axum::body::to_bytes(body, usize::MAX).await else {
        return (None, Response::from_parts(head, Body::empty()));
    };
    let begins = |words: &[&str]| words.iter().any(|word| text.starts_with(word.as_bytes()));
    let error = if begins(&OF_ADDRESS) {
        Some(Error::NotFound)
    } else if begins(&OF_BODY) {
        Some(Error::field("form", "error-form-broken"))
    } else {
        None
    };
    (error, Response::from_parts(head, Body::from(text)))
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

/// A form with files.
fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("multipart/form-data"))
}

/// The request with a body that ends at the limit of its kind; none if it says itself that it is larger.
fn bounded(request: Request) -> Option<Request> {
    let limit = if is_form(request.headers()) { FORM_LIMIT } else { BODY_LIMIT };
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok());
    let claimed = length.and_then(|length| length.parse::<usize>().ok());
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

#[cfg(test)]
mod tests {
    use axum::{
        Form, Router,
        extract::{Path, Query},
        routing::{get, post},
    };
    use serde::Deserialize;
    use tower::ServiceExt as _;

    use super::*;

    #[derive(Deserialize)]
    struct Wish {
        #[expect(dead_code, reason = "only read")]
        size: u8,
    }

    async fn answer(method: &str, path: &str, body: &'static str) -> (Option<Error>, Response) {
        let routes = Router::new()
            .route("/n/{id}", get(async |Path(id): Path<u8>| id.to_string()))
            .route("/q", get(async |Query(_): Query<Wish>| "read"))
            .route("/x", get(async |_: axum_extra::extract::Query<Wish>| "read"))
            .route("/f", post(async |Form(_): Form<Wish>| "read"))
            .route("/e", post(async |_: axum_extra::extract::Form<Wish>| "read"))
            .route("/own", get(async || (StatusCode::BAD_REQUEST, "the house's own words")));
        let kind = "application/x-www-form-urlencoded";
        let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, kind);
        rejection(routes.oneshot(request.body(Body::from(body)).unwrap()).await.unwrap()).await
    }

    /// The framework's words may change with its version; this fails then.
    #[tokio::test]
    async fn a_refusal_of_the_framework_is_told_in_the_houses_words() {
        for path in ["/n/zzz", "/q?size=zzz", "/x?size=zzz", "/q"] {
            let (error, _) = answer("GET", path, "").await;
            assert!(matches!(error, Some(Error::NotFound)), "{path}: {error:?}");
        }
        for path in ["/f", "/e"] {
            let (error, _) = answer("POST", path, "size=zzz").await;
            let Some(Error::Invalid(fields)) = error else { panic!("{path}: {error:?}") };
            assert_eq!((fields[0].field.as_str(), fields[0].key.as_str()), ("form", "error-form-broken"));
        }
    }

    #[test]
    fn the_limit_goes_by_the_kind_of_request() {
        let of = |kind: &str, length: usize| {
            let request = Request::builder().header(header::CONTENT_TYPE, kind);
            bounded(request.header(header::CONTENT_LENGTH, length).body(Body::empty()).unwrap()).is_some()
        };
        assert!(of("application/json", BODY_LIMIT) && !of("application/json", BODY_LIMIT + 1));
        assert!(of("multipart/form-data; boundary=x", BODY_LIMIT + 1));
        // The sentence for it says the number.
        assert_eq!(BODY_LIMIT, 8 * 1024 * 1024);
    }

    #[tokio::test]
    async fn plain_text_of_our_own_stays() {
        let (error, response) = answer("GET", "/own", "").await;
        assert!(error.is_none());
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        let body = axum::body::to_bytes(response.into_body(), 100).await.unwrap();
        assert_eq!(&body[..], b"the house's own words");
        let (error, _) = answer("GET", "/n/7", "").await;
        assert!(error.is_none());
    }
}
