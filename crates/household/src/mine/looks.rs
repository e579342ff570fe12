//! Who looked (谁查看过): looks at one's own card, and what was taken of a whole area or by another platform.
//!
//! A sheet of a grid, or the list that a worker takes along, is one row of the log for the area: it held everybody who
//! lived there then, so it is found by the areas around a person's homes and the time of each stay. What another
//! platform was told stands under the person already. Six queries, however many people and looks there are.

use std::collections::{HashMap, HashSet};

use linli_kernel::{AreaCode, Result, Timestamp, Value};
use linli_store::{Conn, Where};

use crate::{
    exchange::agreement::{self, AgreementId},
    model::ResidentId,
};

/// Looks at cards that a page shows, sheets, and rows of lists that are put together by day. Each has its own measure:
/// many small looks must not push a large one off the page.
const LOOKS: i64 = 100;
const SHEETS: i64 = 100;
const LISTS: i64 = 400;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// 查看一户一档
    Card,
    /// 查看证件号和电话
    Contact,
    /// 取走本人信息副本
    Copy,
    /// 导出名单: everybody of an area, numbers in clear.
    Sheet,
    /// 名单下到手机: a worker's homes, numbers masked.
    List,
    /// 提供给其他平台
    Platform,
}

impl Way {
    /// The word of its text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Contact => "contact",
            Self::Copy => "copy",
            Self::Sheet => "sheet",
            Self::List => "list",
            Self::Platform => "platform",
        }
    }
}

/// Somebody looked, or got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// When; for a platform, the last time.
    pub at: Timestamp,
    /// Who: a person's name in the log, or a platform's agreement.
    pub who: String,
    /// What they did.
    pub way: Way,
    /// Of a whole area: which.
    pub area: Option<AreaCode>,
    /// Whose record it was.
    pub about: Vec<ResidentId>,
    /// The reason that was written down, where one is asked for; a platform's purpose.
    pub reason: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    at: Timestamp,
    actor: String,
    action: String,
    subject_id: String,
    detail: String,
}

impl Row {
    fn look(self, way: Way, area: Option<AreaCode>, about: Vec<ResidentId>) -> Look {
        let detail: Option<serde_json::Value> = serde_json::from_str(&self.detail).ok();
        let reason = detail.and_then(|d| Some(d.get("reason")?.as_str()?.to_owned()));
        Look { at: self.at, who: self.actor, way, area, about, reason }
    }
}

/// A time in which somebody stood in the register of a grid.
#[derive(sqlx::FromRow)]
struct Lived {
    id: ResidentId,
    area: AreaCode,
    since: Timestamp,
    until: Option<Timestamp>,
}

impl Lived {
    fn was_in(&self, area: &AreaCode, at: Timestamp) -> bool {
        area.contains(&self.area) && self.since <= at && self.until.is_none_or(|until| at < until)
    }
}

/// Where these people lived and live. Nobody is in a sheet that was made before the register knew them.
async fn lived(conn: &mut Conn, of: &[ResidentId]) -> Result<Vec<Lived>> {
    let mut here = Where::new();
    here.and("r.dwelling_id IS NOT NULL", vec![]).any("r.id", of);
    let sql = format!(
        "SELECT r.id, r.area, CASE WHEN r.created_at > r.since THEN r.created_at ELSE r.since END AS since, CAST(NULL AS BIGINT) AS until
         FROM resident r{}",
        here.text()
    );
    let mut all: Vec<Lived> = conn.all(&sql, here.args()).await?;
    let mut before = Where::new();
    before.any("s.resident_id", of);
    let sql = format!(
        "SELECT s.resident_id AS id, d.area, CASE WHEN r.created_at > s.since THEN r.created_at ELSE s.since END AS since, s.until
         FROM residence s JOIN dwelling d ON d.id = s.dwelling_id JOIN resident r ON r.id = s.resident_id{}",
        before.text()
    );
    all.extend(conn.all::<Lived>(&sql, before.args()).await?);
    Ok(all)
}

