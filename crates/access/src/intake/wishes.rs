//! Posts that were asked for (岗位申请), and the security officer's decisions.

use linli_kernel::{
    AreaCode, Error, Result, Role, Timestamp,
    actor::{AccountId, OrgId},
    params,
};
use linli_store::{Conn, Entry, Op, Where};
use serde::Serialize;
use serde_json::json;

use super::plan::Wish;
use crate::{
    Access, Authorise, Target,
    accounts::{self, NewPost},
};

linli_kernel::typed_id! {
    /// One post that was asked for.
    WishId
}

/// A post that waits for a decision.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Wanted {
    /// Its id.
    pub id: WishId,
    /// For whom.
    pub account_id: AccountId,
    /// Their log-in name.
    pub login: String,
    /// Their name.
    pub name: String,
    /// As what.
    pub role: Role,
    /// Where.
    pub area: AreaCode,
    /// For which organisation.
    pub org_id: OrgId,
    /// Who asks.
    pub asked_by: String,
    /// Since when.
    pub asked_at: Timestamp,
}

/// Notes a wish.
pub(super) async fn ask(op: &mut Op, account: AccountId, wish: &Wish) -> Result<()> {
    let (id, by) = (op.uuid(), op.actor.name().to_owned());
    op.tx
        .execute(
            "INSERT INTO post_wish (id, account_id, role, area, org_id, asked_by, asked_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            params![id, account, wish.role, &wish.area, wish.org, by, op.now],
        )
        .await?;
    Ok(())
}

/// What waits for a decision of `actor`, oldest first.
pub async fn open(conn: &mut Conn, access: &Access, actor: &linli_kernel::Actor) -> Result<Vec<Wanted>> {
    access.policy.require_somewhere(actor, "role.grant")?;
    let mut rows = Where::new();
    access.policy.scope(actor, "role.grant").filter(&mut rows, "w.area", "");
    rows.and("w.decided_at IS NULL", vec![]);
    let sql = format!(
        "SELECT w.id, w.account_id, a.login, a.name, w.role, w.area, w.org_id, w.asked_by, w.asked_at
         FROM post_wish w JOIN account a ON a.id = w.account_id{} ORDER BY w.asked_at, a.login, w.id LIMIT 500",
        rows.text()
    );
    conn.all(&sql, rows.args()).await
}

/// The result of one decision.
pub type Decided = (WishId, Result<()>);

/// Grants or refuses; each by itself, and one that the rules forbid stays open. The caller commits.
pub async fn decide(op: &mut Op, ids: &[WishId], grant: bool) -> Result<Vec<Decided>> {
    if ids.len() > 500 {
        return Err(Error::TooLarge("intake-error-too-many"));
    }
    let mut results = Vec::new();
    for &id in ids {
        let done = one(op, id, grant).await;
        if let Err(error @ (Error::Internal(_) | Error::Unavailable(_) | Error::Unauthorised)) = done {
            return Err(error);
        }
        results.push((id, done));
    }
    Ok(results)
}

async fn one(op: &mut Op, id: WishId, grant: bool) -> Result<()> {
    let lock = op.tx.dialect("", "FOR UPDATE").to_owned();
    let (account, role, area, org, decided): (AccountId, Role, AreaCode, OrgId, Option<Timestamp>) = op
        .tx
        .one(
            &format!("SELECT account_id, role, area, org_id, decided_at FROM post_wish WHERE id = $1 {lock}"),
            params![id],
        )
        .await?;
    op.permit("role.grant", &Target::at(&area))?;
    if decided.is_some() {
        return Err(Error::Conflict("intake-error-decided"));
    }
    if grant {
        let new = NewPost { role, area: area.clone(), org, from: None, until: None };
        accounts::grant(op, account, new).await?;
    }
    let by = op.actor.name().to_owned();
    op.tx
        .execute(
            "UPDATE post_wish SET decided_at = $2, decided_by = $3, granted = $4 WHERE id = $1",
            params![id, op.now, by, grant],
        )
        .await?;
    if !grant {
        let detail = json!({ "refused": true, "role": role, "org": org, "account": account });
        let entry =
            Entry { action: "role.grant", subject: "account", subject_id: account.to_string(), area, detail };
        op.log(entry).await?;
    }
    Ok(())
}
