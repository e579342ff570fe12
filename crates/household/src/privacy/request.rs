//! What residents ask of their data (查阅复制、删除): each is a case with a clock, and is answered by the register.

use linli_access::{Access, Authorise as _, Scope, Target};
use linli_kernel::{AreaCode, Error, Result, Timestamp, error::Check, params, text_enum, time::DAY_MS};
use linli_store::{Conn, Entry, Op, Where, worker::Work};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{
    all, export, rules,
    stewards::{CHECKS, HERE, LEFT},
};
use crate::{
    model::{Basis, ResidentId},
    rhythm,
    store::people,
};

linli_kernel::typed_id! {
    /// One request.
    RequestId
}

/// Days within which a request is answered.
const DAYS: i64 = 15;
/// Days for which an answer is shown to the phone by which it was asked, and a copy can be fetched again; the phone's
/// hash then goes.
const ANSWERED_DAYS: i64 = 30;

text_enum! {
    /// What is asked.
    pub enum Kind {
        /// 查阅、复制
        Export = "export",
        /// 删除
        Erasure = "erasure",
    }
}

text_enum! {
    /// Where a request stands.
    pub enum State {
        /// 办理中
        Open = "open",
        /// 已办结
        Done = "done",
        /// 不予办理
        Refused = "refused",
    }
}

/// A request as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Request {
    /// Its id.
    pub id: RequestId,
    /// What is asked.
    pub kind: Kind,
    /// Whose data.
    pub resident_id: ResidentId,
    /// Where they are registered now: whoever looks after them answers, also when they have moved since.
    pub area: AreaCode,
    /// In their words.
    pub note: String,
    /// Who wrote it down: themselves, or a worker for them.
    pub asked_by: String,
    /// When.
    pub asked_at: Timestamp,
    /// Answered by then.
    pub due_at: Timestamp,
    /// The case.
    pub case_id: Option<Uuid>,
    /// Its number.
    pub case_number: Option<String>,
    /// Where it stands.
    pub state: State,
    /// Who answered.
    pub ended_by: Option<String>,
    /// When.
    pub ended_at: Option<Timestamp>,
    /// What came of it, as JSON.
    pub outcome: Option<String>,
}

const REQUEST: &str = "q.id, q.kind, q.resident_id, r.area, q.note, q.asked_by, q.asked_at, q.due_at, q.case_id, q.case_number, q.state,
    q.ended_by, q.ended_at, q.outcome";

/// Where the columns of a [`Request`] come from.
const FROM: &str = "privacy_request q JOIN resident r ON r.id = q.resident_id";

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Outcome {
    /// Groups of fields, and how many things of them are gone.
    pub erased: Vec<(String, u64)>,
    /// Groups of fields that stay, each on the basis that the table names.
    pub kept: Vec<(String, Basis)>,
    /// Why it was refused.
    pub reason: Option<String>,
}

impl Request {
    /// What came of it.
    pub fn result(&self) -> Outcome {
        self.outcome.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
    }
}

/// What the desk of cases is asked to open; nothing of the person stands in it.
#[derive(Debug, Clone)]
pub struct Errand {
    /// Where.
    pub area: AreaCode,
    /// What is asked.
    pub kind: Kind,
    /// The request.
    pub request: RequestId,
}

/// A port: the desk of cases. Without it a request has its own clock only.
#[derive(Debug, Clone, Copy)]
pub struct Desk {
    /// Opens a case for a request; answers its id and number.
    pub open: for<'a> fn(&'a mut Op, Errand) -> Work<'a, (Uuid, String)>,
    /// Tells those who work on the case where its request stands now, so that they need not look there to end it.
    pub tell: fn(&mut Op, Uuid, State) -> Work<'_, ()>,
}

