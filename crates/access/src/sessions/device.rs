//! Devices on which an account has logged in before (熟识设备): a name of the device and, for each account, the proof
//! that only we can make. Who guesses from elsewhere slows nobody on such a device.

use linli_kernel::{Ids, Result, actor::AccountId};

use crate::{Access, Purpose, token};

/// Accounts that one device remembers; who came in last stands last.
const MOST: usize = 5;
/// Hexadecimal digits of a device's name, and of a proof.
const DIGITS: usize = 32;

fn proof(access: &Access, name: &str, account: AccountId) -> Result<String> {
    let hash = access.keyring.lookup(Purpose::Factor, &format!("device:{name}:{account}"))?;
    Ok(linli_kernel::hex(&hash).chars().take(DIGITS).collect())
}

/// The name and the proofs; nothing where it is not what we wrote.
fn parts(kept: &str) -> Option<(&str, Vec<&str>)> {
    let mut parts = kept.split('.');
    let name = parts.next()?;
    let fits = |part: &str| part.len() == DIGITS && part.bytes().all(|b| b.is_ascii_hexdigit());
    let proofs: Vec<&str> = parts.collect();
    (fits(name) && proofs.len() <= MOST && proofs.iter().all(|part| fits(part))).then_some((name, proofs))
}

/// The device's name, if `kept` proves that this account has logged in there before.
pub(super) fn known<'a>(access: &Access, kept: &'a str, account: AccountId) -> Result<Option<&'a str>> {
    let Some((name, proofs)) = parts(kept) else { return Ok(None) };
    // Hashes are compared, so that how long it takes tells nothing of a proof.
    let right = token::hash(&proof(access, name, account)?);
    Ok(proofs.iter().any(|told| token::hash(told) == right).then_some(name))
}

/// What the device keeps after this account has logged in on it.
pub fn remembered(access: &Access, ids: &Ids, kept: &str, account: AccountId) -> Result<String> {
    let fresh;
    let (name, mut proofs) = if let Some(parts) = parts(kept) {
        parts
    } else {
        fresh = linli_kernel::hex(ids.bytes::<16>());
        (fresh.as_str(), Vec::new())
    };
    let own = proof(access, name, account)?;
    proofs.retain(|told| *told != own);
    let proofs = proofs.split_off(proofs.len().saturating_sub(MOST - 1));
    Ok([&[name][..], &proofs, &[own.as_str()]].concat().join("."))
}
