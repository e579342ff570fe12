//! Founding a district's accounts in one go, as the system itself: the demo district, or the first three
//! administrators of a real one. Everything later goes through [`super::create`] and [`super::grant`].

use linli_kernel::{Actor, AreaCode, Error, Result, actor::AccountId};
use linli_store::{Entry, Op};
use serde_json::json;

use super::{
    NewPost, PostId, parse_login,
    store::{self, PostRow},
};
use crate::Access;

/// Somebody with an account and posts from the start.
#[derive(Debug, Clone)]
pub struct Founder {
    /// The account's id; a demo keeps it the same for the same seed.
    pub id: AccountId,
    /// The log-in name.
    pub login: String,
    /// The person's name.
    pub name: String,
    /// Where the account is administered.
    pub area: AreaCode,
    /// Phone, if known.
    pub phone: Option<String>,
    /// What they do from the start.
    pub posts: Vec<NewPost>,
}

/// Writes those who are not there yet, with the same password for all. The caller commits.
pub async fn found(op: &mut Op, people: &[Founder], password_hash: &str, must_change: bool) -> Result<usize> {
    if op.actor != Actor::System {
        return Err(Error::Forbidden("error-forbidden"));
    }
    let access = op.district.port::<Access>()?;
    let mut made = 0;
    for founder in people {
        let login = parse_login(&founder.login)?;
        if store::by_login(&mut op.tx, &login).await?.is_some() {
            continue;
        }
        let roles: Vec<_> = founder.posts.iter().map(|p| p.role).collect();
        if let Some((one, other)) = access.policy.conflict(&roles) {
            return Err(Error::internal(format!("{login} may not be {one} and {other} at once")));
        }
        let person =
            super::app::person(&access, founder.id, &founder.name, &founder.area, founder.phone.as_deref())?;
        store::insert(&mut op.tx, founder.id, &login, person, password_hash, op.now).await?;
        store::set_password(&mut op.tx, founder.id, password_hash, must_change, op.now).await?;
        for post in &founder.posts {
            let row = PostRow {
                id: PostId(op.uuid()),
                account_id: founder.id,
                role: post.role,
                area: post.area.clone(),
                org_id: post.org,
                from_at: post.from.unwrap_or(op.now),
                until_at: post.until,
                granted_by: op.actor.name().to_owned(),
            };
            store::insert_post(&mut op.tx, &row).await?;
        }
        made += 1;
    }
    op.log(Entry {
        action: "account.found",
        subject: "account",
        subject_id: String::new(),
        area: op.district.area.clone(),
        detail: json!({ "accounts": made }),
    })
    .await?;
    Ok(made)
}
