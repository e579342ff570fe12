//! Showing that a phone is one's own: six digits in a message, typed back. It answers the same whether anybody
//! knows the phone or not; only who has proven it sees what is registered under it.

use std::{sync::Arc, time::Duration};

use linli_access::{Access, Purpose};
use linli_kernel::{Error, Result, Timestamp, params, person::parse_phone};
use linli_store::{
    Conn, District, Op,
    outbox::Task,
    worker::{PERMANENT, Work},
};
use serde::{Deserialize, Serialize};

use super::ProofId;
use crate::{
    code::{Code, letters, same},
    model::Field,
    store::{Seal, people::Resident},
};

/// The cookie that a browser keeps while the phone is proven.
pub const SESSION: &str = "linli_home";

/// So long a message counts.
const DIGITS_FOR: Duration = Duration::from_mins(10);
/// So long a proven phone counts: long enough to fill a form slowly.
const SESSION_FOR: Duration = Duration::from_hours(1);
/// A number that nobody has confirmed for so long may be somebody else's by now: operators give a number out again
/// some ninety days after it was given up.
const SURE_FOR: Duration = Duration::from_hours(180 * 24);
/// Wrong digits until a message counts no more.
const TRIES: i64 = 5;
/// Messages to one phone within the time of one, and within a day.
const PER_PHONE: i64 = 3;
const PER_DAY: i64 = 10;

/// A message to a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Where to.
    pub phone: String,
    /// The digits; the words around them are the channel's template.
    pub digits: String,
    /// The id under which a channel notices a repeat.
    pub id: ProofId,
}

/// A port: the channel by which messages go to phones (短信通道). Where none is wired nobody is promised a message.
pub struct TextMessages(pub Box<dyn Fn(Message) -> Work<'static> + Send + Sync>);

/// The outbox kind of a message that is owed.
pub(super) const SEND: &str = "household.phone_code";

#[derive(Serialize, Deserialize)]
struct Owed {
    proof: ProofId,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: ProofId,
    phone: Vec<u8>,
    phone_hash: Vec<u8>,
    digits: Vec<u8>,
    tries: i64,
    expires_at: Timestamp,
    proven_at: Option<Timestamp>,
    name: Option<Vec<u8>>,
}

const ROW: &str = "p.id, p.phone, p.phone_hash, p.digits, p.tries, p.expires_at, p.proven_at, p.name";

fn open(access: &Access, id: ProofId, field: &str, sealed: &[u8]) -> Result<String> {
    let seal = Seal::new(access);
    let text = seal.open(Purpose::Resident, "phone_proof", id.0, field, Some(sealed))?;
    Ok(text.unwrap_or_default())
}

/// A phone that was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Which message.
    pub id: ProofId,
    /// Nobody has asked this phone within a day: for what the address behind it may still cost.
    pub first: bool,
}

/// A mobile phone as people type it.
fn mobile(text: &str) -> Result<String> {
    parse_phone(text)
        .filter(|phone| phone.len() == 11 && phone.starts_with('1'))
        .ok_or_else(|| Error::field("phone", "door-phone-bad"))
}

/// Owes a message to `phone`. Limits count by phone and by the code at the door, for every process alike.
pub async fn ask(op: &mut Op, code: Option<&Code>, phone: &str) -> Result<Asked> {
    let phone = mobile(phone)?;
    let access = op.district.port::<Access>()?;
    let seal = Seal::new(&access);
    let hash = seal.phone_hash(&phone)?;
    let (now, soon, day) = (op.now, op.now.minus(DIGITS_FOR), op.now.minus(Duration::from_hours(24)));
    let (recent, today): (i64, i64) = op
        .tx
        .one(
            "SELECT count(CASE WHEN asked_at > $2 THEN 1 END), count(*) FROM phone_proof WHERE phone_hash = $1 AND asked_at > $3",
            params![hash.clone(), soon, day],
        )
        .await?;
    if recent >= PER_PHONE {
        return Err(Error::field("phone", "door-phone-often"));
    }
    if today >= PER_DAY {
        return Err(Error::field("phone", "door-phone-today"));
    }
    if let Some(code) = code {
        let hour = now.minus(Duration::from_hours(1));
        let through: i64 = op
            .tx
            .scalar(
                "SELECT count(*) FROM phone_proof WHERE code_id = $1 AND asked_at > $2",
                params![code.id, hour],
            )
            .await?;
        if through >= code.kind.hourly() {
            return Err(Error::field("phone", "door-code-often"));
        }
    }
    let id = ProofId(op.uuid());
    let digits = format!("{:06}", u32::from_be_bytes(op.district.ids.bytes()) % 1_000_000);
    let sealed = |field: &str, text: &str| seal.seal(Purpose::Resident, "phone_proof", id.0, field, text);
    let values = params![
        id,
        code.map(|c| c.id),
        sealed("phone", &phone)?,
        hash,
        sealed("digits", &digits)?,
        0_i64,
        now,
        now.plus(DIGITS_FOR)
    ];
    op.tx
        .execute(
            "INSERT INTO phone_proof (id, code_id, phone, phone_hash, digits, tries, asked_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            values,
        )
        .await?;
    if op.district.ports.get::<TextMessages>().is_some() {
        op.emit(SEND, &Owed { proof: id }).await?;
    }
    Ok(Asked { id, first: today == 0 })
}

