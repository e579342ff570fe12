//! Models and their use, other names of places: asks and writes, decides nothing.

use linli_access::Scope;
use linli_kernel::{Result, Timestamp, params};
use linli_store::{Conn, Tx, Where, settings};
use uuid::Uuid;

use crate::model::{Alias, Kind, Settings, Use, Version};

const SETTINGS: &str = "insight";
const VERSION: &str =
    "m.kind, m.version, m.blob, m.bytes, m.labels, m.trained_on, m.held_back, m.macro_f1, m.accuracy,
    m.ece, m.before_f1, m.seconds, m.at, m.by_name, m.evidence";
const USE: &str = "kind, seq, version, at, by_name, ended_at, ended_by";

/// What the administrator has set.
pub async fn settings(conn: &mut Conn) -> Result<Settings> {
    Ok(settings::get(conn, SETTINGS).await?.unwrap_or_default())
}

/// Saves it.
pub(crate) async fn save_settings(tx: &mut Tx, settings: Settings, now: Timestamp) -> Result<()> {
    settings::put(tx, SETTINGS, &settings, now).await
}

/// All versions of all kinds, newest first.
pub async fn versions(conn: &mut Conn) -> Result<Vec<Version>> {
    let sql = format!("SELECT {VERSION} FROM insight_model m ORDER BY m.kind, m.version DESC");
    conn.all(&sql, vec![]).await
}

/// All uses, newest first.
pub async fn uses(conn: &mut Conn) -> Result<Vec<Use>> {
    let sql = format!("SELECT {USE} FROM insight_use ORDER BY kind, seq DESC");
    conn.all(&sql, vec![]).await
}

/// The versions that are in use, at most one of each kind.
pub async fn in_use(conn: &mut Conn) -> Result<Vec<Version>> {
    let sql = format!(
        "SELECT {VERSION} FROM insight_model m JOIN insight_use u ON u.kind = m.kind AND u.version = m.version
         WHERE u.ended_at IS NULL AND u.seq = (
             SELECT max(l.seq) FROM insight_use l WHERE l.kind = u.kind AND l.ended_at IS NULL)
         ORDER BY m.kind"
    );
    conn.all(&sql, vec![]).await
}

/// Keeps a version under the next number of its kind; answers that number.
pub(crate) async fn add_version(tx: &mut Tx, v: &Version) -> Result<i64> {
    let version: i64 = tx
        .scalar("SELECT coalesce(max(version), 0) + 1 FROM insight_model WHERE kind = $1", params![v.kind])
        .await?;
    tx.execute(
        "INSERT INTO insight_model (kind, version, blob, bytes, labels, trained_on, held_back, macro_f1, accuracy,
             ece, before_f1, seconds, at, by_name, evidence)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        params![
            v.kind,
            version,
            &v.blob,
            v.bytes,
            v.labels,
            v.trained_on,
            v.held_back,
            v.macro_f1,
            v.accuracy,
            v.ece,
            v.before_f1,
            v.seconds,
            v.at,
            &v.by_name,
            v.evidence.as_deref()
        ],
    )
    .await?;
    Ok(version)
}

/// Puts a version into use.
pub(crate) async fn put_into_use(
    tx: &mut Tx,
    kind: Kind,
    version: i64,
    by: &str,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO insight_use (kind, seq, version, at, by_name)
         SELECT $1, coalesce(max(seq), 0) + 1, $2, $3, $4 FROM insight_use WHERE kind = $1",
        params![kind, version, now, by],
    )
    .await?;
    Ok(())
}

/// Ends the use of the newest version and answers its number and that of the one now in use; nothing
/// where there is none before it.
pub(crate) async fn end_use(tx: &mut Tx, kind: Kind, by: &str, now: Timestamp) -> Result<Option<(i64, i64)>> {
    let open: Vec<(i64, i64)> = tx
        .all(
            "SELECT seq, version FROM insight_use WHERE kind = $1 AND ended_at IS NULL ORDER BY seq DESC LIMIT 2",
            params![kind],
        )
        .await?;
    let [(seq, ended), (_, back)] = open[..] else { return Ok(None) };
    tx.execute(
        "UPDATE insight_use SET ended_at = $3, ended_by = $4 WHERE kind = $1 AND seq = $2",
        params![kind, seq, now, by],
    )
    .await?;
    Ok(Some((ended, back)))
}

const ALIAS: &str = "id, alias, written, place, area, source, dropped, cases, at, by_name";

/// Changes whenever another name of a place does: how many there are, how many are struck out, the newest change.
pub(crate) type AliasStamp = (i64, i64, i64);

/// See [`AliasStamp`].
pub(crate) async fn alias_stamp(conn: &mut Conn) -> Result<AliasStamp> {
    conn.one(
        "SELECT count(*), count(CASE WHEN dropped THEN 1 END), coalesce(max(at), 0) FROM insight_alias",
        vec![],
    )
    .await
}

/// All other names of places, those struck out too.
pub async fn aliases(conn: &mut Conn) -> Result<Vec<Alias>> {
    conn.all(&format!("SELECT {ALIAS} FROM insight_alias ORDER BY alias"), vec![]).await
}

/// The next page of a scope's names in their order, after `after`; with `words`, those that hold them.
pub async fn alias_page(
    conn: &mut Conn,
    scope: &Scope,
    words: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<Alias>> {
    let mut rows = Where::new();
    scope.filter(&mut rows, "area", "");
    rows.and("alias > ?", vec![after.into()]);
    if !words.is_empty() {
        let like = format!("%{}%", words.replace(['%', '_', '\\'], ""));
        rows.and("(alias LIKE ? OR place LIKE ?)", vec![like.as_str().into(), like.as_str().into()]);
    }
    let limit = rows.bind(limit);
    let sql = format!("SELECT {ALIAS} FROM insight_alias{} ORDER BY alias LIMIT {limit}", rows.text());
    conn.all(&sql, rows.args()).await
}

/// One name, if the scope holds it.
pub async fn alias(conn: &mut Conn, scope: &Scope, id: Uuid) -> Result<Option<Alias>> {
    let mut rows = Where::new();
    scope.filter(&mut rows, "area", "");
    rows.and("id = ?", vec![id.into()]);
    conn.optional(&format!("SELECT {ALIAS} FROM insight_alias{}", rows.text()), rows.args()).await
}

/// The name that is spelt so, wherever it lies.
pub(crate) async fn alias_spelt(conn: &mut Conn, alias: &str) -> Result<Option<Alias>> {
    conn.optional(&format!("SELECT {ALIAS} FROM insight_alias WHERE alias = $1"), params![alias]).await
}

/// Writes a name, new or changed.
pub(crate) async fn put_alias(tx: &mut Tx, a: &Alias) -> Result<()> {
    tx.execute(
        "INSERT INTO insight_alias (id, alias, written, place, area, source, dropped, cases, at, by_name)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (id) DO UPDATE SET alias = excluded.alias, written = excluded.written, place = excluded.place,
             area = excluded.area, source = excluded.source, dropped = excluded.dropped, cases = excluded.cases,
             at = excluded.at, by_name = excluded.by_name",
        params![
            a.id, &a.alias, &a.written, &a.place, &a.area, a.source, a.dropped, a.cases, a.at, &a.by_name
        ],
    )
    .await?;
    Ok(())
}
