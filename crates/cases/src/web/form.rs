//! Forms with photos: sent once, and photos survive a mistake elsewhere in the form.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use linli_kernel::{Error, Result};
use linli_store::{Blobs, Op, idempotency};
use linli_web::{
    Ctx,
    upload::{self, Upload},
};
use sha2::{Digest, Sha256};

use crate::app::Photo;

/// As many photos as a form of a case takes.
pub(super) const PHOTOS: usize = 6;

/// The photos of a form: those that were sent now, and those kept from an earlier try (`kept`). The
/// latter are named by the hash of their content, so nobody can name a picture that they have not seen.
pub(super) async fn photos(ctx: &Ctx, form: &Upload) -> Result<Vec<Photo>> {
    let blobs = ctx.district.port::<Blobs>()?;
    let mut photos = Vec::new();
    for kept in form.fields.get("kept").into_iter().flatten().take(PHOTOS) {
        let photo = Photo::named(kept).ok_or_else(|| Error::field("photos", "error-form-broken"))?;
        if photo.is_stored(&blobs).await {
            photos.push(photo);
        }
    }
    let sent: Vec<_> = form.files.iter().filter(|f| f.field == "photos").collect();
    if photos.len() + sent.len() > PHOTOS {
        return Err(Error::field("photos", "case-error-photos-many"));
    }
    for file in sent {
        let picture = upload::picture("photos", file.bytes.clone()).await?;
        photos.push(Photo::keep(&ctx.district, picture).await?);
    }
    Ok(photos)
}

/// The key of one sending of a form: the word that the page gave it, and what was sent. The same again
/// (a second press, a reload) is the same; other words from the same page are another.
pub(super) fn key(purpose: &str, form: &Upload) -> Option<String> {
    let once = form.text("idempotency_key").map(str::trim).filter(|once| !once.is_empty())?;
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update(bytes.len().to_be_bytes());
        hash.update(bytes);
    };
    part(once.as_bytes());
    for (name, values) in &form.fields {
        part(name.as_bytes());
        for value in values {
            part(value.as_bytes());
        }
    }
    for file in &form.files {
        part(&file.bytes);
    }
    Some(format!("{purpose}/{}", URL_SAFE_NO_PAD.encode(hash.finalize())))
}

/// What was answered when this very form came before.
pub(super) async fn done_before(op: &mut Op, key: Option<&str>) -> Result<Option<String>> {
    let Some(key) = key else { return Ok(None) };
    // The content is part of the key, so there is nothing left to compare.
    match idempotency::claim(&mut op.tx, key, "", op.now).await? {
        idempotency::Claim::New => Ok(None),
        idempotency::Claim::Done { answer, .. } => Ok(Some(answer)),
    }
}

/// Keeps the answer for a repeat.
pub(super) async fn keep(op: &mut Op, key: Option<&str>, answer: &str) -> Result<()> {
    match key {
        Some(key) => idempotency::keep(&mut op.tx, key, 303, answer).await,
        None => Ok(()),
    }
}

/// A fresh word for a form.
pub(super) fn once(ctx: &Ctx) -> String {
    ctx.district.ids.uuid(ctx.now()).simple().to_string()
}