/// The digits of a message, for a demonstration without a channel.
pub async fn digits_of(conn: &mut Conn, access: &Access, id: ProofId) -> Result<String> {
    let row: Row = conn.one(&format!("SELECT {ROW} FROM phone_proof p WHERE p.id = $1"), params![id]).await?;
    open(access, id, "digits", &row.digits)
}

/// What became of digits that were typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// They are right: what the browser keeps.
    Right(String),
    /// They are wrong; so many tries are left.
    Wrong(i64),
    /// The message counts no more.
    Over,
}

/// Checks digits; `name` is whose phone it is, for numbers that nobody has confirmed for long. The caller commits
/// whatever the answer: a wrong try is counted.
pub async fn prove(op: &mut Op, id: ProofId, digits: &str, name: &str) -> Result<Proof> {
    let access = op.district.port::<Access>()?;
    let lock = op.tx.dialect("", "FOR UPDATE OF p");
    let sql = format!("SELECT {ROW} FROM phone_proof p WHERE p.id = $1 {lock}");
    let Some(row) = op.tx.optional::<Row>(&sql, params![id]).await? else { return Ok(Proof::Over) };
    if row.expires_at <= op.now || row.tries >= TRIES || row.proven_at.is_some() {
        return Ok(Proof::Over);
    }
    let typed: String = digits.chars().filter(char::is_ascii_digit).collect();
    if !same(open(&access, id, "digits", &row.digits)?.as_bytes(), typed.as_bytes()) {
        op.tx.execute("UPDATE phone_proof SET tries = tries + 1 WHERE id = $1", params![id]).await?;
        let left = TRIES - row.tries - 1;
        return Ok(if left == 0 { Proof::Over } else { Proof::Wrong(left) });
    }
    let token = letters(&op.district.ids.bytes::<20>());
    let kept = access.keyring.lookup(Purpose::Resident, &format!("session/{token}"))?;
    let name = Some(bare(name)).filter(|name| !name.is_empty());
    let seal = Seal::new(&access);
    let sealed = name.map(|n| seal.seal(Purpose::Resident, "phone_proof", id.0, "name", &n)).transpose()?;
    op.tx
        .execute(
            "UPDATE phone_proof SET proven_at = $2, session = $3, session_until = $4, name = $5 WHERE id = $1",
            params![id, op.now, kept, op.now.plus(SESSION_FOR), sealed],
        )
        .await?;
    Ok(Proof::Right(token))
}

/// A phone that is proven now.
#[derive(Clone, PartialEq, Eq)]
pub struct Held {
    /// In clear.
    pub phone: String,
    /// As the register finds it.
    pub hash: Vec<u8>,
    /// Whose it is, if they said so.
    pub name: Option<String>,
}

/// A name as it is compared: without spaces and dots between.
fn bare(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace() && !matches!(c, '·' | '•' | '.')).take(50).collect()
}

impl Held {
    /// Whether a record that has this phone is of who holds it now: its number was confirmed not long ago, or they
    /// know whose it is.
    pub(crate) fn owns(&self, record: &Resident, now: Timestamp) -> Result<bool> {
        if record.marks()?.of(Field::Phone).at.plus(SURE_FOR) > now {
            return Ok(true);
        }
        let Some(said) = &self.name else { return Ok(false) };
        Ok(bare(&record.name) == *said)
    }
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&linli_kernel::person::mask_phone(&self.phone))
    }
}

/// The phone that a browser has proven, if it still counts.
pub async fn held(conn: &mut Conn, access: &Access, token: &str, now: Timestamp) -> Result<Option<Held>> {
    if token.is_empty() {
        return Ok(None);
    }
    let kept = access.keyring.lookup(Purpose::Resident, &format!("session/{token}"))?;
    let sql = format!("SELECT {ROW} FROM phone_proof p WHERE p.session = $1 AND p.session_until > $2");
    let Some(row) = conn.optional::<Row>(&sql, params![kept, now]).await? else { return Ok(None) };
    let name = row.name.as_deref().map(|sealed| open(access, row.id, "name", sealed)).transpose()?;
    Ok(Some(Held { phone: open(access, row.id, "phone", &row.phone)?, hash: row.phone_hash, name }))
}

/// Carries an owed message to the channel.
pub(super) fn send(district: Arc<District>, task: Task) -> Work<'static> {
    Box::pin(async move {
        let owed: Owed = serde_json::from_str(&task.payload).map_err(Error::internal)?;
        let channel = district.ports.get::<TextMessages>().ok_or(Error::Conflict(PERMANENT))?;
        let access = district.port::<Access>()?;
        let sql = format!("SELECT {ROW} FROM phone_proof p WHERE p.id = $1");
        let row: Option<Row> = district.db.read().await?.optional(&sql, params![owed.proof]).await?;
        // Late messages help nobody.
        let Some(row) = row.filter(|row| row.expires_at > district.clock.now()) else { return Ok(()) };
        let message = Message {
            phone: open(&access, row.id, "phone", &row.phone)?,
            digits: open(&access, row.id, "digits", &row.digits)?,
            id: row.id,
        };
        (channel.0)(message).await
    })
}
