//! Photos of a case: on disk before the transaction that names them begins.

use linli_kernel::Result;
use linli_store::{Blobs, District};
use linli_web::upload::Picture;

/// A picture whose two files are stored; nothing refers to them until a use case does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photo {
    pub(crate) full: String,
    pub(crate) small: String,
}

impl Photo {
    /// Stores a picture that [`linli_web::upload::picture`] made harmless. Call it before the use case
    /// begins: writing files must not keep other writers waiting.
    pub async fn keep(district: &District, picture: Picture) -> Result<Self> {
        let blobs = district.port::<Blobs>()?;
        let full = blobs.put(picture.full).await?;
        let small = blobs.put(picture.thumbnail).await?;
        Ok(Self { full, small })
    }
}
