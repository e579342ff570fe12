//! Forms that are sent once: a second press, a reload, a phone that repeats because the answer got lost.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use linli_kernel::Result;
use linli_store::{Op, idempotency};
use sha2::{Digest, Sha256};

use crate::{Ctx, upload::Upload};

/// The key of one sending of a form: the word that the page gave it (`idempotency_key`), and what was sent.
/// The same again is the same; other words from the same page are another.
pub fn key(purpose: &str, form: &Upload) -> Option<String> {
    let files = form.files.iter().map(|file| file.bytes.as_slice());
    digest(purpose, &form.fields, files)
}

/// As [`key`] for a form without files.
pub fn key_of(purpose: &str, fields: &BTreeMap<String, Vec<String>>) -> Option<String> {
    digest(purpose, fields, std::iter::empty())
}

fn digest<'f>(
    purpose: &str,
    fields: &BTreeMap<String, Vec<String>>,
    files: impl Iterator<Item = &'f [u8]>,
) -> Option<String> {
    let once = fields.get("idempotency_key")?.first()?.trim();
    if once.is_empty() {
        return None;
    }
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update(bytes.len().to_be_bytes());
        hash.update(bytes);
    };
    part(once.as_bytes());
    for (name, values) in fields {
        part(name.as_bytes());
        for value in values {
            part(value.as_bytes());
        }
    }
    for bytes in files {
        part(bytes);
    }
    Some(format!("{purpose}/{}", URL_SAFE_NO_PAD.encode(hash.finalize())))
}

/// What was answered when this very form came before.
pub async fn done_before(op: &mut Op, key: Option<&str>) -> Result<Option<String>> {
    let Some(key) = key else { return Ok(None) };
    // The content is part of the key, so there is nothing left to compare.
    match idempotency::claim(&mut op.tx, key, "", op.now).await? {
        idempotency::Claim::New => Ok(None),
        idempotency::Claim::Done { answer, .. } => Ok(Some(answer)),
    }
}

/// Keeps the answer for a repeat.
pub async fn keep(op: &mut Op, key: Option<&str>, answer: &str) -> Result<()> {
    match key {
        Some(key) => idempotency::keep(&mut op.tx, key, 303, answer).await,
        None => Ok(()),
    }
}

/// A fresh word for a form.
pub fn fresh(ctx: &Ctx) -> String {
    ctx.district.ids.uuid(ctx.now()).simple().to_string()
}
