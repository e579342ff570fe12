//! A case between the database and the rules: one row, who takes part, what was said.

mod timeline;

use linli_grid::Atlas;
use linli_kernel::{
    AreaCode, Error, Result, Timestamp, Value,
    actor::{AccountId, OrgId},
    params, text,
};
use linli_store::Tx;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    app::SealedReporter,
    model::{
        Action, Ask, Case, CaseClock, CaseId, CaseState, Chain, Extent, Level, Nature, Outcome, Reported,
        Satisfaction, Source, Suspension, WhistleLevel, Who,
    },
    rules::{Changes, ratings, transitions},
};

pub(crate) use timeline::{Line, NewPhoto, Signature, add_entries, add_lines, add_photo, work_photos};

/// What only the rules need of a case.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Rest {
    assisting: Vec<OrgId>,
    returns: u8,
    lead_bound: bool,
    ask: Option<Ask>,
    waiting_since: Option<Timestamp>,
    suspension: Option<Suspension>,
    contacted_at: Option<Timestamp>,
    resolvers: Vec<Who>,
    extent: Option<Extent>,
    reopen_until: Option<Timestamp>,
    reopened: u16,
    objected: bool,
    joint_failures: u8,
    clocks: Vec<CaseClock>,
}

/// The row as it stands, for acting, for its page and for lists.
#[derive(Debug, Clone, sqlx::FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "each is a column of its own")]
pub(crate) struct CaseRecord {
    pub(crate) id: CaseId,
    pub(crate) number: String,
    pub(crate) source: Source,
    pub(crate) external: Option<String>,
    pub(crate) nature: Nature,
    pub(crate) area: AreaCode,
    pub(crate) state: CaseState,
    pub(crate) whistle: WhistleLevel,
    pub(crate) level: Level,
    pub(crate) lead: OrgId,
    pub(crate) category: Option<String>,
    pub(crate) urgent: bool,
    pub(crate) urgent_confirmed: bool,
    pub(crate) anonymous: bool,
    pub(crate) hidden: bool,
    pub(crate) reachable: bool,
    pub(crate) next_due: Option<Timestamp>,
    pub(crate) title: String,
    pub(crate) address: String,
    pub(crate) lat: Option<f64>,
    pub(crate) lng: Option<f64>,
    pub(crate) parent: Option<CaseId>,
    pub(crate) merged_into: Option<CaseId>,
    pub(crate) reported_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) dispatched_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) satisfaction: Option<Satisfaction>,
    pub(crate) called_at: Option<Timestamp>,
    pub(crate) entries: i64,
    pub(crate) rest: String,
    pub(crate) open_tasks: i64,
    pub(crate) photo: Option<Uuid>,
}

/// The columns of a [`CaseRecord`], for a query over `case_file c`.
pub(crate) const COLUMNS: &str = "c.id, c.number, c.source, c.external, c.nature, c.area, c.state, c.whistle, c.level, c.lead,
    c.category, c.urgent, c.urgent_confirmed, c.anonymous, c.hidden, c.reachable, c.next_due, c.title, c.address, c.lat, c.lng,
    c.parent, c.merged_into, c.reported_at, c.updated_at, c.dispatched_at, c.ended_at, c.outcome, c.satisfaction, c.called_at,
    c.entries, c.rest,
    (SELECT count(*) FROM case_file t WHERE t.parent = c.id AND t.state NOT IN ('declined', 'merged', 'closed', 'rated')) AS open_tasks,
    (SELECT p.id FROM case_photo p WHERE p.case_id = c.id ORDER BY p.seq, p.id LIMIT 1) AS photo";

/// The condition by which an organisation takes part in `case_file c`; see `Scope::filter`.
pub(crate) const ORG_CONDITION: &str =
    "EXISTS (SELECT 1 FROM case_org o WHERE o.case_id = c.id AND o.org_id IN {orgs})";

impl CaseRecord {
    /// The case as the rules see it.
    pub(crate) fn case(&self) -> Result<Case> {
        let rest: Rest = serde_json::from_str(&self.rest)
            .map_err(|e| Error::internal(format!("case {}: {e}", self.number)))?;
        Ok(Case {
            id: self.id,
            reported: Reported {
                source: self.source,
                nature: self.nature,
                at: self.reported_at,
                anonymous: self.anonymous,
                reachable: self.reachable,
                hidden_identity: self.hidden,
            },
            state: self.state,
            area: self.area.clone(),
            category: self.category.clone(),
            level: self.level,
            whistle: self.whistle,
            lead: self.lead,
            assisting: rest.assisting,
            urgent: self.urgent,
            urgent_confirmed: self.urgent_confirmed,
            parent: self.parent,
            open_tasks: u32::try_from(self.open_tasks).unwrap_or(u32::MAX),
            merged_into: self.merged_into,
            returns: rest.returns,
            lead_bound: rest.lead_bound,
            ask: rest.ask,
            waiting_since: rest.waiting_since,
            suspension: rest.suspension,
            dispatched_at: self.dispatched_at,
            contacted_at: rest.contacted_at,
            resolvers: rest.resolvers,
            extent: rest.extent,
            outcome: self.outcome,
            satisfaction: self.satisfaction,
            ended_at: self.ended_at,
            reopen_until: rest.reopen_until,
            reopened: rest.reopened,
            objected: rest.objected,
            joint_failures: rest.joint_failures,
            clocks: rest.clocks,
        })
    }
}

