//! News to other systems (回传、推送): signed, and only to addresses that may be called. What slices tell, in
//! which order and how often they try, is theirs.

mod reach;

use hmac::{Hmac, KeyInit, Mac};
use linli_kernel::{Error, Result, Timestamp, hex};
use sha2::Sha256;

pub use reach::{Network, Reach};

/// `v1=` and the hexadecimal HMAC-SHA256 of `timestamp.body` under the shared secret.
pub fn signature(secret: &[u8], timestamp: i64, body: &str) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|e| Error::internal(e.to_string()))?;
    mac.update(format!("{timestamp}.{body}").as_bytes());
    let bytes = mac.finalize().into_bytes();
    Ok(format!("v1={}", hex(bytes)))
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

/// A call as its receiver wants it.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// Where to.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// As it is sent.
    pub body: String,
}

/// The longest answer that is read.
const ANSWER: usize = 64 * 1024;

/// Tries once to hand over a letter.
pub async fn post(reach: &Reach, letter: Letter<'_>, now: Timestamp) -> Result<Answer> {
    let seconds = now.millis() / 1000;
    let headers = [
        ("content-type", "application/json; charset=utf-8".to_owned()),
        ("x-linli-delivery", letter.id.to_owned()),
        ("x-linli-timestamp", seconds.to_string()),
        ("x-linli-signature", signature(letter.secret, seconds, letter.body)?),
    ];
    let call = Call {
        url: letter.url.to_owned(),
        headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        body: letter.body.to_owned(),
    };
    Ok(send(reach, call).await?.0)
}

/// Tries a call once: what came of it by its HTTP status, and the beginning of what the receiver said.
pub async fn send(reach: &Reach, call: Call) -> Result<(Answer, Vec<u8>)> {
    if !reach.allows_url(&call.url) {
        let refused = Answer::Refused(None, "the settings do not allow this address".to_owned());
        return Ok((refused, Vec::new()));
    }
    let mut request = reach.client()?.post(&call.url).body(call.body);
    for (name, value) in call.headers {
        request = request.header(name, value);
    }
    // Errors are told without the address, which may hold a key.
    let later = |error: reqwest::Error| Answer::Later(None, error.without_url().to_string());
    let mut answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => return Ok((later(error), Vec::new())),
    };
    let status = answer.status();
    let code = status.as_u16();
    let mut said = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) if said.len() + chunk.len() <= ANSWER => said.extend_from_slice(&chunk),
            Err(error) if said.is_empty() && status.is_success() => return Ok((later(error), said)),
            Ok(_) | Err(_) => break,
        }
    }
    let answer = if status.is_success() {
        Answer::Delivered(code)
    } else if status.is_client_error() && !matches!(code, 408 | 425 | 429) {
        Answer::Refused(Some(code), format!("HTTP {code}"))
    } else {
        Answer::Later(Some(code), format!("HTTP {code}"))
    };
    Ok((answer, said))
}
