//! Photos: made harmless on the way in, shown only to who may read the answers.

use axum::{
    extract::{Path, Query},
    http::{HeaderValue, header},
    response::IntoResponse as _,
};
use linli_kernel::{Error, Result};
use linli_store::{Blobs, District};
use linli_web::{Access, Ctx, Route, WebResult, upload};
use serde::Deserialize;

use super::scope;
use crate::{
    model::{AnswerId, Photo},
    read,
};

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/surveys/answers/{answer}/photos/{name}", Access::May("survey.export"), show)]
}

/// A name as an answer may hold it: no path, no controls, not too long; its letters stay.
pub(super) fn clean_name(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = base.chars().filter(|c| !c.is_control() && !"\"<>|:*?".contains(*c)).collect();
    let mut kept = kept.trim().trim_start_matches('.').to_owned();
    while kept.len() > 200 {
        kept.remove(0);
    }
    if kept.is_empty() { "photo.jpg".to_owned() } else { kept }
}

/// Decodes, rewrites and stores a picture under a name. Before the transaction: writing files keeps others waiting.
pub(super) async fn keep(district: &District, field: &str, name: String, bytes: Vec<u8>) -> Result<Photo> {
    let blobs = district.port::<Blobs>()?;
    let picture = upload::picture(field, bytes).await?;
    let blob = blobs.put(picture.full).await?;
    let small = blobs.put(picture.thumbnail).await?;
    Ok(Photo { name, blob, small })
}

/// How a page names a photo that it sends again: the hashes of its content, so that nobody can name a picture that
/// they have not seen.
pub(super) fn word(photo: &Photo) -> String {
    format!("{}.{}.{}", photo.blob, photo.small, photo.name)
}

/// The photo of such a word, if its files are still there.
pub(super) async fn kept(district: &District, word: &str) -> Result<Photo> {
    let broken = || Error::field("form", "error-form-broken");
    let hash = |text: &&str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let mut parts = word.splitn(3, '.');
    let blob = parts.next().filter(hash).ok_or_else(broken)?;
    let small = parts.next().filter(hash).ok_or_else(broken)?;
    let name = clean_name(parts.next().ok_or_else(broken)?);
    let blobs = district.port::<Blobs>()?;
    for file in [blob, small] {
        // From now on it stays as long as a new one.
        blobs.renew(file).await.map_err(|_| broken())?;
    }
    Ok(Photo { name, blob: blob.to_owned(), small: small.to_owned() })
}

#[derive(Deserialize)]
struct Size {
    /// Present for the small one.
    small: Option<String>,
}

async fn show(
    ctx: Ctx,
    Path((answer, name)): Path<(AnswerId, String)>,
    Query(size): Query<Size>,
) -> WebResult {
    let scope = scope(&ctx, "survey.export")?;
    let blob = read::photo(&mut ctx.read().await?, &scope, answer, &name, size.small.is_some()).await?;
    let bytes = ctx.district.port::<Blobs>()?.get(&blob).await?;
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=86400, immutable"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::clean_name;

    #[test]
    fn names_keep_their_letters_and_lose_their_paths() {
        assert_eq!(clean_name("门牌 照片(1).jpg"), "门牌 照片(1).jpg");
        assert_eq!(clean_name("C:\\图\\..\\a\u{0}.jpg"), "a.jpg");
        assert_eq!(clean_name("../../etc/passwd"), "passwd");
        assert_eq!(clean_name("..."), "photo.jpg");
        assert!(clean_name(&"照".repeat(300)).len() <= 200);
    }
}