fn rest(case: &Case) -> Result<String> {
    let rest = Rest {
        assisting: case.assisting.clone(),
        returns: case.returns,
        lead_bound: case.lead_bound,
        ask: case.ask.clone(),
        waiting_since: case.waiting_since,
        suspension: case.suspension,
        contacted_at: case.contacted_at,
        resolvers: case.resolvers.clone(),
        extent: case.extent,
        reopen_until: case.reopen_until,
        reopened: case.reopened,
        objected: case.objected,
        joint_failures: case.joint_failures,
        clocks: case.clocks.clone(),
    };
    serde_json::to_string(&rest).map_err(Error::internal)
}

/// Everybody whose organisation takes part: what the policy calls the case's organisations.
pub fn orgs(case: &Case) -> Vec<OrgId> {
    let mut all = vec![case.lead];
    all.extend(&case.assisting);
    if let Some(Ask::Return { to, .. }) = case.ask
        && !all.contains(&to)
    {
        all.push(to);
    }
    all
}

/// The organisations that answer for a place.
pub fn chain(atlas: &Atlas, area: &AreaCode) -> Result<Chain> {
    use linli_kernel::area::AreaLevel::{District, Grid, Street};
    let team = |level| area.at(level).and_then(|code| atlas.team(&code));
    let district = team(District).ok_or_else(|| {
        Error::internal(format!("no district centre answers for {area}; is the base data loaded?"))
    })?;
    Ok(Chain { grid: team(Grid), street: team(Street), district })
}

fn ask_word(ask: &Ask) -> &'static str {
    match ask {
        Ask::Return { .. } => "return",
        Ask::Extension { .. } => "extension",
        Ask::Suspension { .. } => "suspension",
    }
}

/// When the sweep has something to do with the case, if nothing changes before.
fn sweep_at(case: &Case) -> Option<Timestamp> {
    transitions::find(Action::Escalate, case.state)?;
    let live = case.clocks.iter().filter(|c| c.is_live() && c.escalated.is_none());
    // A clock that stands still breaks only if it had broken before.
    live.filter(|c| c.paused_since().is_none_or(|since| since > c.due)).map(|c| c.due).min()
}

/// What is written once, when the case comes to be.
pub(crate) struct Birth {
    pub(crate) number: String,
    pub(crate) external: Option<String>,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) address: String,
    pub(crate) point: Option<(f64, f64)>,
    pub(crate) reported_by: Option<AccountId>,
    pub(crate) reporter: SealedReporter,
    pub(crate) token_hash: Vec<u8>,
}

/// Writes a new case, the words by which it is found, and the first lines of its timeline; answers the
/// place of the last line.
pub(crate) async fn open(
    tx: &mut Tx,
    changes: &Changes,
    birth: Birth,
    by: &Signature<'_>,
    now: Timestamp,
) -> Result<i64> {
    let lines: Vec<Line<'_>> = changes.entries.iter().map(|entry| Line { entry, by, at: now }).collect();
    let count = i64::try_from(lines.len()).unwrap_or_default();
    insert_counted(tx, &changes.case, birth, count, now).await?;
    timeline::write_lines(tx, changes.case.id, 0, &lines).await?;
    Ok(count - 1)
}

/// Writes a new case and the words by which it is found.
pub(crate) async fn insert(tx: &mut Tx, case: &Case, birth: Birth, now: Timestamp) -> Result<()> {
    insert_counted(tx, case, birth, 0, now).await
}

