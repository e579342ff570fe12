//! Forms with photos: photos survive a mistake elsewhere in the form.

use linli_kernel::{Error, Result};
use linli_store::Blobs;
use linli_web::{
    Ctx,
    upload::{self, Upload},
};

use crate::app::Photo;

/// As many photos as a form of a case takes.
pub(super) const PHOTOS: usize = 6;

/// Photos of an earlier try (`kept`). They are named by the hash of their content, so nobody can name a picture that
/// they have not seen.
pub(super) async fn kept(ctx: &Ctx, form: &Upload) -> Result<Vec<Photo>> {
    let blobs = ctx.district.port::<Blobs>()?;
    let mut photos = Vec::new();
    for kept in form.fields.get("kept").into_iter().flatten().take(PHOTOS) {
        let photo = Photo::named(kept).ok_or_else(|| Error::field("photos", "error-form-broken"))?;
        if photo.is_stored(&blobs).await {
            photos.push(photo);
        }
    }
    Ok(photos)
}

/// The photos of a form: those kept from an earlier try, and those that were sent now, which are stored here. Call it
/// when the rest of the form is sound, and after its key was taken: the files are gone from it then.
pub(super) async fn photos(ctx: &Ctx, form: &mut Upload) -> Result<Vec<Photo>> {
    let mut photos = kept(ctx, form).await?;
    let sent: Vec<_> = std::mem::take(&mut form.files).into_iter().filter(|f| f.field == "photos").collect();
    if photos.len() + sent.len() + form.left_out > PHOTOS {
        return Err(Error::field("photos", "case-error-photos-many"));
    }
    for file in sent {
        let picture = upload::picture("photos", file.bytes).await?;
        photos.push(Photo::keep(&ctx.district, picture).await?);
    }
    Ok(photos)
}
