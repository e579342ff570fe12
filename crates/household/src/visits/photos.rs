//! Photos of a visit: they come up before the entry that names them, each once under the phone's own id.

use linli_access::Scope;
use linli_kernel::{Error, Result, actor::AccountId, params};
use linli_store::{Conn, Op, Tx, Where};
use uuid::Uuid;

use super::Entry;

/// Photos of one entry.
pub const MOST_PHOTOS: usize = 6;
/// Photos that wait for their entry, of one account: a broken phone must not fill the disk.
const MOST_LOOSE: i64 = 200;

/// Keeps a photo whose files are on disk; answers whether it is new.
pub async fn keep(op: &mut Op, id: Uuid, full: &str, small: &str) -> Result<bool> {
    let account = op.actor.account().ok_or(Error::Unauthorised)?;
    let now = op.now;
    let loose: i64 = op
        .tx
        .scalar(
            "SELECT count(*) FROM visit_photo WHERE account_id = $1 AND entry_id IS NULL AND id <> $2",
            params![account, id],
        )
        .await?;
    if loose >= MOST_LOOSE {
        return Err(Error::TooLarge("error-too-many-files"));
    }
    let written = op
        .tx
        .execute(
            "INSERT INTO visit_photo (id, account_id, full_blob, small_blob, received_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (id) DO NOTHING",
            params![id, account, full, small, now],
        )
        .await?;
    if written == 1 {
        return Ok(true);
    }
    let (owner, blob): (AccountId, String) =
        op.tx.one("SELECT account_id, full_blob FROM visit_photo WHERE id = $1", params![id]).await?;
    if owner == account && blob == full { Ok(false) } else { Err(Error::Conflict("error-key-reused")) }
}

/// Whether all photos of an entry have come up, by the same account, and belong to no other entry.
pub(super) async fn all_there(tx: &mut Tx, account: AccountId, entry: &Entry) -> Result<bool> {
    if entry.photos.is_empty() {
        return Ok(true);
    }
    let mut rows = Where::new();
    rows.any("id", &entry.photos);
    rows.and("account_id = ? AND (entry_id IS NULL OR entry_id = ?)", params![account, entry.id]);
    let there: i64 =
        tx.scalar(&format!("SELECT count(*) FROM visit_photo{}", rows.text()), rows.args()).await?;
    Ok(usize::try_from(there).is_ok_and(|n| n == entry.photos.len()))
}

/// Gives the photos to their entry; false if another was faster with one of them.
pub(super) async fn give(tx: &mut Tx, entry: &Entry, area: &linli_kernel::AreaCode) -> Result<bool> {
    for id in &entry.photos {
        let given = tx
            .execute(
                "UPDATE visit_photo SET entry_id = $2, area = $3 WHERE id = $1 AND entry_id IS NULL",
                params![*id, entry.id, area],
            )
            .await?;
        if given != 1 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The file of a photo within the scope.
pub(crate) async fn file(conn: &mut Conn, scope: &Scope, id: Uuid, small: bool) -> Result<String> {
    let mut rows = Where::new();
    rows.and("p.id = ? AND p.entry_id IS NOT NULL", params![id]);
    scope.filter(&mut rows, "p.area", "");
    let sql = format!("SELECT p.full_blob, p.small_blob FROM visit_photo p{}", rows.text());
    let found: Option<(String, String)> = conn.optional(&sql, rows.args()).await?;
    let (full, thumbnail) = found.ok_or(Error::NotFound)?;
    Ok(if small { thumbnail } else { full })
}
