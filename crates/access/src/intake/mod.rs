//! Accounts from a sheet (账号导入): looked at first, then made whole or not at all. The system administrator makes
//! the accounts; the posts that the sheet names are only asked for, and the security officer grants them.

pub mod plan;
pub mod wishes;

use std::collections::{BTreeMap, BTreeSet};

use linli_kernel::{Error, Result, Timestamp, params};
use linli_store::{Conn, District, Entry, Op, Where};
use linli_web::sheet::{self, Sheet};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Access, Authorise, Purpose, Target,
    accounts::{self, NewAccount},
    password::Initial,
    places::Places,
};
use plan::{Ground, Plan};

linli_kernel::typed_id! {
    /// One sheet of accounts.
    IntakeId
}

/// The largest file.
pub const BYTES: usize = 5 * 1024 * 1024;
/// The most rows: each first password takes its time.
pub const ROWS: usize = 2000;
/// How long a sheet that nobody imported, or passwords that nobody fetched, are kept.
const KEPT_MS: i64 = 7 * 24 * 3_600_000;

/// A sheet in the list.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Intake {
    /// Its id.
    pub id: IntakeId,
    /// Name of the file.
    pub file: String,
    /// Accounts that it made.
    pub added: i64,
    /// Who brought it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was imported, if it was.
    pub applied_at: Option<Timestamp>,
    /// When the first passwords were handed out.
    pub handed_at: Option<Timestamp>,
    /// Whether they wait to be handed out.
    pub waiting: bool,
}

const COLUMNS: &str =
    "id, file, added, created_by, created_at, applied_at, handed_at, passwords IS NOT NULL AS waiting";

/// A first password, until it is handed out.
#[derive(Debug, Serialize, Deserialize)]
pub struct First {
    /// The log-in name.
    pub login: String,
    /// The person.
    pub name: String,
    /// The password.
    pub password: String,
}

fn place(id: IntakeId, what: &str) -> String {
    format!("account_intake/{id}/{what}")
}

fn may(op: &Op) -> Result<()> {
    op.permit("account.create", &Target::at(&op.district.area))
}

async fn log(op: &mut Op, action: &'static str, id: IntakeId, detail: serde_json::Value) -> Result<()> {
    let area = op.district.area.clone();
    op.log(Entry { action, subject: "account_intake", subject_id: id.to_string(), area, detail }).await
}

/// The latest sheets.
pub async fn list(conn: &mut Conn) -> Result<Vec<Intake>> {
    let sql = format!("SELECT {COLUMNS} FROM account_intake ORDER BY created_at DESC, id DESC LIMIT 20");
    conn.all(&sql, vec![]).await
}

/// One sheet.
pub async fn get(conn: &mut Conn, id: IntakeId) -> Result<Intake> {
    conn.one(&format!("SELECT {COLUMNS} FROM account_intake WHERE id = $1"), params![id]).await
}

/// What a sheet would do now.
async fn planned(conn: &mut Conn, district: &District, sheet: Sheet) -> Result<Plan> {
    let access = district.port::<Access>()?;
    let logins = plan::logins(&sheet);
    let mut taken = BTreeMap::new();
    for piece in logins.chunks(500) {
        let mut rows = Where::new();
        rows.any("login", piece);
        let sql = format!("SELECT login, name FROM account{}", rows.text());
        let found: Vec<(String, String)> = conn.all(&sql, rows.args()).await?;
        taken.extend(found);
    }
    let places = Places::of(district);
    let orgs = (places.orgs)(district);
    let mut areas: BTreeSet<_> = (places.areas)(district).into_iter().map(|(code, _)| code).collect();
    areas.extend(orgs.iter().map(|org| org.area.clone()));
    areas.insert(district.area.clone());
    let ground = Ground {
        district: &district.area,
        policy: &access.policy,
        orgs: &orgs,
        areas: &areas,
        taken: &taken,
    };
    plan::plan(sheet, &ground)
}

fn kept(access: &Access, id: IntakeId, sealed: Option<Vec<u8>>) -> Result<Sheet> {
    let sealed = sealed.ok_or(Error::Conflict("intake-error-done"))?;
    let open = access.keyring.open(Purpose::Staff, &place(id, "sheet"), &sealed)?;
    let (headers, rows, numbers) = serde_json::from_slice(&open).map_err(Error::internal)?;
    Ok(Sheet { headers, rows, numbers })
}

/// Takes a sheet to be looked at; refuses what is no table of accounts. The caller commits.
pub async fn upload(op: &mut Op, file: &str, bytes: &[u8]) -> Result<IntakeId> {
    may(op)?;
    if bytes.len() > BYTES {
        return Err(Error::field("file", "error-sheet-too-large"));
    }
    let sheet = sheet::read_limited(bytes, file, ROWS)?;
    let district = op.district.clone();
    let plan = planned(&mut op.tx, &district, sheet).await?;
    let old = op.now.millis() - KEPT_MS;
    op.tx
        .execute("DELETE FROM account_intake WHERE applied_at IS NULL AND created_at < $1", params![old])
        .await?;
    op.tx.execute("UPDATE account_intake SET passwords = NULL WHERE applied_at < $1", params![old]).await?;
    let id = IntakeId(op.uuid());
    let open = serde_json::to_vec(&(&plan.sheet.headers, &plan.sheet.rows, &plan.sheet.numbers));
    let sealed = district.port::<Access>()?.keyring.seal(
        Purpose::Staff,
        &place(id, "sheet"),
        &open.map_err(Error::internal)?,
    )?;
    let by = op.actor.name().to_owned();
    op.tx
        .execute(
            "INSERT INTO account_intake (id, file, sheet, created_by, created_at) VALUES ($1, $2, $3, $4, $5)",
            params![id, file, sealed, by, op.now],
        )
        .await?;
    let detail = json!({ "file": file, "rows": plan.sheet.rows.len(), "wrong": plan.wrong_rows() });
    log(op, "account_intake.upload", id, detail).await?;
    Ok(id)
}