/// Writes down what somebody asks who has proved who they are. The caller commits.
pub async fn ask(op: &mut Op, resident: ResidentId, kind: Kind, note: &str) -> Result<RequestId> {
    let mut check = Check::new();
    let note = check.optional("note", Some(note), 500).unwrap_or_default();
    check.done()?;
    let person = people::load(&mut op.tx, resident).await?;
    let open: i64 = op
        .tx
        .scalar(
            "SELECT count(*) FROM privacy_request WHERE resident_id = $1 AND kind = $2 AND state = 'open'",
            params![resident, kind],
        )
        .await?;
    if open > 0 {
        return Err(Error::Conflict("privacy-asked-already"));
    }
    let id = RequestId(op.uuid());
    let (case_id, case_number) = match op.district.ports.get::<Desk>() {
        Some(desk) => {
            let errand = Errand { area: person.area.clone(), kind, request: id };
            let (id, number) = (desk.open)(op, errand).await?;
            (Some(id), Some(number))
        }
        None => (None, None),
    };
    let due = Timestamp::from_millis(op.now.millis() + DAYS * DAY_MS);
    let asked_by = op.actor.name().to_owned();
    op.tx
        .execute(
            "INSERT INTO privacy_request (id, kind, resident_id, area, note, asked_by, asked_at, due_at, case_id, case_number, state, phone_hash)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'open', (SELECT phone_hash FROM resident WHERE id = $3))",
            params![id, kind, resident, &person.area, note, asked_by, op.now, due, case_id, &case_number],
        )
        .await?;
    let detail = json!({ "request": id, "kind": kind, "number": case_number, "until": due });
    note_of(op, "privacy.ask", resident, &person.area, detail).await?;
    Ok(id)
}

/// A worker writes it down for somebody who came in person, and how they came: a copy is in clear, and the log says why
/// it was made. The caller commits.
pub async fn ask_for(op: &mut Op, resident: ResidentId, kind: Kind, note: &str) -> Result<RequestId> {
    let person = people::get(&mut op.tx, resident).await?;
    op.permit("privacy.handle", &Target::at(&person.area))?;
    let mut check = Check::new();
    check.text("note", note, 500);
    check.done()?;
    ask(op, resident, kind, note).await
}

/// A copy for the person, in clear. The caller commits before it answers.
pub async fn fetch(op: &mut Op, id: RequestId) -> Result<export::Copy> {
    let request = open(op, id, Kind::Export).await?;
    let access = op.district.port::<Access>()?;
    let copy = export::copy(&mut op.tx, &access, request.resident_id, op.now).await?;
    end(op, &request, State::Done, &Outcome::default()).await?;
    Ok(copy)
}

/// Erases what may be erased, by the table: what stands on consent goes at once, what stands on a duty stays and
/// is named. The caller commits.
pub async fn erase(op: &mut Op, id: RequestId) -> Result<Outcome> {
    let request = open(op, id, Kind::Erasure).await?;
    let stewards = all(&op.district);
    let here = people::get(&mut op.tx, request.resident_id).await?.dwelling_id.is_some();
    // Of who has left nothing is said to somebody who lives here, and the other way round.
    let other = if here { LEFT } else { HERE };
    let mut outcome = Outcome::default();
    // A copy for checking the work of others is no duty towards the person. First, while it is known where they lived.
    let copies = rhythm::leave(op, request.resident_id).await?;
    if copies > 0 {
        outcome.erased.push((CHECKS.to_owned(), copies));
    }
    for rule in rules::rules(&mut op.tx, &stewards).await? {
        let steward = stewards.iter().find(|s| s.fields == rule.fields);
        let Some(erase) = steward.and_then(|s| s.erase) else { continue };
        if rule.fields == other {
            continue;
        }
        if rule.basis == Basis::Consent {
            let erased = erase(op, request.resident_id).await?;
            outcome.erased.push((rule.fields, erased));
        } else {
            outcome.kept.push((rule.fields, rule.basis));
        }
    }
    end(op, &request, State::Done, &outcome).await?;
    Ok(outcome)
}

/// It cannot be done, for a reason that they are told. The caller commits.
pub async fn refuse(op: &mut Op, id: RequestId, reason: &str) -> Result<()> {
    let request = load(op, id).await?;
    if request.state != State::Open {
        return Err(Error::Conflict("privacy-over"));
    }
    let mut check = Check::new();
    let reason = check.text("reason", reason, 300);
    check.done()?;
    end(op, &request, State::Refused, &Outcome { reason: Some(reason), ..Outcome::default() }).await
}

async fn load(op: &mut Op, id: RequestId) -> Result<Request> {
    let lock = op.tx.dialect("", "FOR UPDATE OF q").to_owned();
    let sql = format!("SELECT {REQUEST} FROM {FROM} WHERE q.id = $1 {lock}");
    let request: Request = op.tx.one(&sql, params![id]).await?;
    op.permit("privacy.handle", &Target::at(&request.area))?;
    Ok(request)
}

async fn open(op: &mut Op, id: RequestId, kind: Kind) -> Result<Request> {
    let request = load(op, id).await?;
    // A copy may be fetched again for a while: the first was perhaps lost.
    let lately = request.ended_at.is_some_and(|at| at > answered_before(op.now));
    let again = kind == Kind::Export && request.state == State::Done && lately;
    if request.kind != kind || !(request.state == State::Open || again) {
        return Err(Error::Conflict("privacy-over"));
    }
    Ok(request)
}

