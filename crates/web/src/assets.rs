//! Scripts, styles and icons, built by `ui/` and embedded in the binary.

use std::{collections::HashMap, sync::LazyLock};

use axum::{
    extract::{Path, Query},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use linli_kernel::hex;
use rust_embed::RustEmbed;
use serde::Deserialize;

use crate::{Access, Route};

#[derive(RustEmbed)]
#[folder = "../../ui/dist"]
struct Dist;

static VERSIONS: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    Dist::iter()
        .filter_map(|name| {
            let hash = Dist::get(&name)?.metadata.sha256_hash();
            Some((name.to_string(), hex(&hash[..5])))
        })
        .collect()
});

/// The address of an asset; its version lets browsers keep it for good.
pub fn url(name: &str) -> String {
    VERSIONS
        .get(name)
        .map_or_else(|| format!("/assets/{name}"), |version| format!("/assets/{name}?v={version}"))
}

#[derive(Deserialize)]
struct Version {
    v: Option<String>,
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webmanifest" => "application/manifest+json",
        "json" => "application/json",
        _ => "application/octet-stream",
    }
}

async fn serve(Path(name): Path<String>, Query(query): Query<Version>, headers: HeaderMap) -> Response {
    let (Some(file), Some(version)) = (Dist::get(&name), VERSIONS.get(&name)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let tag = format!("\"{version}\"");
    if headers.get(header::IF_NONE_MATCH).is_some_and(|given| given.as_bytes() == tag.as_bytes()) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let keep =
        if query.v.as_ref() == Some(version) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let head = [
        (header::CONTENT_TYPE, content_type(&name).to_owned()),
        (header::CACHE_CONTROL, keep.to_owned()),
        (header::ETAG, tag),
    ];
    (head, file.data.into_owned()).into_response()
}

/// The worker in the browser that answers without signal: only a script at the root may answer for all pages.
async fn at_the_root(headers: HeaderMap) -> Response {
    serve(Path("sw.js".to_owned()), Query(Version { v: None }), headers).await
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/assets/{*name}", Access::Public, serve),
        Route::get("/sw.js", Access::Public, at_the_root),
    ]
}
