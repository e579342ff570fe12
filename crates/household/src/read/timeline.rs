//! What happened in a home (经过): who came and went, what was confirmed, and what was corrected, closed or opened again, of
//! the home, its house, and those who lived there by then. Of a correction it says who, when and which fields: the log
//! keeps no values of people; of a place, which is nobody's, it says the name before and after.

use linli_kernel::{Result, Timestamp, params};
use linli_store::{Conn, Where};
use serde::{Deserialize, Serialize};

use crate::{
    model::{Field, Leaving, ResidentId},
    store::{
        people::{Resident, STAY, Stay},
        places::Dwelling,
    },
};

/// The most corrections that a page shows.
const MOST: i64 = 50;

/// What happened in a home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum EventKind {
    /// Somebody lives here since then.
    MovedIn,
    /// Somebody's stay ended.
    MovedOut {
        /// Why.
        reason: Leaving,
        /// Where to, in words.
        destination: Option<String>,
    },
    /// All of it was confirmed.
    Confirmed,
    /// Fields of a person or of the home were corrected.
    Corrected {
        /// Which.
        fields: Vec<Field>,
    },
    /// The home or its house is called by another name.
    Renamed {
        /// The whole house.
        house: bool,
        /// Before; nothing where it was not kept.
        from: Option<String>,
        /// Since.
        to: Option<String>,
    },
    /// The home or its house was closed, or opened again.
    Closed {
        /// The whole house.
        house: bool,
        /// Closed, or opened.
        closed: bool,
    },
}

/// One line of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// Whom it is about, by name.
    pub name: Option<String>,
    /// Who did it, where that is known.
    pub by: Option<String>,
}

#[derive(sqlx::FromRow)]
struct NamedStay {
    #[sqlx(flatten)]
    stay: Stay,
    name: String,
}

/// A time in which somebody lived here: what was corrected elsewhere stands elsewhere.
struct Lived {
    id: ResidentId,
    name: String,
    since: Timestamp,
    until: Option<Timestamp>,
}

/// What happened, the last first: two queries.
pub(super) async fn timeline(conn: &mut Conn, home: &Dwelling, living: &[Resident]) -> Result<Vec<Event>> {
    let sql = format!(
        "SELECT {STAY}, r.name FROM residence s JOIN resident r ON r.id = s.resident_id
         WHERE s.dwelling_id = $1 ORDER BY s.until DESC LIMIT 50"
    );
    let gone: Vec<NamedStay> = conn.all(&sql, params![home.id]).await?;
    let here = living.iter().map(|r| Lived { id: r.id, name: r.name.clone(), since: r.since, until: None });
    let mut lived: Vec<Lived> = here.collect();
    let mut events: Vec<Event> = Vec::new();
    let plain = |at: Timestamp, kind: EventKind, name: Option<String>| Event { at, kind, name, by: None };
    for NamedStay { stay, name } in gone {
        let until = Some(stay.until);
        lived.push(Lived { id: stay.resident_id, name: name.clone(), since: stay.since, until });
        let kind = EventKind::MovedOut { reason: stay.reason, destination: stay.destination };
        events.push(plain(stay.until, kind, Some(name)));
    }
    events.extend(lived.iter().map(|l| plain(l.since, EventKind::MovedIn, Some(l.name.clone()))));
    events.extend(home.confirmed_at.map(|at| plain(at, EventKind::Confirmed, None)));
    events.extend(corrections(conn, home, &lived).await?);
    events.sort_by_key(|event| std::cmp::Reverse(event.at));
    Ok(events)
}

#[derive(sqlx::FromRow)]
struct Row {
    at: Timestamp,
    actor: String,
    action: String,
    subject: String,
    subject_id: String,
    detail: String,
}

/// What the log's rows say, as far as it is shown here.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Detail {
    fields: Vec<String>,
    changed: Vec<String>,
    from: Option<String>,
    to: Option<String>,
    closed: Option<bool>,
}

async fn corrections(conn: &mut Conn, home: &Dwelling, lived: &[Lived]) -> Result<Vec<Event>> {
    let mut subjects = vec![("dwelling", home.id.to_string()), ("building", home.building_id.to_string())];
    subjects.extend(lived.iter().map(|l| ("resident", l.id.to_string())));
    subjects.dedup();
    let mut rows = Where::new();
    let each: Vec<String> = subjects
        .into_iter()
        .map(|(subject, id)| {
            let id = rows.bind(id);
            format!("(subject = '{subject}' AND subject_id = {id})")
        })
        .collect();
    let limit = rows.bind(MOST);
    let sql = format!(
        "SELECT at, actor, action, subject, subject_id, detail FROM activity
         WHERE ({}) AND action IN ('household.correct', 'household.close', 'household.building') ORDER BY id DESC LIMIT {limit}",
        each.join(" OR ")
    );
    let found: Vec<Row> = conn.all(&sql, rows.args()).await?;
    Ok(found.into_iter().filter_map(|row| event(row, lived)).collect())
}

fn event(row: Row, lived: &[Lived]) -> Option<Event> {
    let detail: Detail = serde_json::from_str(&row.detail).unwrap_or_default();
    let house = row.subject == "building";
    let mut name = None;
    if row.subject == "resident" {
        let then = |l: &&Lived| {
            l.id.to_string() == row.subject_id
                && l.since <= row.at
                && l.until.is_none_or(|until| row.at < until)
        };
        name = Some(lived.iter().find(then)?.name.clone());
    }
    let kind = match (row.action.as_str(), detail.closed) {
        ("household.close", Some(closed)) => EventKind::Closed { house, closed },
        _ if house && detail.fields.iter().any(|f| f == "name") => {
            EventKind::Renamed { house, from: detail.from, to: detail.to }
        }
        ("household.correct", _) if detail.fields.iter().any(|f| f == "address") => {
            EventKind::Renamed { house, from: detail.from, to: detail.to }
        }
        ("household.correct", _) => {
            let said = detail.fields.iter().chain(&detail.changed).filter_map(|f| f.parse().ok());
            // Who came and went says itself.
            let fields: Vec<Field> = said.filter(|f| *f != Field::Home).collect();
            if fields.is_empty() {
                return None;
            }
            EventKind::Corrected { fields }
        }
        _ => return None,
    };
    Some(Event { at: row.at, kind, name, by: Some(row.actor) })
}
