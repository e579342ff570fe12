//! What administrators do with accounts. The caller commits.

use linli_kernel::{AreaCode, Error, Result, actor::AccountId, error::Check, person};
use linli_store::{Entry, Op};
use serde_json::{Value, json};

use super::{
    Status, parse_login,
    store::{self, AccountRow, Person},
};
use crate::{
    Access, Authorise, Purpose, Target, masking, password::Initial, places::Places, sessions, throttle,
};

/// What is typed for a new account.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The log-in name.
    pub login: String,
    /// The person's name.
    pub name: String,
    /// Where the account is administered: who may see and edit it.
    pub area: AreaCode,
    /// Phone, if known.
    pub phone: Option<String>,
}

/// What may be corrected later.
#[derive(Debug, Clone)]
pub struct Edit {
    /// The person's name.
    pub name: String,
    /// Where the account is administered.
    pub area: AreaCode,
    /// A new phone; absent leaves the old one.
    pub phone: Option<String>,
}

pub(crate) fn entry(action: &'static str, account: &AccountRow, detail: Value) -> Entry {
    Entry {
        action,
        subject: "account",
        subject_id: account.id.to_string(),
        area: account.area.clone(),
        detail,
    }
}

/// Loads the account for an administrator's `action`; what is not visible is not there.
pub(super) async fn permitted(op: &mut Op, action: &str, id: AccountId) -> Result<AccountRow> {
    let account = store::locked(&mut op.tx, id).await?;
    op.permit(action, &Target::at(&account.area))?;
    Ok(account)
}

/// Nobody does this to the own account.
pub(super) fn of_another(op: &Op, id: AccountId) -> Result<()> {
    if op.actor.account() == Some(id) { Err(Error::Forbidden("error-not-yourself")) } else { Ok(()) }
}

fn checked(name: &str, phone: Option<&str>) -> Result<(String, Option<String>)> {
    let mut check = Check::new();
    let name = check.text("name", name, 40);
    let phone = phone.map(str::trim).filter(|p| !p.is_empty());
    let phone = phone.and_then(|p| check.parse("phone", "error-phone", person::parse_phone(p)));
    check.done()?;
    Ok((name, phone))
}

pub(super) fn person<'a>(
    access: &Access,
    id: AccountId,
    name: &'a str,
    area: &'a AreaCode,
    phone: Option<&str>,
) -> Result<Person<'a>> {
    let sealed = access.keyring.seal_text(Purpose::Staff, &AccountRow::phone_place(id), phone)?;
    let hash = phone.map(|p| access.keyring.lookup(Purpose::Staff, p)).transpose()?;
    Ok(Person { name, area, phone: sealed, phone_hash: hash })
}

/// Makes an account with a password to be changed at the first log-in. It has no post yet and can do
/// nothing until the security officer grants one.
pub async fn create(op: &mut Op, new: NewAccount, initial: &Initial) -> Result<AccountId> {
    Places::told(op, "account.create", &new.area)?;
    let login = parse_login(&new.login)?;
    let (name, phone) = checked(&new.name, new.phone.as_deref())?;
    if store::by_login(&mut op.tx, &login).await?.is_some() {
        return Err(Error::field("login", "error-login-taken"));
    }
    let access = op.district.port::<Access>()?;
    let id = AccountId(op.uuid());
    let person = person(&access, id, &name, &new.area, phone.as_deref())?;
    store::insert(&mut op.tx, id, &login, person, &initial.hash, op.now).await?;
    op.log(Entry {
        action: "account.create",
        subject: "account",
        subject_id: id.to_string(),
        area: new.area,
        detail: json!({ "login": login, "name": name }),
    })
    .await?;
    Ok(id)
}