async fn insert_counted(tx: &mut Tx, case: &Case, birth: Birth, entries: i64, now: Timestamp) -> Result<()> {
    let words = text::index_column(
        [&birth.title, &birth.body, &birth.address, &birth.number]
            .into_iter()
            .chain(birth.external.as_ref())
            .map(String::as_str),
    );
    tx.execute(
        "INSERT INTO case_file (id, number, source, external, nature, area, state, whistle, level, lead, category, urgent,
             urgent_confirmed, anonymous, hidden, reachable, ask, next_due, sweep_at, title, body, address, lat, lng, parent,
             reported_by, reported_at, created_at, updated_at, reporter_name, reporter_phone, phone_hash, token_hash, entries, rest,
             name_hash, initials_hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
             $25, $26, $27, $28, $28, $29, $30, $31, $32, $33, $34, $35, $36)",
        params![
            case.id,
            &birth.number,
            case.reported.source,
            &birth.external,
            case.reported.nature,
            &case.area,
            case.state,
            case.whistle,
            case.level,
            case.lead,
            &case.category,
            case.urgent,
            case.urgent_confirmed,
            case.reported.anonymous,
            case.reported.hidden_identity,
            case.reported.reachable,
            case.ask.as_ref().map(ask_word),
            case.next_due(),
            sweep_at(case),
            birth.title,
            birth.body,
            birth.address,
            birth.point.map(|p| p.0),
            birth.point.map(|p| p.1),
            case.parent,
            birth.reported_by,
            case.reported.at,
            now,
            birth.reporter.name,
            birth.reporter.phone,
            birth.reporter.phone_hash,
            birth.token_hash,
            entries,
            rest(case)?,
            birth.reporter.name_hash,
            birth.reporter.initials_hash,
        ],
    )
    .await?;
    let sql = tx
        .dialect(
            "INSERT INTO case_words (case_id, words) VALUES ($1, $2)",
            "INSERT INTO case_words (case_id, words) VALUES ($1, to_tsvector('simple', $2))",
        )
        .to_owned();
    tx.defer(&sql, params![case.id, words]).await?;
    add_orgs(tx, case).await
}

/// Loads a case for a change: on PostgreSQL its row stays locked until the transaction ends; on SQLite
/// there is one writer anyway.
pub(crate) async fn load(tx: &mut Tx, id: CaseId) -> Result<CaseRecord> {
    let lock = tx.dialect("", "FOR UPDATE OF c");
    tx.one(&format!("SELECT {COLUMNS} FROM case_file c WHERE c.id = $1 {lock}"), params![id]).await
}

/// Writes what a decision changed.
pub(crate) async fn save(tx: &mut Tx, before: &Case, case: &Case, now: Timestamp) -> Result<()> {
    save_counted(tx, before, case, None, now).await
}

async fn save_counted(
    tx: &mut Tx,
    before: &Case,
    case: &Case,
    entries: Option<i64>,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "UPDATE case_file SET area = $2, state = $3, whistle = $4, level = $5, lead = $6, category = $7, urgent = $8,
             urgent_confirmed = $9, hidden = $10, ask = $11, next_due = $12, sweep_at = $13, merged_into = $14,
             updated_at = $15, dispatched_at = $16, ended_at = $17, outcome = $18, satisfaction = $19, contact_kept = $20,
             rest = $21, entries = coalesce($22, entries)
         WHERE id = $1",
        params![
            case.id,
            &case.area,
            case.state,
            case.whistle,
            case.level,
            case.lead,
            &case.category,
            case.urgent,
            case.urgent_confirmed,
            case.reported.hidden_identity,
            case.ask.as_ref().map(ask_word),
            case.next_due(),
            sweep_at(case),
            case.merged_into,
            now,
            case.dispatched_at,
            case.ended_at,
            case.outcome,
            case.satisfaction,
            case.dispatched_at.and_then(|_| ratings::contact_kept(case)),
            rest(case)?,
            entries,
        ],
    )
    .await?;
    if orgs(before) != orgs(case) || before.lead != case.lead {
        save_orgs(tx, case).await?;
    }
    if let (Some(into), None) = (case.merged_into, before.merged_into) {
        // Who followed this case follows the other now, so that one step always leads to where the work is.
        let sql = "UPDATE case_file SET merged_into = $2 WHERE merged_into = $1";
        tx.execute(sql, params![case.id, into]).await?;
    }
    Ok(())
}

async fn save_orgs(tx: &mut Tx, case: &Case) -> Result<()> {
    tx.execute("DELETE FROM case_org WHERE case_id = $1", params![case.id]).await?;
    add_orgs(tx, case).await
}

async fn add_orgs(tx: &mut Tx, case: &Case) -> Result<()> {
    let all = orgs(case);
    let mut args: Vec<Value> = params![case.id];
    let mut rows = Vec::new();
    for org in all {
        let role = if org == case.lead {
            "lead"
        } else if case.assisting.contains(&org) {
            "assisting"
        } else {
            "proposed"
        };
        rows.push(format!("($1, ${}, ${})", args.len() + 1, args.len() + 2));
        args.extend(params![org, role]);
    }
    let sql = format!("INSERT INTO case_org (case_id, org_id, role) VALUES {}", rows.join(", "));
    tx.defer(&sql, args).await
}

/// Writes a whole decision: the row and its lines.
pub(crate) async fn apply(
    tx: &mut Tx,
    before: &Case,
    already: i64,
    changes: &Changes,
    by: &Signature<'_>,
    now: Timestamp,
) -> Result<i64> {
    let lines: Vec<Line<'_>> = changes.entries.iter().map(|entry| Line { entry, by, at: now }).collect();
    let count = already + i64::try_from(lines.len()).unwrap_or_default();
    save_counted(tx, before, &changes.case, Some(count), now).await?;
    timeline::write_lines(tx, changes.case.id, already, &lines).await?;
    Ok(count - 1)
}