async fn end(op: &mut Op, request: &Request, state: State, outcome: &Outcome) -> Result<()> {
    let author = op.actor.name().to_owned();
    op.tx
        .execute(
            "UPDATE privacy_request SET state = $2, ended_by = $3, ended_at = $4, outcome = $5 WHERE id = $1",
            params![request.id, state, author, op.now, json!(outcome)],
        )
        .await?;
    // A copy that is fetched again is no news.
    if let (Some(case), State::Open, Some(desk)) =
        (request.case_id, request.state, op.district.ports.get::<Desk>())
    {
        (desk.tell)(op, case, state).await?;
    }
    let detail = json!({ "request": request.id, "kind": request.kind, "state": state, "outcome": outcome });
    let action = match (request.kind, state) {
        (_, State::Refused) => "privacy.refuse",
        (Kind::Export, _) => "privacy.copy",
        (Kind::Erasure, _) => "privacy.erase",
    };
    note_of(op, action, request.resident_id, &request.area, detail).await
}

async fn note_of(
    op: &mut Op,
    action: &'static str,
    resident: ResidentId,
    area: &AreaCode,
    detail: serde_json::Value,
) -> Result<()> {
    let subject_id = resident.to_string();
    op.log(Entry { action, subject: "resident", subject_id, area: area.clone(), detail }).await
}

/// A request with the name of the person.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Line {
    /// The request.
    #[sqlx(flatten)]
    pub request: Request,
    /// Whose data.
    pub name: String,
}

/// Requests within the scope: open ones first, the earliest due first.
pub async fn list(conn: &mut Conn, scope: &Scope, most: i64) -> Result<Vec<Line>> {
    let mut rows = Where::new();
    scope.filter(&mut rows, "r.area", "");
    let limit = rows.bind(most);
    let sql = format!(
        "SELECT {REQUEST}, r.name FROM {FROM}{}
         ORDER BY CASE q.state WHEN 'open' THEN 0 ELSE 1 END, CASE q.state WHEN 'open' THEN q.due_at ELSE -q.due_at END, q.id LIMIT {limit}",
        rows.text()
    );
    conn.all(&sql, rows.args()).await
}

/// One request within the scope.
pub async fn get(conn: &mut Conn, scope: &Scope, id: RequestId) -> Result<Line> {
    let mut rows = Where::new();
    rows.and("q.id = ?", vec![id.into()]);
    scope.filter(&mut rows, "r.area", "");
    let sql = format!("SELECT {REQUEST}, r.name FROM {FROM}{}", rows.text());
    conn.one(&sql, rows.args()).await
}

/// What was asked by a phone, newest first, and can still be read: an answer outlives the phone that it erased.
pub async fn of_phone(conn: &mut Conn, phone_hash: &[u8], now: Timestamp) -> Result<Vec<Request>> {
    let sql = format!(
        "SELECT {REQUEST} FROM {FROM} WHERE q.phone_hash = $1 AND (q.ended_at IS NULL OR q.ended_at > $2)
         ORDER BY q.asked_at DESC, q.id LIMIT 20"
    );
    conn.all(&sql, params![phone_hash, answered_before(now)]).await
}

/// Answers from before this are no longer shown to a phone.
fn answered_before(now: Timestamp) -> Timestamp {
    Timestamp::from_millis(now.millis() - ANSWERED_DAYS * DAY_MS)
}

/// Takes the phones from at most so many requests that were answered long ago.
pub(super) async fn forget_phones(op: &mut Op, most: i64) -> Result<u64> {
    op.tx
        .execute(
            "UPDATE privacy_request SET phone_hash = NULL WHERE id IN (
                 SELECT id FROM privacy_request WHERE phone_hash IS NOT NULL AND ended_at <= $1 LIMIT $2)",
            params![answered_before(op.now), most],
        )
        .await
}

impl Request {
    /// Until when the phone by which it was asked shows the answer.
    pub fn shown_until(&self) -> Option<Timestamp> {
        self.ended_at.map(|at| Timestamp::from_millis(at.millis() + ANSWERED_DAYS * DAY_MS))
    }
}

/// What one person has asked, newest first: for their own page.
pub async fn of_resident(conn: &mut Conn, id: ResidentId) -> Result<Vec<Request>> {
    let sql = format!("SELECT {REQUEST} FROM {FROM} WHERE q.resident_id = $1 ORDER BY q.asked_at DESC, q.id");
    conn.all(&sql, params![id]).await
}
