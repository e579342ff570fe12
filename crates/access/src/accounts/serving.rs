//! Who serves in an area (在岗人员): for slices that ask somebody of a place to do something.

use linli_kernel::{AreaCode, Result, Role, Timestamp, actor::AccountId};
use linli_store::{Conn, Where};

/// Somebody in a post.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Serving {
    /// Who.
    pub account: AccountId,
    /// By name.
    pub name: String,
    /// As what.
    pub role: Role,
    /// Where.
    pub area: AreaCode,
}

/// Whoever holds one of these roles inside `area` at `now`, in the order of the places. The caller asks whether that
/// may be known.
pub async fn serving(
    conn: &mut Conn,
    area: &AreaCode,
    roles: &[Role],
    now: Timestamp,
) -> Result<Vec<Serving>> {
    if roles.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = Where::new();
    rows.any("p.role", roles)
        .within("p.area", std::slice::from_ref(area))
        .and("p.from_at <= ? AND (p.until_at IS NULL OR p.until_at > ?)", vec![now.into(), now.into()])
        .and("a.status = 'active'", vec![]);
    let sql = format!(
        "SELECT p.account_id AS account, a.name, p.role, p.area FROM post p JOIN account a ON a.id = p.account_id{}
         ORDER BY p.area, p.from_at, p.id",
        rows.text()
    );
    conn.all(&sql, rows.args()).await
}