/// An area and all that enclose it.
fn around(area: &AreaCode) -> Vec<String> {
    let up = std::iter::successors(Some(area.clone()), AreaCode::parent);
    up.map(|area| area.to_string()).collect()
}

/// Rows of the log for whole areas that held one of these stays.
async fn of_areas(conn: &mut Conn, stays: &[Lived], action: &str, most: i64) -> Result<Vec<Row>> {
    let mut rows = Where::new();
    rows.and("subject = 'area' AND action = ?", vec![action.into()]);
    let (mut ways, mut values): (Vec<String>, Vec<Value>) = (Vec::new(), Vec::new());
    for stay in stays {
        let areas = around(&stay.area);
        let marks = vec!["?"; areas.len()].join(", ");
        values.extend(areas.into_iter().map(Value::from));
        values.push(stay.since.into());
        let mut way = format!("subject_id IN ({marks}) AND at >= ?");
        if let Some(until) = stay.until {
            values.push(until.into());
            way.push_str(" AND at < ?");
        }
        ways.push(way);
    }
    rows.and(&ways.join(" OR "), values);
    let limit = rows.bind(most);
    let sql = format!(
        "SELECT at, actor, action, subject_id, detail FROM activity{} ORDER BY id DESC LIMIT {limit}",
        rows.text()
    );
    conn.all(&sql, rows.args()).await
}

/// Who looked at these records and who got them, the last first.
pub async fn looks(conn: &mut Conn, of: &[ResidentId]) -> Result<Vec<Look>> {
    if of.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<String> = of.iter().map(ToString::to_string).collect();
    let mut rows = Where::new();
    rows.and(
        "subject = 'resident' AND action IN ('household.read', 'household.read_contact', 'privacy.copy')",
        vec![],
    );
    rows.any("subject_id", &ids);
    let limit = rows.bind(LOOKS);
    let sql = format!(
        "SELECT at, actor, action, subject_id, detail FROM activity{} ORDER BY id DESC LIMIT {limit}",
        rows.text()
    );
    let mut all = Vec::new();
    for row in conn.all::<Row>(&sql, rows.args()).await? {
        let about = of.iter().filter(|id| id.to_string() == row.subject_id).copied().collect();
        let way = match row.action.as_str() {
            "household.read" => Way::Card,
            "privacy.copy" => Way::Copy,
            _ => Way::Contact,
        };
        all.push(row.look(way, None, about));
    }
    let stays = lived(conn, of).await?;
    if !stays.is_empty() {
        let mut days = HashSet::new();
        for (way, action, most) in
            [(Way::Sheet, "household.export", SHEETS), (Way::List, "visit.pack", LISTS)]
        {
            for row in of_areas(conn, &stays, action, most).await? {
                let Ok(area) = row.subject_id.parse::<AreaCode>() else { continue };
                // A phone fetches the list many times a day: once is said.
                let day = (row.actor.clone(), row.subject_id.clone(), row.at.china_date());
                if way == Way::List && !days.insert(day) {
                    continue;
                }
                let then = stays.iter().filter(|stay| stay.was_in(&area, row.at));
                let mut about: Vec<ResidentId> = then.map(|stay| stay.id).collect();
                about.sort_unstable();
                about.dedup();
                all.push(row.look(way, Some(area), about));
            }
        }
    }
    let mut platforms: HashMap<AgreementId, Look> = HashMap::new();
    for told in agreement::told_of(conn, of).await? {
        let look = platforms.entry(told.agreement_id).or_insert_with(|| Look {
            at: told.last_at,
            who: told.name,
            way: Way::Platform,
            area: None,
            about: Vec::new(),
            reason: Some(told.purpose),
        });
        look.about.push(told.resident_id);
        look.at = look.at.max(told.last_at);
    }
    all.extend(platforms.into_values());
    all.sort_by_key(|look| std::cmp::Reverse(look.at));
    Ok(all)
}
