//! Reports over the interface, with a key and without: their photos, and the receipt with the way back to the case. The
//! secret of that way is not kept with a key against repeats, it is made again.

use axum::{http::StatusCode, response::Response};
use linli_access::Access;
use linli_kernel::{Error, Result};
use linli_store::Op;
use linli_web::{
    Ctx,
    api::Once,
    upload::{self, File},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    app::{self, NewReport, Photo},
    model::CaseId,
};

/// Both halves of a point, or none.
pub(super) fn point(lat: Option<f64>, lng: Option<f64>) -> Result<Option<(f64, f64)>> {
    match (lat, lng) {
        (Some(_), None) => Err(Error::field("lng", "error-required")),
        (None, Some(_)) => Err(Error::field("lat", "error-required")),
        (lat, lng) => Ok(lat.zip(lng)),
    }
}

/// The body of a form with its files, for the key of a repeat; the files as harmless pictures, stored. Of a report that
/// is wrong nothing is stored.
pub(super) async fn pictures(
    ctx: &Ctx,
    new: &NewReport,
    report: &str,
    files: Vec<File>,
) -> Result<(Vec<u8>, Vec<Photo>)> {
    app::sound(&ctx.district, new, ctx.now())?;
    let mut sent = report.as_bytes().to_vec();
    let mut photos = Vec::new();
    for file in files {
        sent.extend_from_slice(&Sha256::digest(&file.bytes));
        let picture = upload::picture(&file.field, file.bytes).await?;
        photos.push(Photo::keep(&ctx.district, picture).await?);
    }
    Ok((sent, photos))
}

/// Puts the way back to the case into its receipt.
pub(super) fn with_link(ctx: &Ctx) -> impl FnOnce(&mut Value) -> Result<()> {
    |receipt| {
        let id = receipt["id"].as_str().and_then(|id| id.parse().ok());
        let id = CaseId(id.ok_or_else(|| Error::internal("a kept receipt without its case"))?);
        let token = app::tracking_token(&*ctx.district.port::<Access>()?, id)?;
        receipt["tracking_url"] = format!("{}/t/{token}", ctx.origin).into();
        receipt["token"] = token.into();
        Ok(())
    }
}

/// Opens the case and answers with the receipt.
pub(super) async fn take(ctx: &Ctx, mut op: Op, new: NewReport, once: Once) -> Result<Response> {
    let receipt = app::report(&mut op, new).await?;
    let kept = json!({ "id": receipt.id, "number": receipt.number });
    once.done_with(op, StatusCode::CREATED, kept, with_link(ctx)).await
}
