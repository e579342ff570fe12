//! Open311 GeoReport v2: existing clients of other cities report here and follow what they reported.

pub mod format;
mod personal;
mod post;
pub mod requests;
pub mod services;

use std::sync::Arc;

use axum::{
    Form,
    extract::{FromRequest, Path, Query, Request},
    http::{HeaderValue, StatusCode, header},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use linli_grid::{Atlas, AtlasPort};
use linli_kernel::{AreaCode, Error};
use linli_store::Blobs;
use linli_web::{Access, Ctx, Route, WebError, WebResult, upload::Upload};
use uuid::Uuid;

use format::{Fault, Fields, Format, Node, answer};
use post::Stop;
use requests::Wish;
use services::Settings;

/// Where a client tries itself out: all is answered as in earnest, and nothing is taken in.
const TEST: &str = "/open311/test/";

/// When this interface was last changed.
const CHANGESET: &str = "2026-11-23T00:00:00+08:00";

type Pairs = Result<Query<Vec<(String, String)>>, axum::extract::rejection::QueryRejection>;

/// What every call needs.
struct Call {
    ctx: Ctx,
    fields: Fields,
    format: Format,
    atlas: Arc<Atlas>,
    settings: Settings,
    /// The jurisdiction's area, where this address serves several.
    place: Option<AreaCode>,
}

impl Call {
    async fn new(ctx: Ctx, pairs: Pairs) -> WebResult<Result<Self, Response>> {
        let format = Format::of_path(&ctx.path);
        let atlas = ctx.district.port::<AtlasPort>()?.get();
        let Ok(Query(pairs)) = pairs else {
            return Ok(Err(Fault::bad("the query cannot be read").answer(format)?));
        };
        let settings = services::settings(&mut ctx.read().await?).await?;
        Ok(Ok(Self { ctx, fields: Fields::of(pairs), format, atlas, settings, place: None }))
    }

    /// One host name is one jurisdiction unless the settings name several; then each call says which.
    fn enter(&mut self) -> Result<(), Fault> {
        let served = &self.settings.jurisdictions;
        match self.fields.get("jurisdiction_id") {
            None if served.is_empty() => {}
            None => return Err(Fault::bad("jurisdiction_id is missing")),
            Some(id) => match served.iter().find(|j| j.id == id) {
                Some(found) => self.place = Some(found.area.clone()),
                None if served.is_empty() && self.is_own(id) => {}
                None => return Err(Fault::absent(format!("jurisdiction_id {id} was not found"))),
            },
        }
        Ok(())
    }

    fn is_own(&self, id: &str) -> bool {
        let district = &self.ctx.district;
        let host = self.ctx.origin.split("://").nth(1).unwrap_or_default();
        let host = host.split(':').next().unwrap_or_default();
        id == district.name || id == district.area.as_str() || id == host
    }

    fn say(&self, root: &str, node: Result<Node, Fault>) -> WebResult {
        Ok(match node {
            Ok(node) => answer(StatusCode::OK, self.format, root, &node)?,
            Err(fault) => fault.answer(self.format)?,
        })
    }
}

/// A call that says where it is meant for.
macro_rules! call {
    ($ctx:ident, $pairs:ident) => {{
        let mut call = match Call::new($ctx, $pairs).await? {
            Ok(call) => call,
            Err(response) => return Ok(response),
        };
        if let Err(fault) = call.enter() {
            return Ok(fault.answer(call.format)?);
        }
        call
    }};
}

async fn discovery(ctx: Ctx) -> WebResult {
    let format = Format::of_path(&ctx.path);
    let endpoint = |path: &str, kind: &str| {
        Node::Map(vec![
            ("specification", "http://wiki.open311.org/GeoReport_v2".into()),
            ("url", format!("{}{path}", ctx.origin).into()),
            ("changeset", CHANGESET.into()),
            ("type", kind.into()),
            ("formats", Node::List("format", vec!["text/xml".into(), "application/json".into()])),
        ])
    };
    let node = Node::Map(vec![
        ("changeset", CHANGESET.into()),
        ("contact", ctx.locale.t("open311-contact").into()),
        ("key_service", ctx.locale.t("open311-key-service").into()),
        (
            "endpoints",
            Node::List(
                "endpoint",
                vec![endpoint("/open311/v2", "production"), endpoint("/open311/test/v2", "test")],
            ),
        ),
    ]);
    Ok(answer(StatusCode::OK, format, "discovery", &node)?)
}

async fn list_services(ctx: Ctx, pairs: Pairs) -> WebResult {
    let call = call!(ctx, pairs);
    call.say("services", Ok(services::list(&call.atlas, &call.settings)))
}

/// The last part of an address, without its ending.
fn named(file: &str) -> Result<String, Fault> {
    Format::split(file)
        .map(|(name, _)| name.to_owned())
        .ok_or_else(|| Fault::absent("the format is xml or json"))
}

async fn definition(ctx: Ctx, Path(file): Path<String>, pairs: Pairs) -> WebResult {
    let call = call!(ctx, pairs);
    let node = named(&file).and_then(|code| {
        services::find(&call.atlas, &code).map(|service| services::definition(&service.code, &call.settings))
    });
    call.say("service_definition", node)
}

async fn found(call: &Call, wish: Wish) -> WebResult<Vec<Node>> {
    let mut conn = call.ctx.read().await?;
    let access = call.ctx.district.port::<linli_access::Access>()?;
    let around = requests::Around {
        access: &access,
        atlas: &call.atlas,
        settings: &call.settings,
        locale: &call.ctx.locale,
        origin: &call.ctx.origin,
    };
    Ok(requests::list(&mut conn, wish, &around).await?)
}

async fn list_requests(ctx: Ctx, pairs: Pairs) -> WebResult {
    let call = call!(ctx, pairs);
    let node = match Wish::read(&call.fields, &call.atlas, call.place.as_ref(), call.ctx.now()) {
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
            let rows = found(&call, Wish::one(&number, call.place.as_ref())).await?;
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
        Ok(token) => {
            match requests::by_token(&mut call.ctx.read().await?, &token, call.place.as_ref()).await? {
                None => Err(Fault::absent("the token was not found")),
                Some(number) => {
                    let pair = vec![("service_request_id", number.into()), ("token", token.into())];
                    Ok(Node::List("request", vec![Node::Map(pair)]))
                }
            }
        }
    };
    call.say("service_requests", node)
}

async fn post_request(ctx: Ctx, pairs: Pairs, request: Request) -> WebResult {
    let test = ctx.path.starts_with(TEST);
    let mut call = match Call::new(ctx, pairs).await? {
        Ok(call) => call,
        Err(response) => return Ok(response),
    };
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    // The form stays until the end: it holds what its files take of the memory for uploads.
    let (sent, files, _form) = if kind.starts_with("multipart/form-data") {
        let mut form = Upload::from_request(request, &()).await?;
        (std::mem::take(&mut form.fields), std::mem::take(&mut form.files), Some(form))
    } else {
        let pairs = Form::<Vec<(String, String)>>::from_request(request, &()).await;
        let Form(pairs) = pairs.map_err(|_| Error::field("form", "error-form-broken"))?;
        (Fields::of(pairs).0, Vec::new(), None)
    };
    for (name, values) in sent {
        call.fields.0.insert(name, values);
    }
    if let Err(fault) = call.enter() {
        return Ok(fault.answer(call.format)?);
    }
    let world = (call.atlas.as_ref(), &call.settings, call.place.as_ref());
    match post::take(&call.ctx, &call.fields, files, world, test).await {
        Ok(node) => call.say("service_requests", Ok(node)),
        Err(Stop::Fault(fault)) => call.say("service_requests", Err(fault)),
        Err(Stop::Error(error)) => Err(WebError(error)),
    }
}

/// Gives every refusal this interface's form, also those of the house and of the framework.
async fn in_its_form(request: Request, next: Next) -> Response {
    let ctx = request.extensions().get::<Ctx>().cloned();
    let mut response = next.run(request).await;
    let Some(ctx) = ctx else { return response };
    let format = Format::of_path(&ctx.path);
    let fault = if let Some(error) = response.extensions_mut().remove::<Arc<Error>>() {
        if let Error::Internal(cause) = &*error {
            tracing::error!(request = %ctx.request, error = %cause, "request failed");
        }
        Fault::of(&error, &ctx.locale)
    } else if response.status().is_client_error() && !is_ours(&response) {
        Fault::bad("the call cannot be read")
    } else {
        return response;
    };
    fault.answer(format).unwrap_or_else(|error| WebError(error).into_response())
}

fn is_ours(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    matches!(kind, "text/xml; charset=utf-8" | "application/json; charset=utf-8")
}

/// What there is no call for.
async fn unknown(ctx: Ctx) -> WebResult {
    Ok(Fault::absent("there is no such call").answer(Format::of_path(&ctx.path))?)
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
        Route::post("/open311/test/v2/requests.xml", Access::Public, post_request),
        Route::post("/open311/test/v2/requests.json", Access::Public, post_request),
        Route::get("/open311/test/v2/requests/{file}", Access::Public, one_request),
        Route::get("/open311/test/v2/tokens/{file}", Access::Public, token),
        Route::get("/open311/{*rest}", Access::Public, unknown),
    ]);
    let formed = |route: Route| Route { handler: route.handler.layer(from_fn(in_its_form)), ..route };
    routes.into_iter().map(formed).collect()
}
