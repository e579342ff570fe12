//! News to other systems (回传、推送): signed, and only to addresses that may be called. What slices tell, in
//! which order and how often they try, is theirs.

mod reach;

use hmac::{Hmac, KeyInit, Mac};
use linli_kernel::{Error, Result, Timestamp};
use sha2::Sha256;

pub use reach::{Network, Reach};

/// `v1=` and the hexadecimal HMAC-SHA256 of `timestamp.body` under the shared secret.
pub fn signature(secret: &[u8], timestamp: i64, body: &str) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|e| Error::internal(e.to_string()))?;
    mac.update(format!("{timestamp}.{body}").as_bytes());
    let bytes = mac.finalize().into_bytes();
    Ok(bytes.iter().fold("v1=".to_owned(), |hex, byte| format!("{hex}{byte:02x}")))
}

/// One message to an address.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// Stays the same on every try: the receiver takes the message once.
    pub id: &'a str,
    /// Where to.
    pub url: &'a str,
    /// Shared with the receiver.
    pub secret: &'a [u8],
    /// JSON.
    pub body: &'a str,
}

/// What came of one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The receiver has it.
    Delivered(u16),
    /// The receiver does not want it, or it may not be sent there: trying again does not help.
    Refused(Option<u16>, String),
    /// Not now.
    Later(Option<u16>, String),
}

impl Answer {
    /// The HTTP status, if there was an answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Delivered(code) => Some(*code),
            Self::Refused(code, _) | Self::Later(code, _) => *code,
        }
    }

    /// What went wrong.
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::Delivered(_) => None,
            Self::Refused(_, error) | Self::Later(_, error) => Some(error),
        }
    }
}

/// Tries once to hand over a letter.
pub async fn post(reach: &Reach, letter: Letter<'_>, now: Timestamp) -> Result<Answer> {
    if !reach.allows_url(letter.url) {
        return Ok(Answer::Refused(None, "the settings do not allow this address".to_owned()));
    }
    let seconds = now.millis() / 1000;
    let answer = reach
        .client()?
        .post(letter.url)
        .header("content-type", "application/json; charset=utf-8")
        .header("x-linli-delivery", letter.id)
        .header("x-linli-timestamp", seconds.to_string())
        .header("x-linli-signature", signature(letter.secret, seconds, letter.body)?)
        .body(letter.body.to_owned())
        .send()
        .await;
    Ok(match answer {
        Ok(answer) => {
            let status = answer.status();
            let code = status.as_u16();
            if status.is_success() {
                Answer::Delivered(code)
            } else if status.is_client_error() && !matches!(code, 408 | 425 | 429) {
                Answer::Refused(Some(code), format!("HTTP {code}"))
            } else {
                Answer::Later(Some(code), format!("HTTP {code}"))
            }
        }
        // Without the address, which may hold a key in its path.
        Err(error) => Answer::Later(None, error.without_url().to_string()),
    })
}
