//! Settings that an administrator edits on screen, one JSON document per key.

use linli_kernel::{Error, Result, Timestamp, params};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Conn, Tx};

/// Reads the document `key`, if it was ever saved.
pub async fn get<T: DeserializeOwned>(conn: &mut Conn, key: &str) -> Result<Option<T>> {
    let found: Option<(String,)> =
        conn.optional("SELECT value FROM setting WHERE key = $1", params![key]).await?;
    found
        .map(|(json,)| {
            serde_json::from_str(&json).map_err(|e| Error::internal(format!("setting {key}: {e}")))
        })
        .transpose()
}

/// Saves the document `key`.
pub async fn put(tx: &mut Tx, key: &str, value: &impl Serialize, now: Timestamp) -> Result<()> {
    let json = serde_json::to_string(value).map_err(Error::internal)?;
    tx.execute(
        "INSERT INTO setting (key, value, updated_at) VALUES ($1, $2, $3)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
        params![key, json, now],
    )
    .await?;
    Ok(())
}
