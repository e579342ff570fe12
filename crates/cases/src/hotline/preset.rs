//! Column mappings under a name (导入方案), so that the next file of the same layout needs no hand.

use linli_access::{Authorise, Target};
use linli_kernel::{Error, Result, error::Check, params};
use linli_store::{Conn, Entry, Op};
use serde_json::json;

use super::columns::Mapping;

/// The mapping under this name.
pub async fn get(conn: &mut Conn, name: &str) -> Result<Mapping> {
    let json: String = conn
        .scalar("SELECT mapping FROM hotline_preset WHERE name = $1", params![name.trim()])
        .await
        .map_err(|e| {
            if matches!(e, Error::NotFound) { Error::field("preset", "hotline-preset-unknown") } else { e }
        })?;
    serde_json::from_str(&json).map_err(Error::internal)
}

/// All names.
pub async fn names(conn: &mut Conn) -> Result<Vec<String>> {
    let rows: Vec<(String,)> =
        conn.all("SELECT name FROM hotline_preset ORDER BY name LIMIT 200", vec![]).await?;
    Ok(rows.into_iter().map(|(name,)| name).collect())
}

/// All with their mappings.
pub async fn all(conn: &mut Conn) -> Result<Vec<(String, Mapping)>> {
    let rows: Vec<(String, String)> =
        conn.all("SELECT name, mapping FROM hotline_preset ORDER BY name LIMIT 200", vec![]).await?;
    let read =
        |(name, json): (String, String)| Ok((name, serde_json::from_str(&json).map_err(Error::internal)?));
    rows.into_iter().map(read).collect()
}

/// Keeps a mapping under a name, over an older one. The caller commits.
pub async fn keep(op: &mut Op, name: &str, mapping: &Mapping) -> Result<()> {
    op.permit("hotline.import", &Target::at(&op.district.area))?;
    let mut check = Check::new();
    let name = check.text("preset", name, 40);
    check.done()?;
    let author = op.actor.name().to_owned();
    let document = serde_json::to_value(mapping).map_err(Error::internal)?;
    op.tx
        .execute(
            "INSERT INTO hotline_preset (name, mapping, updated_by, updated_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (name) DO UPDATE SET mapping = excluded.mapping, updated_by = excluded.updated_by,
                 updated_at = excluded.updated_at",
            params![&name, document.clone(), author, op.now],
        )
        .await?;
    let area = op.district.area.clone();
    op.log(Entry {
        action: "hotline.preset",
        subject: "hotline_preset",
        subject_id: name,
        area,
        detail: json!({ "mapping": document }),
    })
    .await
}
