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

/// Changes the document `key` in place, from its default if it was never saved. The row is locked from the reading to
/// the end of the transaction, so that two who change it at once both find their change in it.
///
/// # Errors
///
/// Whatever `how` refuses; the transaction must not be committed then.
pub async fn change<T: DeserializeOwned + Serialize + Default>(
    tx: &mut Tx,
    key: &str,
    now: Timestamp,
    how: impl FnOnce(&mut T) -> Result<()>,
) -> Result<()> {
    let (json,): (String,) = tx
        .one(
            "INSERT INTO setting (key, value, updated_at) VALUES ($1, 'null', $2)
             ON CONFLICT (key) DO UPDATE SET updated_at = excluded.updated_at
             RETURNING value",
            params![key, now],
        )
        .await?;
    let before: Option<T> =
        serde_json::from_str(&json).map_err(|e| Error::internal(format!("setting {key}: {e}")))?;
    let mut document = before.unwrap_or_default();
    how(&mut document)?;
    put(tx, key, &document, now).await
}