/// Corrects name, area or phone.
pub async fn edit(op: &mut Op, id: AccountId, edit: Edit) -> Result<()> {
    let account = permitted(op, "account.edit", id).await?;
    if edit.area != account.area {
        Places::told(op, "account.edit", &edit.area)?;
    }
    let (name, phone) = checked(&edit.name, edit.phone.as_deref())?;
    let access = op.district.port::<Access>()?;
    let place = AccountRow::phone_place(id);
    let old = access.keyring.open_text(Purpose::Staff, &place, account.phone.as_deref())?;
    let changed = phone.is_some() && phone != old;
    let person = person(&access, id, &name, &edit.area, phone.as_deref().or(old.as_deref()))?;
    store::update(&mut op.tx, id, person, op.now).await?;
    let detail = json!({
        "name": [account.name, name],
        "area": [account.area, edit.area],
        "phone_changed": changed,
    });
    op.log(entry("account.edit", &account, detail)).await
}

/// Lets an account log in, or not any more: then its sessions end at once.
pub async fn set_status(op: &mut Op, id: AccountId, status: Status) -> Result<()> {
    of_another(op, id)?;
    let account = permitted(op, "account.disable", id).await?;
    if account.status == status {
        return Ok(());
    }
    store::set_status(&mut op.tx, id, status, op.now).await?;
    if status == Status::Disabled {
        sessions::store::revoke_all(&mut op.tx, id, None, op.now).await?;
        store::end_tokens(&mut op.tx, id, op.now).await?;
    }
    op.log(entry("account.disable", &account, json!({ "status": status }))).await
}

/// Gives a new password, to be changed at the next log-in, and ends the sessions.
pub async fn reset_password(op: &mut Op, id: AccountId, initial: &Initial) -> Result<()> {
    of_another(op, id)?;
    let account = permitted(op, "account.reset_password", id).await?;
    store::set_password(&mut op.tx, id, &initial.hash, true, op.now).await?;
    sessions::store::revoke_all(&mut op.tx, id, None, op.now).await?;
    op.log(entry("account.reset_password", &account, json!({}))).await
}

/// Forgets a lost second factor; the next log-in sets up a new one. Another officer than the one who
/// resets passwords does this, so that neither alone can take over an account.
pub async fn reset_factor(op: &mut Op, id: AccountId) -> Result<()> {
    of_another(op, id)?;
    let account = permitted(op, "account.reset_factor", id).await?;
    store::set_factor(&mut op.tx, id, None, None, op.now).await?;
    store::put_recovery_codes(&mut op.tx, id, Vec::new()).await?;
    store::end_tokens(&mut op.tx, id, op.now).await?;
    sessions::store::revoke_all(&mut op.tx, id, None, op.now).await?;
    op.log(entry("account.reset_factor", &account, json!({}))).await
}

/// Ends the wait after failed log-ins.
pub async fn unlock(op: &mut Op, id: AccountId) -> Result<()> {
    let account = permitted(op, "account.unlock", id).await?;
    throttle::forgive_all(&mut op.tx, &sessions::login_key(&account.login)).await?;
    throttle::forgive(&mut op.tx, &sessions::factor_key(id)).await?;
    throttle::forgive(&mut op.tx, &sessions::password_key(id)).await?;
    op.log(entry("account.unlock", &account, json!({}))).await
}

/// As [`unlock`], for who knows the log-in name: the command line, when nobody who may unlock gets in.
pub async fn unlock_named(op: &mut Op, login: &str) -> Result<()> {
    let login = login.trim().to_ascii_lowercase();
    let account = store::by_login(&mut op.tx, &login).await?.ok_or(Error::NotFound)?;
    unlock(op, account.id).await
}

/// Shows a colleague's phone to who says why.
pub async fn reveal_phone(op: &mut Op, id: AccountId, reason: &str) -> Result<Option<String>> {
    let account = permitted(op, "account.read_contact", id).await?;
    let look = masking::Unmask {
        action: "account.read_contact",
        subject: "account",
        subject_id: id.to_string(),
        target: Target::at(&account.area),
        field: "phone",
        reason,
    };
    let sealed = account.phone.clone();
    masking::unmask(op, look, |access| {
        access.keyring.open_text(Purpose::Staff, &AccountRow::phone_place(id), sealed.as_deref())
    })
    .await
}
