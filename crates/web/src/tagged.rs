//! JSON under the mark of its content (ETag): who has it already is told so in a few bytes.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use linli_kernel::{Error, Result, hex};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// A body and its mark.
#[derive(Debug)]
pub struct Tagged {
    text: String,
    tag: HeaderValue,
}

impl Tagged {
    /// Marks what `value` is as JSON.
    pub fn json(value: &impl Serialize) -> Result<Self> {
        let text = serde_json::to_string(value).map_err(Error::internal)?;
        let short = hex(&Sha256::digest(&text)[..12]);
        let tag = HeaderValue::from_str(&format!("\"{short}\"")).map_err(Error::internal)?;
        Ok(Self { text, tag })
    }

    /// Whether the one who asks has just this.
    pub fn is_known(&self, headers: &HeaderMap) -> bool {
        headers.get(header::IF_NONE_MATCH) == Some(&self.tag)
    }

    /// The body, or 304 for who has it.
    pub fn answer(self, headers: &HeaderMap) -> Response {
        if self.is_known(headers) {
            return (StatusCode::NOT_MODIFIED, [(header::ETAG, self.tag)]).into_response();
        }
        let kind = HeaderValue::from_static("application/json");
        ([(header::CONTENT_TYPE, kind), (header::ETAG, self.tag)], self.text).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_sent_once_and_a_change_again() {
        let (same, other) = (Tagged::json(&[1, 2]).unwrap(), Tagged::json(&[1, 3]).unwrap());
        let mut asks = HeaderMap::new();
        assert_eq!(Tagged::json(&[1, 2]).unwrap().answer(&asks).status(), StatusCode::OK);
        asks.insert(header::IF_NONE_MATCH, same.tag.clone());
        assert_eq!(same.answer(&asks).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(other.answer(&asks).status(), StatusCode::OK);
    }
}
