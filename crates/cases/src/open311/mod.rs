//! Open311 GeoReport v2: existing clients of other cities report here and follow what they reported.

pub mod format;
mod post;
pub mod requests;
pub mod services;

use std::sync::Arc;

use axum::{
    Form,
    extract::{FromRequest, Path, Query, Request},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use linli_grid::{Atlas, AtlasPort};
use linli_kernel::Error;
use linli_store::Blobs;
use linli_web::{Access, Ctx, Route, WebError, WebResult, upload::Upload};
use uuid::Uuid;

use format::{Fault, Fields, Format, Node, answer};
use post::Stop;
use requests::Wish;
use services::Settings;

/// When this interface was last changed.
const CHANGESET: &str = "2026-11-23T00:00:00+08:00";

type Pairs = Result<Query<Vec<(String, String)>>, axum::extract::rejection::QueryRejection>;

/// What every call needs.
struct Call {
    ctx: Ctx,
    fields: Fields,
    format: Format,
    atlas: Arc<Atlas>,
}

impl Call {
    fn new(ctx: Ctx, pairs: Pairs) -> WebResult<Result<Self, Response>> {
        let format = Format::of_path(&ctx.path);
        let atlas = ctx.district.port::<AtlasPort>()?.get();
        let Ok(Query(pairs)) = pairs else {
            return Ok(Err(Fault::bad("the query cannot be read").answer(format)?));
        };
        let call = Self { ctx, fields: Fields::of(pairs), format, atlas };
        Ok(match call.jurisdiction(&call.fields) {
            Ok(()) => Ok(call),
            Err(fault) => Err(fault.answer(format)?),
        })
    }

    /// One host name is one jurisdiction; who names another is told so.
    fn jurisdiction(&self, fields: &Fields) -> Result<(), Fault> {
        let district = &self.ctx.district;
        let host = self.ctx.origin.split("://").nth(1).unwrap_or_default();
        let host = host.split(':').next().unwrap_or_default();
        match fields.get("jurisdiction_id") {
            Some(id) if id != district.name && id != district.area.as_str() && id != host => {
                Err(Fault::absent(format!("jurisdiction_id {id} was not found")))
            }
            _ => Ok(()),
        }
    }

    async fn settings(&self) -> WebResult<Settings> {
        Ok(services::settings(&mut self.ctx.read().await?).await?)
    }

    fn say(&self, root: &str, node: Result<Node, Fault>) -> WebResult {
        Ok(match node {
            Ok(node) => answer(StatusCode::OK, self.format, root, &node)?,
            Err(fault) => fault.answer(self.format)?,
        })
    }
}

macro_rules! call {
    ($ctx:ident, $pairs:ident) => {
        match Call::new($ctx, $pairs)? {
            Ok(call) => call,
            Err(response) => return Ok(response),
        }
    };
}

async fn discovery(ctx: Ctx, pairs: Pairs) -> WebResult {
    let call = call!(ctx, pairs);
    let endpoint = |path: &str, kind: &str| {
        Node::Map(vec![
            ("specification", "http://wiki.open311.org/GeoReport_v2".into()),
            ("url", format!("{}{path}", call.ctx.origin).into()),
            ("changeset", CHANGESET.into()),
            ("type", kind.into()),
            ("formats", Node::List("format", vec!["text/xml".into(), "application/json".into()])),
        ])
    };
    let node = Node::Map(vec![
        ("changeset", CHANGESET.into()),
        ("contact", call.ctx.locale.t("open311-contact").into()),
        ("key_service", call.ctx.locale.t("open311-key-service").into()),
        (
            "endpoints",
            Node::List(
                "endpoint",
                vec![endpoint("/open311/v2", "production"), endpoint("/open311/test/v2", "test")],
            ),
        ),
    ]);
    call.say("discovery", Ok(node))
}

async fn list_services(ctx: Ctx, pairs: Pairs) -> WebResult {
    let call = call!(ctx, pairs);
    let settings = call.settings().await?;
    call.say("services", Ok(services::list(&call.atlas, &settings)))
}

/// The last part of an address, without its ending.
fn named(file: &str) -> Result<String, Fault> {
    Format::split(file)
        .map(|(name, _)| name.to_owned())
        .ok_or_else(|| Fault::absent("the format is xml or json"))
}

async fn definition(ctx: Ctx, Path(file): Path<String>, pairs: Pairs) -> WebResult {
    let call = call!(ctx, pairs);
    let settings = call.settings().await?;
    let node = named(&file).and_then(|code| {
        services::find(&call.atlas, &code).map(|service| services::definition(&service.code, &settings))
    });
    call.say("service_definition", node)
}

async fn found(call: &Call, wish: Wish) -> WebResult<Vec<Node>> {
    let settings = call.settings().await?;
    let mut conn = call.ctx.read().await?;
    let (locale, origin) = (&call.ctx.locale, &call.ctx.origin);
    Ok(requests::list(&mut conn, wish, &call.atlas, &settings, locale, origin).await?)
}

async fn list_requests(ctx: Ctx, pairs: Pairs) -> WebResult {
    let call = call!(ctx, pairs);
    let node = match Wish::read(&call.fields, &call.atlas, call.ctx.now()) {
        Ok(wish) => Ok(Node::List("request", found(&call, wish).await?)),
        Err(fault) => Err(fault),
    };
    call.say("service_requests", node)
}

async fn one_request(ctx: Ctx, Path(file): Path<String>, pairs: Pairs) -> WebResult {
    let call = call!(ctx, pairs);
    let node = match named(&file) {
        Err(fault) => Err(fault),
        Ok(number) => {
            let rows = found(&call, Wish::one(&number)).await?;
            let absent = || Fault::absent(format!("service_request_id {number} was not found"));
            if rows.is_empty() { Err(absent()) } else { Ok(Node::List("request", rows)) }
        }
    };
    call.say("service_requests", node)
}

async fn token(ctx: Ctx, Path(file): Path<String>, pairs: Pairs) -> WebResult {
    let call = call!(ctx, pairs);
    let node = match named(&file) {
        Err(fault) => Err(fault),
        Ok(token) => match requests::by_token(&mut call.ctx.read().await?, &token).await? {
            None => Err(Fault::absent("the token was not found")),
            Some(number) => {
                let pair = vec![("service_request_id", number.into()), ("token", token.into())];
                Ok(Node::List("request", vec![Node::Map(pair)]))
            }
        },
    };
    call.say("service_requests", node)
}

async fn post_request(ctx: Ctx, pairs: Pairs, request: Request) -> WebResult {
    let mut call = call!(ctx, pairs);
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let read = if kind.starts_with("multipart/form-data") {
        Upload::from_request(request, &()).await.map(|upload| (upload.fields, upload.files)).map_err(|e| e.0)
    } else {
        let pairs = Form::<Vec<(String, String)>>::from_request(request, &()).await;
        pairs
            .map(|Form(pairs)| (Fields::of(pairs).0, Vec::new()))
            .map_err(|_| Error::field("form", "error-form-broken"))
    };
    let (sent, files) = match read {
        Ok(read) => read,
        Err(error) => return stopped(&call, Stop::Error(error)),
    };
    for (name, values) in sent {
        call.fields.0.insert(name, values);
    }
    if let Err(fault) = call.jurisdiction(&call.fields) {
        return Ok(fault.answer(call.format)?);
    }
    let settings = call.settings().await?;
    match post::take(&call.ctx, &call.fields, files, &call.atlas, &settings).await {
        Ok(node) => call.say("service_requests", Ok(node)),
        Err(stop) => stopped(&call, stop),
    }
}

/// Why nothing was taken in, in this interface's own form; what is our fault is told by the house.
fn stopped(call: &Call, stop: Stop) -> WebResult {
    let fault = match stop {
        Stop::Fault(fault) => fault,
        Stop::Error(Error::Invalid(wrong)) => {
            Fault::bad(wrong.iter().map(|w| call.ctx.locale.field_error(w)).collect::<Vec<_>>().join("; "))
        }
        Stop::Error(Error::TooLarge(key)) => Fault::bad(call.ctx.locale.t(key)),
        Stop::Error(Error::TooMany(wait)) => Fault {
            status: StatusCode::TOO_MANY_REQUESTS,
            description: call.ctx.locale.t_with("error-too-many", &[("seconds", wait.to_string())]),
        },
        Stop::Error(error) => return Err(WebError(error)),
    };
    Ok(fault.answer(call.format)?)
}

async fn media(ctx: Ctx, Path(photo): Path<Uuid>) -> WebResult {
    let mut conn = ctx.read().await?;
    let settings = services::settings(&mut conn).await?;
    let blob = requests::media(&mut conn, photo, &settings).await?;
    let mut response = ctx.district.port::<Blobs>()?.get(&blob).await?.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
    Ok(response)
}

pub(crate) fn routes() -> Vec<Route> {
    let mut routes = vec![Route::get("/open311/media/{photo}", Access::Public, media)];
    // The test endpoint answers like the real one, but takes nothing in.
    routes.extend([
        Route::get("/open311/discovery.xml", Access::Public, discovery),
        Route::get("/open311/discovery.json", Access::Public, discovery),
        Route::get("/open311/v2/services.xml", Access::Public, list_services),
        Route::get("/open311/v2/services.json", Access::Public, list_services),
        Route::get("/open311/v2/services/{file}", Access::Public, definition),
        Route::get("/open311/v2/requests.xml", Access::Public, list_requests),
        Route::get("/open311/v2/requests.json", Access::Public, list_requests),
        Route::post("/open311/v2/requests.xml", Access::Public, post_request),
        Route::post("/open311/v2/requests.json", Access::Public, post_request),
        Route::get("/open311/v2/requests/{file}", Access::Public, one_request),
        Route::get("/open311/v2/tokens/{file}", Access::Public, token),
        Route::get("/open311/test/v2/services.xml", Access::Public, list_services),
        Route::get("/open311/test/v2/services.json", Access::Public, list_services),
        Route::get("/open311/test/v2/services/{file}", Access::Public, definition),
        Route::get("/open311/test/v2/requests.xml", Access::Public, list_requests),
        Route::get("/open311/test/v2/requests.json", Access::Public, list_requests),
        Route::get("/open311/test/v2/requests/{file}", Access::Public, one_request),
        Route::get("/open311/test/v2/tokens/{file}", Access::Public, token),
    ]);
    routes
}
