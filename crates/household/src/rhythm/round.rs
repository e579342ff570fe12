//! The daily look-round (日随查): the list of a grid and a day, and each home of it settled once.

use std::collections::HashMap;

use linli_access::{Authorise as _, Target};
use linli_kernel::{AreaCode, Error, Result, Timestamp, params, time::DAY_MS};
use linli_store::{Conn, Entry, Op};
use serde_json::json;

use super::{Known, Met, Reason, RoundId, china_day, pick, visited};
use crate::{
    app,
    model::{CareKind, DwellingId},
};

/// Visits longer ago say nothing about what is due today.
const BACK_DAYS: i64 = 400;

/// The list of a grid and a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// Which one.
    pub id: RoundId,
    /// Its homes, in the order of the doors.
    pub homes: Vec<RoundHome>,
}

impl Round {
    /// Homes that wait.
    pub fn open(&self) -> usize {
        self.homes.iter().filter(|h| h.outcome.is_none()).count()
    }
}

/// A home of the list.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RoundHome {
    /// Which one.
    pub id: DwellingId,
    /// Its address.
    pub address: String,
    /// Why it is here.
    pub reason: Reason,
    /// The care that is due.
    pub care: Option<CareKind>,
    /// Days since somebody was there.
    pub days: Option<i64>,
    /// What became of it.
    pub outcome: Option<Met>,
    /// When.
    pub settled_at: Option<Timestamp>,
    /// By whom.
    pub settled_by: Option<String>,
}

/// The list of today, if it is made. The caller has asked whether it may be seen.
pub async fn today(conn: &mut Conn, grid: &AreaCode, now: Timestamp) -> Result<Option<Round>> {
    let found: Option<(RoundId,)> = conn
        .optional("SELECT id FROM look_round WHERE area = $1 AND day = $2", params![grid, china_day(now)])
        .await?;
    let Some((id,)) = found else { return Ok(None) };
    let homes = conn
        .all(
            "SELECT d.id, d.address, h.reason, h.care, h.days, h.outcome, h.settled_at, h.settled_by
             FROM look_round_home h JOIN dwelling d ON d.id = h.dwelling_id AND d.closed_at IS NULL
             WHERE h.round_id = $1 ORDER BY h.nth",
            params![id],
        )
        .await?;
    Ok(Some(Round { id, homes }))
}

async fn known(op: &mut Op, grid: &AreaCode) -> Result<Vec<Known>> {
    type Home = (DwellingId, i64, Option<Timestamp>);
    type Seen = (DwellingId, Option<Timestamp>, Option<Timestamp>);
    let homes: Vec<Home> = op
        .tx
        .all("SELECT id, n, confirmed_at FROM dwelling WHERE area = $1 AND closed_at IS NULL", params![grid])
        .await?;
    let since = Timestamp::from_millis(op.now.millis() - BACK_DAYS * DAY_MS);
    let seen: Vec<Seen> = op
        .tx
        .all(
            "SELECT dwelling_id, max(CASE WHEN how <> 'nobody' THEN at END), max(CASE WHEN how = 'nobody' THEN at END)
             FROM home_visit WHERE area = $1 AND at >= $2 GROUP BY dwelling_id",
            params![grid, since],
        )
        .await?;
    let marks: Vec<(DwellingId, CareKind)> = op
        .tx
        .all(
            "SELECT r.dwelling_id, c.kind FROM care_mark c JOIN resident r ON r.id = c.resident_id
             WHERE c.area = $1 AND c.ended_at IS NULL AND c.expires_at > $2 AND r.dwelling_id IS NOT NULL",
            params![grid, op.now],
        )
        .await?;
    let seen: HashMap<DwellingId, Seen> = seen.into_iter().map(|s| (s.0, s)).collect();
    let mut care: HashMap<DwellingId, Vec<CareKind>> = HashMap::new();
    for (home, kind) in marks {
        care.entry(home).or_default().push(kind);
    }
    Ok(homes
        .into_iter()
        .map(|(id, n, confirmed_at)| {
            let (met_at, nobody_at) = seen.get(&id).map_or((None, None), |s| (s.1, s.2));
            Known { id, n, confirmed_at, care: care.remove(&id).unwrap_or_default(), met_at, nobody_at }
        })
        .collect())
}

/// The list of today, made if this is the first need. Of two who ask at once, one makes it. The caller commits.
pub async fn ensure(op: &mut Op, grid: &AreaCode) -> Result<Round> {
    op.permit("rhythm.round", &Target::at(grid))?;
    let id = RoundId(op.uuid());
    let day = china_day(op.now);
    let made = op
        .tx
        .execute(
            "INSERT INTO look_round (id, area, day, made_at) VALUES ($1, $2, $3, $4) ON CONFLICT (area, day) DO NOTHING",
            params![id, grid, day, op.now],
        )
        .await?;
    if made == 1 {
        let homes = known(op, grid).await?;
        let picks = pick(&homes, op.now);
        for (nth, pick) in picks.iter().enumerate() {
            op.tx
                .execute(
                    "INSERT INTO look_round_home (round_id, nth, dwelling_id, reason, care, days) VALUES ($1, $2, $3, $4, $5, $6)",
                    params![id, i64::try_from(nth).unwrap_or_default(), pick.id, pick.reason, pick.care, pick.days],
                )
                .await?;
        }
        log(op, "rhythm.list", id, grid, json!({ "homes": picks.len() })).await?;
    }
    today(&mut op.tx, grid, op.now).await?.ok_or(Error::NotFound)
}

/// Settles a home of today's list in one tap. The same tap again changes nothing; another one is refused. The
/// caller commits.
pub async fn settle(op: &mut Op, round: RoundId, home: DwellingId, met: Met) -> Result<AreaCode> {
    // One lock for the list: two taps on one home, and two lists of one home, stand in line.
    let lock = op.tx.dialect("", "FOR UPDATE").to_owned();
    let sql = format!("SELECT area, day FROM look_round WHERE id = $1 {lock}");
    let (grid, day): (AreaCode, i64) = op.tx.one(&sql, params![round]).await?;
    op.permit("rhythm.round", &Target::at(&grid))?;
    let (outcome,): (Option<Met>,) = op
        .tx
        .one(
            "SELECT outcome FROM look_round_home WHERE round_id = $1 AND dwelling_id = $2",
            params![round, home],
        )
        .await?;
    match outcome {
        Some(before) if before == met => return Ok(grid),
        Some(_) => return Err(Error::Conflict("rhythm-settled-already")),
        None if day != china_day(op.now) => return Err(Error::Conflict("rhythm-list-over")),
        None => {}
    }
    if met == Met::Confirmed {
        // Notes the visit, too.
        app::confirm_dwelling(op, home, None).await?;
    } else {
        visited(op, home, &grid, met).await?;
    }
    let by = op.actor.name().to_owned();
    op.tx
        .execute(
            "UPDATE look_round_home SET outcome = $3, settled_at = $4, settled_by = $5 WHERE round_id = $1 AND dwelling_id = $2",
            params![round, home, met, op.now, by],
        )
        .await?;
    log(op, "rhythm.settle", round, &grid, json!({ "home": home, "met": met })).await?;
    Ok(grid)
}

async fn log(
    op: &mut Op,
    action: &'static str,
    id: RoundId,
    area: &AreaCode,
    detail: serde_json::Value,
) -> Result<()> {
    op.log(Entry { action, subject: "look_round", subject_id: id.to_string(), area: area.clone(), detail })
        .await
}
