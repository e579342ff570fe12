//! Granting and ending posts (授岗、撤岗): the security officer's work. The caller commits.

use linli_kernel::{
    Actor, AreaCode, Error, FieldError, Result, Role, Timestamp,
    actor::{AccountId, OrgId, Post},
};
use linli_store::{Conn, Op};
use serde::Serialize;
use serde_json::json;

use super::{
    PostId, Status,
    app::{entry, of_another, permitted},
    store::{self, AccountRow, PostRow},
};
use crate::{Access, Authorise, Target, places::Places, sessions};

/// A post with its time.
#[derive(Debug, Clone, Serialize)]
pub struct Service {
    /// Its id.
    pub id: PostId,
    /// Role, area and organisation.
    #[serde(flatten)]
    pub post: Post,
    /// From when.
    pub from_at: Timestamp,
    /// Until when; absent while it is open.
    pub until_at: Option<Timestamp>,
    /// Who granted it.
    pub granted_by: String,
}

impl Service {
    /// Whether it is held at `now`.
    pub fn held(&self, now: Timestamp) -> bool {
        self.from_at <= now && self.until_at.is_none_or(|end| end > now)
    }
}

impl From<PostRow> for Service {
    fn from(row: PostRow) -> Self {
        Self {
            id: row.id,
            post: Post { role: row.role, area: row.area, org: row.org_id },
            from_at: row.from_at,
            until_at: row.until_at,
            granted_by: row.granted_by,
        }
    }
}

/// The account as it acts at `now`; none when it is disabled.
pub async fn acting(conn: &mut Conn, id: AccountId, now: Timestamp) -> Result<Option<Actor>> {
    match store::by_id(conn, id).await {
        Ok(account) => act(conn, account, now).await,
        Err(Error::NotFound) => Ok(None),
        Err(other) => Err(other),
    }
}

/// As [`acting`], for who shows a token made at `made` beside the sessions. It is as good as the password was when it
/// was made: a new password or second factor, or the end of all other devices, ended it, and while a password is to be
/// changed nobody acts.
pub async fn acting_by_token(
    conn: &mut Conn,
    id: AccountId,
    made: Timestamp,
    now: Timestamp,
) -> Result<Option<Actor>> {
    match store::by_id(conn, id).await {
        Ok(account) if account.must_change || made < account.tokens_from => Ok(None),
        Ok(account) => act(conn, account, now).await,
        Err(Error::NotFound) => Ok(None),
        Err(other) => Err(other),
    }
}

async fn act(conn: &mut Conn, account: AccountRow, now: Timestamp) -> Result<Option<Actor>> {
    let id = account.id;
    if account.status != Status::Active {
        return Ok(None);
    }
    let services = store::posts_of(conn, &[id]).await?.into_iter().map(Service::from);
    let posts = services.filter(|service| service.held(now)).map(|service| service.post).collect();
    Ok(Some(Actor::Account { id, name: account.name, posts }))
}

/// What is chosen for a new post.
#[derive(Debug, Clone)]
pub struct NewPost {
    /// As what.
    pub role: Role,
    /// Where.
    pub area: AreaCode,
    /// For which organisation.
    pub org: OrgId,
    /// From when; absent means now.
    pub from: Option<Timestamp>,
    /// Until when; absent means until it is ended.
    pub until: Option<Timestamp>,
}

/// Gives `account` a post; what it does next begins with a new log-in, by the rules of what it may do now. Nobody grants one to oneself, and nobody comes to hold two of the three
/// administrator roles, not even one after the other with an overlap in the future.
pub async fn grant(op: &mut Op, account: AccountId, new: NewPost) -> Result<PostId> {
    of_another(op, account)?;
    let row = permitted(op, "role.grant", account).await?;
    Places::told(op, "role.grant", &new.area)?;
    let from = new.from.unwrap_or(op.now);
    if new.until.is_some_and(|until| until <= from || until <= op.now) {
        return Err(Error::field("until", "error-until-before-from"));
    }
    let held = store::posts_of(&mut op.tx, &[account]).await?;
    let open: Vec<&PostRow> = held.iter().filter(|p| p.until_at.is_none_or(|end| end > op.now)).collect();
    if open.iter().any(|p| p.role == new.role && p.area == new.area && p.org_id == new.org) {
        return Err(Error::Conflict("error-post-held"));
    }
    let access = op.district.port::<Access>()?;
    for post in open {
        if let Some((one, other)) = access.policy.conflict(&[post.role, new.role]) {
            let wrong = FieldError::new("role", "error-role-conflict").with("one", one).with("other", other);
            return Err(Error::Invalid(vec![wrong]));
        }
    }
    let post = PostRow {
        id: PostId(op.uuid()),
        account_id: account,
        role: new.role,
        area: new.area,
        org_id: new.org,
        from_at: from,
        until_at: new.until,
        granted_by: op.actor.name().to_owned(),
    };
    store::insert_post(&mut op.tx, &post).await?;
    if from <= op.now {
        sessions::store::revoke_all(&mut op.tx, account, None, op.now).await?;
    }
    let detail = json!({
        "role": post.role, "area": post.area, "org": post.org_id, "from": post.from_at, "until": post.until_at,
    });
    op.log(entry("role.grant", &row, detail)).await?;
    Ok(post.id)
}

/// Ends a post now, and its holder's sessions: what is seen next is decided without it.
pub async fn end(op: &mut Op, id: PostId) -> Result<()> {
    let post = store::post(&mut op.tx, id).await?;
    let row = permitted(op, "role.grant", post.account_id).await?;
    op.permit("role.grant", &Target::at(&post.area))?;
    of_another(op, post.account_id)?;
    if !store::end_post(&mut op.tx, id, op.now).await? {
        return Err(Error::Conflict("error-post-ended"));
    }
    sessions::store::revoke_all(&mut op.tx, post.account_id, None, op.now).await?;
    let detail = json!({ "ended": true, "role": post.role, "area": post.area, "org": post.org_id });
    op.log(entry("role.grant", &row, detail)).await
}

/// All posts that `account` ever held.
pub async fn history(conn: &mut Conn, account: AccountId) -> Result<Vec<Service>> {
    Ok(store::posts_of(conn, &[account]).await?.into_iter().map(Into::into).collect())
}