/// What a waiting sheet would do.
pub async fn look(conn: &mut Conn, district: &District, id: IntakeId) -> Result<Plan> {
    let (sealed,): (Option<Vec<u8>>,) =
        conn.one("SELECT sheet FROM account_intake WHERE id = $1", params![id]).await?;
    let sheet = kept(&*district.port::<Access>()?, id, sealed)?;
    planned(conn, district, sheet).await
}

/// First passwords for the accounts that a sheet makes. Hashing takes its time: before the transaction.
pub async fn passwords(district: &District, plan: &Plan) -> Result<BTreeMap<String, Initial>> {
    let access = district.port::<Access>()?;
    let mut all = BTreeMap::new();
    for line in &plan.lines {
        all.insert(line.login.clone(), access.passwords.initial(&district.ids).await?);
    }
    Ok(all)
}

/// Makes the accounts whole, or none: not while a row is wrong, and not if the sheet would now do something
/// else than when the passwords were made. The caller commits.
pub async fn run(op: &mut Op, id: IntakeId, initials: &BTreeMap<String, Initial>) -> Result<i64> {
    may(op)?;
    let district = op.district.clone();
    let lock = op.tx.dialect("", "FOR UPDATE").to_owned();
    let (sealed,): (Option<Vec<u8>>,) =
        op.tx.one(&format!("SELECT sheet FROM account_intake WHERE id = $1 {lock}"), params![id]).await?;
    let access = district.port::<Access>()?;
    let sheet = kept(&access, id, sealed)?;
    let plan = planned(&mut op.tx, &district, sheet).await?;
    if !plan.faults.is_empty() {
        return Err(Error::Conflict("intake-error-faults"));
    }
    let same =
        plan.lines.len() == initials.len() && plan.lines.iter().all(|l| initials.contains_key(&l.login));
    if !same {
        return Err(Error::Conflict("intake-error-changed"));
    }
    let mut firsts = Vec::new();
    for line in plan.lines {
        let initial = initials.get(&line.login).ok_or(Error::Conflict("intake-error-changed"))?;
        firsts.push(First {
            login: line.login.clone(),
            name: line.name.clone(),
            password: initial.clear.clone(),
        });
        let new = NewAccount { login: line.login, name: line.name, area: line.area, phone: line.phone };
        let account = accounts::create(op, new, initial).await?;
        if let Some(wish) = line.wish {
            wishes::ask(op, account, &wish).await?;
        }
    }
    let open = serde_json::to_vec(&firsts).map_err(Error::internal)?;
    let sealed = access.keyring.seal(Purpose::Staff, &place(id, "passwords"), &open)?;
    let added = i64::try_from(firsts.len()).map_err(Error::internal)?;
    let waiting = (added > 0).then_some(sealed);
    op.tx
        .execute(
            "UPDATE account_intake SET sheet = NULL, passwords = $2, added = $3, applied_at = $4 WHERE id = $1",
            params![id, waiting, added, op.now],
        )
        .await?;
    log(op, "account_intake.run", id, json!({ "added": added, "known": plan.known })).await?;
    Ok(added)
}

/// Hands the first passwords out, once. The caller commits before it answers.
pub async fn hand_out(op: &mut Op, id: IntakeId) -> Result<Vec<First>> {
    may(op)?;
    let lock = op.tx.dialect("", "FOR UPDATE").to_owned();
    let (sealed,): (Option<Vec<u8>>,) =
        op.tx.one(&format!("SELECT passwords FROM account_intake WHERE id = $1 {lock}"), params![id]).await?;
    let sealed = sealed.ok_or(Error::Conflict("intake-error-handed"))?;
    let access = op.district.port::<Access>()?;
    let open = access.keyring.open(Purpose::Staff, &place(id, "passwords"), &sealed)?;
    let firsts: Vec<First> = serde_json::from_slice(&open).map_err(Error::internal)?;
    op.tx
        .execute(
            "UPDATE account_intake SET passwords = NULL, handed_at = $2 WHERE id = $1",
            params![id, op.now],
        )
        .await?;
    log(op, "account_intake.hand_out", id, json!({ "accounts": firsts.len() })).await?;
    Ok(firsts)
}

/// Throws a sheet away that was not imported. The caller commits.
pub async fn forget(op: &mut Op, id: IntakeId) -> Result<()> {
    may(op)?;
    let gone =
        op.tx.execute("DELETE FROM account_intake WHERE id = $1 AND applied_at IS NULL", params![id]).await?;
    if gone == 0 {
        return Err(Error::NotFound);
    }
    log(op, "account_intake.forget", id, json!({})).await
}
