//! A large file of a form, written to disk as it comes, so that memory does not grow with it.

use std::collections::BTreeMap;

use axum::extract::{Multipart, multipart::MultipartError};
use linli_kernel::{Error, Result};
use linli_store::District;
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;

use crate::hotline::{sheet::FILE_LIMIT, staged};

/// The longest text field beside a file.
const TEXT: usize = 4096;

/// A form with one large file.
pub(in crate::hotline) struct Large {
    pub(in crate::hotline) fields: BTreeMap<String, String>,
    /// The name on the sender's machine, and the file, which goes with the value.
    pub(in crate::hotline) file: Option<(String, NamedTempFile)>,
}

fn broken(error: &MultipartError) -> Error {
    if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        Error::TooLarge("hotline-file-too-large")
    } else {
        Error::field("file", "error-form-broken")
    }
}

fn disk(error: std::io::Error) -> Error {
    tracing::error!(%error, "cannot store an upload");
    Error::Unavailable("error-disk")
}

/// Reads the form.
pub(in crate::hotline) async fn read(district: &District, mut form: Multipart) -> Result<Large> {
    let mut large = Large { fields: BTreeMap::new(), file: None };
    while let Some(mut field) = form.next_field().await.map_err(|e| broken(&e))? {
        let name = field.name().unwrap_or_default().to_owned();
        let Some(file) = field.file_name().map(str::to_owned) else {
            let mut text = Vec::new();
            while let Some(chunk) = field.chunk().await.map_err(|e| broken(&e))? {
                text.extend_from_slice(&chunk);
                if text.len() > TEXT {
                    return Err(Error::TooLarge("error-text-too-large"));
                }
            }
            large.fields.insert(name, String::from_utf8_lossy(&text).into_owned());
            continue;
        };
        let target = NamedTempFile::new_in(staged::folder(district)?).map_err(disk)?;
        let mut out = tokio::fs::File::from_std(target.reopen().map_err(disk)?);
        let mut size = 0_u64;
        while let Some(chunk) = field.chunk().await.map_err(|e| broken(&e))? {
            size += chunk.len() as u64;
            if size > FILE_LIMIT {
                return Err(Error::TooLarge("hotline-file-too-large"));
            }
            out.write_all(&chunk).await.map_err(disk)?;
        }
        out.flush().await.map_err(disk)?;
        if size > 0 && name == "file" {
            large.file = Some((file, target));
        }
    }
    Ok(large)
}
