//! Sealed fields of the register, and the keyed hashes by which they are found.

use linli_access::{Access, Keyring, Purpose};
use linli_kernel::{Result, text::normalise};
use uuid::Uuid;

use crate::model::IdNumber;

/// Bytes of a keyed hash that are kept: nobody can search 128 bits, and half a million rows stay small.
const HASH: usize = 16;

/// The keyring with the register's places and hashes.
#[derive(Debug, Clone, Copy)]
pub struct Seal<'k>(&'k Keyring);

impl<'k> Seal<'k> {
    /// With the keys of `access`.
    pub const fn new(access: &'k Access) -> Self {
        Self(&access.keyring)
    }

    fn hash(self, kind: &str, text: &str) -> Result<Vec<u8>> {
        let mut hash = self.0.lookup(Purpose::Resident, &format!("{kind}/{text}"))?;
        hash.truncate(HASH);
        Ok(hash)
    }

    /// Finds an identity number.
    pub fn id_hash(self, number: &IdNumber) -> Result<Vec<u8>> {
        self.hash("id", number.as_str())
    }

    /// Finds a phone, digits only.
    pub fn phone_hash(self, phone: &str) -> Result<Vec<u8>> {
        self.hash("phone", phone)
    }

    /// Makes one person of who has no number: phone and name together.
    pub fn contact_hash(self, phone: &str, name: &str) -> Result<Vec<u8>> {
        self.hash("contact", &format!("{phone}/{}", normalise(name)))
    }

    /// Seals a field of the row `id` of `table`.
    pub fn seal(self, purpose: Purpose, table: &str, id: Uuid, field: &str, text: &str) -> Result<Vec<u8>> {
        self.0.seal(purpose, &format!("{table}/{id}/{field}"), text.as_bytes())
    }

    /// Opens it again.
    pub fn open(
        self,
        purpose: Purpose,
        table: &str,
        id: Uuid,
        field: &str,
        sealed: Option<&[u8]>,
    ) -> Result<Option<String>> {
        self.0.open_text(purpose, &format!("{table}/{id}/{field}"), sealed)
    }
}
