//! The second factor (二次验证): a code from an app every 30 seconds (RFC 6238), or a recovery code.

use linli_kernel::{Error, Ids, Result, Timestamp};
use totp_rs::{Builder, Secret, Totp};

use crate::token;

/// Recovery codes handed out at once.
pub const RECOVERY_CODES: usize = 10;

/// A fresh shared secret.
pub fn secret(ids: &Ids) -> [u8; 20] {
    ids.bytes()
}

fn totp(secret: &[u8]) -> Result<Totp> {
    Builder::new().with_secret(secret.to_vec()).build().map_err(|e| Error::internal(format!("{e:?}")))
}

/// The 30-second step in which `code` is right, if it lies after `last` (a code counts once).
pub fn step(secret: &[u8], code: &str, now: Timestamp, last: i64) -> Result<Option<i64>> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if code.len() != 6 || !code.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(None);
    }
    let seconds = u64::try_from(now.millis() / 1000).unwrap_or_default();
    let step = totp(secret)?.check(&code, seconds).and_then(|step| i64::try_from(step).ok());
    Ok(step.filter(|&step| step > last))
}

/// The code that is right at `now`, for demonstrations and tests.
pub fn code(secret: &[u8], now: Timestamp) -> Result<String> {
    let seconds = u64::try_from(now.millis() / 1000).unwrap_or_default();
    Ok(totp(secret)?.generate(seconds).to_string())
}

/// The secret as an app takes it by hand.
pub fn base32(secret: &[u8]) -> String {
    Secret::from(secret.to_vec()).to_base32()
}

/// What the QR code says.
pub fn uri(secret: &[u8], issuer: &str, login: &str) -> String {
    let (issuer, login) = (linli_kernel::percent(issuer, b""), linli_kernel::percent(login, b""));
    format!("otpauth://totp/{issuer}:{login}?secret={}&issuer={issuer}", base32(secret))
}

/// Codes for the day on which the phone is lost; each counts once.
pub fn recovery_codes(ids: &Ids) -> Vec<String> {
    (0..RECOVERY_CODES).map(|_| token::readable(ids, 2, 6)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B (SHA-1), cut to six digits.
    #[test]
    fn codes_as_rfc_6238_has_them() {
        let secret = b"12345678901234567890";
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        for (seconds, expected) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(code(secret, at(seconds)).unwrap(), expected);
            assert_eq!(step(secret, expected, at(seconds), 0).unwrap(), Some(seconds / 30));
            // The neighbours' steps are taken, a step more is not.
            assert!(step(secret, expected, at(seconds + 30), 0).unwrap().is_some());
            assert!(step(secret, expected, at(seconds + 60), 0).unwrap().is_none());
            // A code counts once.
            assert!(step(secret, expected, at(seconds), seconds / 30).unwrap().is_none());
        }
        assert!(step(secret, "2870 8२", at(59), 0).unwrap().is_none());
        assert!(step(secret, "287 082", at(59), 0).unwrap().is_some());
    }

    #[test]
    fn the_app_gets_a_uri() {
        assert_eq!(
            uri(b"12345678901234567890", "邻里", "wang.wu"),
            "otpauth://totp/%E9%82%BB%E9%87%8C:wang.wu?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=%E9%82%BB%E9%87%8C"
        );
    }
}
