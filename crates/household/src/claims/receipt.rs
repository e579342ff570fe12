//! The address under which somebody follows what they said: made from the entry's id, stored nowhere.

use linli_access::{Access, Purpose};
use linli_kernel::{Error, Result};
use uuid::Uuid;

use super::ClaimId;
use crate::code::letters;

/// Bytes of the keyed hash.
const MAC: usize = 9;

/// A secret link to one's own entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The entry.
    pub id: ClaimId,
    /// The last part of the address.
    pub secret: String,
}

fn mac(access: &Access, id: ClaimId) -> Result<Vec<u8>> {
    let mut mac = access.keyring.lookup(Purpose::Resident, &format!("claim/{id}"))?;
    mac.truncate(MAC);
    Ok(mac)
}

impl Receipt {
    /// The receipt of an entry.
    pub fn of(access: &Access, id: ClaimId) -> Result<Self> {
        let mut all = id.0.as_bytes().to_vec();
        all.extend(mac(access, id)?);
        Ok(Self { id, secret: letters(&all) })
    }

    /// Reads the address; a wrong one and one of nothing look the same.
    pub fn read(secret: &str, access: &Access) -> Result<Self> {
        if secret.len() != 40 {
            return Err(Error::NotFound);
        }
        let all = crate::code::bytes(secret).ok_or(Error::NotFound)?;
        let (id, given) = all.split_at(16);
        let id = ClaimId(Uuid::from_slice(id).map_err(Error::internal)?);
        if crate::code::same(&mac(access, id)?, given) { Self::of(access, id) } else { Err(Error::NotFound) }
    }
}
