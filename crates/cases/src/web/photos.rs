//! The files of photos, for those who may see the case.

use axum::{
    extract::{Path, Query},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use linli_store::Blobs;
use linli_web::{Access, Ctx, Route, WebResult};
use serde::Deserialize;
use uuid::Uuid;

use crate::{model::CaseId, read};

#[derive(Deserialize)]
struct Size {
    /// Present for the small one.
    small: Option<String>,
}

pub(super) async fn file(ctx: &Ctx, blob: &str) -> WebResult {
    let bytes = ctx.district.port::<Blobs>()?.get(blob).await?;
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
    // The content never changes, and only this browser may keep it.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=86400, immutable"));
    Ok(response)
}

async fn staff(ctx: Ctx, Path((case, photo)): Path<(CaseId, Uuid)>, Query(size): Query<Size>) -> WebResult {
    let scope = ctx.district.port::<linli_access::Access>()?.policy.scope(&ctx.actor, "case.read");
    let blob = read::photo(&mut ctx.read().await?, &scope, case, photo, size.small.is_some()).await?;
    file(&ctx, &blob).await
}

async fn tracked(
    ctx: Ctx,
    Path((token, photo)): Path<(String, Uuid)>,
    Query(size): Query<Size>,
) -> WebResult<Response> {
    let blob = read::track_photo(&mut ctx.read().await?, &token, photo, size.small.is_some()).await?;
    file(&ctx, &blob).await
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/cases/{id}/photos/{photo}", Access::May("case.read"), staff),
        Route::get("/t/{token}/photos/{photo}", Access::Public, tracked),
    ]
}
