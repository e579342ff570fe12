//! Reading accounts: a page of the list, one with its posts. Two queries either way.

use std::collections::HashMap;

use linli_kernel::{Actor, AreaCode, Cursor, Page, Result, Role, Timestamp, actor::AccountId};
use linli_store::{Conn, Where};
use serde::Serialize;

use super::{
    Service, Status,
    store::{self, AccountRow, COLUMNS},
};
use crate::{Access, Purpose, Target, keyring, masking::Masked};

/// An account as administrators see it.
#[derive(Debug, Clone, Serialize)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// The log-in name.
    pub login: String,
    /// The person's name.
    pub name: String,
    /// Where it is administered.
    pub area: AreaCode,
    /// Masked phone.
    pub phone: Option<Masked>,
    /// Whether it may log in.
    pub status: Status,
    /// Whether the password is to be changed.
    pub must_change: bool,
    /// Since when the second factor is set up.
    pub factor_at: Option<Timestamp>,
    /// Since when it exists.
    pub created_at: Timestamp,
    /// The last log-in.
    pub last_login_at: Option<Timestamp>,
    /// Posts, past ones included.
    pub posts: Vec<Service>,
}

/// What narrows the list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Part of the name or log-in name, pinyin initials, or a whole phone number.
    pub search: Option<String>,
    /// Only these states.
    pub status: Option<Status>,
    /// Only holders of this role now.
    pub role: Option<Role>,
    /// Only accounts of this area.
    pub area: Option<AreaCode>,
    /// Continue after this row.
    pub after: Option<Cursor>,
    /// Rows of a page.
    pub size: usize,
}

impl Account {
    fn new(row: AccountRow, access: &Access) -> Result<Self> {
        let place = AccountRow::phone_place(row.id);
        let phone = access.keyring.open_text(Purpose::Staff, &place, row.phone.as_deref())?;
        Ok(Self {
            id: row.id,
            login: row.login,
            name: row.name,
            area: row.area,
            phone: phone.as_deref().map(Masked::phone),
            status: row.status,
            must_change: row.must_change,
            factor_at: row.factor_at,
            created_at: row.created_at,
            last_login_at: row.last_login_at,
            posts: Vec::new(),
        })
    }

    /// The posts held at `now`.
    pub fn serving(&self, now: Timestamp) -> impl Iterator<Item = &Service> {
        self.posts.iter().filter(move |p| p.held(now))
    }
}

/// A page of the accounts that `actor` may see, newest first.
pub async fn list(
    conn: &mut Conn,
    access: &Access,
    actor: &Actor,
    filter: &Filter,
    now: Timestamp,
) -> Result<Page<Account>> {
    access.policy.require_somewhere(actor, "account.list")?;
    let mut rows = Where::new();
    access.policy.scope(actor, "account.list").filter(&mut rows, "area", "");
    rows.and_some("status = ?", filter.status);
    if let Some(area) = &filter.area {
        rows.within("area", std::slice::from_ref(area));
    }
    if let Some(role) = filter.role {
        rows.and(
            "EXISTS (SELECT 1 FROM post p WHERE p.account_id = account.id AND p.role = ? AND p.from_at <= ?
                 AND (p.until_at IS NULL OR p.until_at > ?))",
            vec![role.into(), now.into(), now.into()],
        );
    }
    if let Some(words) = filter.search.as_deref().map(str::trim).filter(|w| !w.is_empty()) {
        let escaped: String = words
            .chars()
            .flat_map(|c| matches!(c, '%' | '_' | '\\').then_some('\\').into_iter().chain([c]))
            .collect();
        let lower = escaped.to_lowercase();
        let phone = access.keyring.lookup(Purpose::Staff, &keyring::normal(words))?;
        rows.and(
            r"name LIKE ? ESCAPE '\' OR login LIKE ? ESCAPE '\' OR initials LIKE ? ESCAPE '\' OR phone_hash = ?",
            vec![
                format!("%{escaped}%").into(),
                format!("%{lower}%").into(),
                format!("{lower}%").into(),
                phone.into(),
            ],
        );
    }
    rows.before("created_at", "id", filter.after);
    let size = filter.size.clamp(1, 200);
    let limit = rows.bind(i64::try_from(size + 1).unwrap_or(i64::MAX));
    let sql = format!(
        "SELECT {COLUMNS} FROM account{} ORDER BY created_at DESC, id DESC LIMIT {limit}",
        rows.text()
    );
    let found: Vec<AccountRow> = conn.all(&sql, rows.args()).await?;
    let page = Page::cut(found, size, |row| Cursor { key: row.created_at.millis(), id: row.id.0 });
    let ids: Vec<AccountId> = page.items.iter().map(|row| row.id).collect();
    let mut posts: HashMap<AccountId, Vec<Service>> = HashMap::new();
    for post in store::posts_of(conn, &ids).await? {
        posts.entry(post.account_id).or_default().push(post.into());
    }
    let mut items = Vec::new();
    for row in page.items {
        let mut account = Account::new(row, access)?;
        account.posts = posts.remove(&account.id).unwrap_or_default();
        items.push(account);
    }
    Ok(Page { items, next: page.next })
}

/// One account with its posts.
pub async fn get(conn: &mut Conn, access: &Access, actor: &Actor, id: AccountId) -> Result<Account> {
    let row = store::by_id(conn, id).await?;
    access.policy.permits(actor, "account.read", &Target::at(&row.area))?;
    let mut account = Account::new(row, access)?;
    account.posts = store::posts_of(conn, &[id]).await?.into_iter().map(Into::into).collect();
    Ok(account)
}
