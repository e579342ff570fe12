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

    /// How a form names it that comes back with a mistake elsewhere.
    pub fn name(&self) -> String {
        format!("{}.{}", self.full, self.small)
    }

    /// The photo of such a name; whether it is there is another question.
    pub fn named(name: &str) -> Option<Self> {
        let hash = |text: &str| {
            text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        let (full, small) = name.split_once('.').filter(|(full, small)| hash(full) && hash(small))?;
        Some(Self { full: full.to_owned(), small: small.to_owned() })
    }

    /// Whether both files are still there; from now on they stay as long as new ones.
    pub async fn is_stored(&self, blobs: &Blobs) -> bool {
        blobs.renew(&self.full).await.is_ok() && blobs.renew(&self.small).await.is_ok()
    }
}
