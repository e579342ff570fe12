//! What everybody may know of cases: their kind, their state, who is responsible. What somebody wrote is told
//! only where they wrote it here, and never who it was. What was merged goes the way of the case that is worked on.

use std::{collections::HashMap, time::Duration};

use linli_access::{Access, Purpose};
use linli_grid::Atlas;
use linli_kernel::{AreaCode, Error, Result, Timestamp, area::AreaLevel, params};
use linli_store::{Conn, Where};
use linli_web::Locale;
use uuid::Uuid;

use super::{
    format::{Fault, Fields, Node},
    personal::without,
    services::{self, Settings},
};
use crate::{
    app::contact_place,
    hotline::{
        sheets::{Answer, state_key},
        times,
    },
    model::{CaseId, CaseState, ClockKind, Nature, Source},
    store::{COLUMNS, CaseRecord},
};

/// The longest time that a list reaches over.
const SPAN: Duration = Duration::from_hours(90 * 24);
/// The longest list.
const ROWS: i64 = 1000;

#[derive(sqlx::FromRow)]
struct PublicRow {
    #[sqlx(flatten)]
    record: CaseRecord,
    body: String,
    facts: Option<String>,
    photo: Option<Uuid>,
    reporter_name: Option<Vec<u8>>,
    reporter_phone: Option<Vec<u8>>,
}

/// The case that is worked on for others that were merged with it.
#[derive(sqlx::FromRow)]
struct Main {
    #[sqlx(flatten)]
    record: CaseRecord,
    reporter_name: Option<Vec<u8>>,
    reporter_phone: Option<Vec<u8>>,
}

/// A date-time as this interface writes it; a date alone means its beginning.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    // In a query a plus sign that was not encoded has become a space.
    let text = text.trim().replacen(' ', "+", usize::from(text.len() > 19 && text.contains('T')));
    text.parse().ok().or_else(|| times::parse(&text))
}

/// What a list is narrowed to.
#[derive(Debug)]
pub struct Wish {
    rows: Where,
    limit: i64,
    offset: i64,
}

impl Wish {
    /// Reads the parameters of a list.
    pub fn read(
        fields: &Fields,
        atlas: &Atlas,
        place: Option<&AreaCode>,
        now: Timestamp,
    ) -> Result<Self, Fault> {
        let mut rows = open_to_all(place);
        let ids = fields.list("service_request_id");
        if ids.is_empty() {
            let codes = fields.list("service_code");
            if let Some(unknown) = codes.iter().find(|code| atlas.category(code).is_none()) {
                return Err(Fault::absent(format!("service_code {unknown} was not found")));
            }
            rows.any("c.category", &codes);
            states(&mut rows, &fields.list("status"))?;
            let (from, to) = span(fields, now)?;
            rows.and("c.reported_at >= ? AND c.reported_at <= ?", vec![from.into(), to.into()]);
        } else {
            if ids.len() > 500 {
                return Err(Fault::bad("at most 500 service_request_id at once"));
            }
            rows.any("c.number", &ids);
        }
        let number = |name: &str, usual: i64| match fields.get(name).map(str::parse::<i64>) {
            None => Ok(usual),
            Some(Ok(n)) if n >= 1 => Ok(n),
            Some(_) => Err(Fault::bad(format!("{name} is a whole number from 1"))),
        };
        let size = number("page_size", ROWS)?.min(ROWS);
        let offset = (number("page", 1)? - 1).saturating_mul(size);
        Ok(Self { rows, limit: size.min(ROWS - offset.min(ROWS)), offset })
    }

    /// One case by its number.
    pub fn one(number: &str, place: Option<&AreaCode>) -> Self {
        let mut rows = open_to_all(place);
        rows.and("c.number = ?", vec![number.into()]);
        Self { rows, limit: 1, offset: 0 }
    }
}

/// Whole cases that have a category; who denounces somebody is not to be read by everybody.
fn open_to_all(place: Option<&AreaCode>) -> Where {
    let mut rows = Where::new();
    if let Some(area) = place {
        rows.within("c.area", std::slice::from_ref(area));
    }
    rows.and("c.parent IS NULL AND c.category IS NOT NULL AND c.nature <> ?", vec![Nature::Tip.into()]);
    rows
}

fn states(rows: &mut Where, wanted: &[String]) -> Result<(), Fault> {
    let (mut open, mut closed) = (false, false);
    for word in wanted {
        match word.as_str() {
            "open" => open = true,
            "closed" => closed = true,
            _ => return Err(Fault::bad("status is open or closed")),
        }
    }
    if open != closed {
        let states: Vec<CaseState> =
            CaseState::ALL.iter().copied().filter(|s| s.is_over() == closed).collect();
        rows.any("w.state", &states);
    }
    Ok(())
}

fn span(fields: &Fields, now: Timestamp) -> Result<(Timestamp, Timestamp), Fault> {
    let read = |name: &str| match fields.get(name) {
        None => Ok(None),
        Some(text) => moment(text).map(Some).ok_or_else(|| Fault::bad(format!("{name} is no date-time"))),
    };
    let (from, to) = match (read("start_date")?, read("end_date")?) {
        (Some(from), Some(to)) => (from, to),
        (Some(from), None) => (from, from.plus(SPAN).min(now.max(from))),
        (None, Some(to)) => (to.minus(SPAN), to),
        (None, None) => (now.minus(SPAN), now),
    };
    if to < from {
        return Err(Fault::bad("end_date is before start_date"));
    }
    if from.plus(SPAN) < to {
        return Err(Fault::bad("the range of dates may not exceed 90 days"));
    }
    Ok((from, to))
}

/// What a list needs beside its rows.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// Opens the names that must not be told.
    pub access: &'a Access,
    /// Names places and organisations.
    pub atlas: &'a Atlas,
    /// What is sensitive.
    pub settings: &'a Settings,
    /// Words of states.
    pub locale: &'a Locale,
    /// Where photos are.
    pub origin: &'a str,
}

/// The cases, latest first.
pub async fn list(conn: &mut Conn, wish: Wish, around: &Around<'_>) -> Result<Vec<Node>> {
    let Wish { mut rows, limit, offset } = wish;
    if limit <= 0 {
        return Ok(Vec::new());
    }
    let (limit, offset) = (rows.bind(limit), rows.bind(offset));
    let sql = format!(
        "SELECT {COLUMNS}, c.body, c.reporter_name, c.reporter_phone,
            (SELECT e.facts FROM case_entry e WHERE e.case_id = w.id AND e.action = 'resolve' ORDER BY e.seq DESC LIMIT 1) AS facts,
            (SELECT p.id FROM case_photo p WHERE p.case_id = c.id AND p.role = 'report' ORDER BY p.seq, p.id LIMIT 1) AS photo
         FROM case_file c JOIN case_file w ON w.id = coalesce(c.merged_into, c.id){} ORDER BY c.reported_at DESC, c.id DESC LIMIT {limit} OFFSET {offset}",
        rows.text()
    );
    let found: Vec<PublicRow> = conn.all(&sql, rows.args()).await?;
    let mains = mains(conn, &found).await?;
    found.iter().map(|row| shown(row, row.record.merged_into.and_then(|id| mains.get(&id)), around)).collect()
}

/// The cases with which some of the rows were merged: one query more, if there are any.
async fn mains(conn: &mut Conn, found: &[PublicRow]) -> Result<HashMap<CaseId, Main>> {
    let mut ids: Vec<CaseId> = found.iter().filter_map(|row| row.record.merged_into).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut rows = Where::new();
    rows.any("c.id", &ids);
    let sql = format!("SELECT {COLUMNS}, c.reporter_name, c.reporter_phone FROM case_file c{}", rows.text());
    let all: Vec<Main> = conn.all(&sql, rows.args()).await?;
    Ok(all.into_iter().map(|main| (main.record.id, main)).collect())
}

/// A reporter's own name and phone, which stand in many a text.
fn own_words(access: &Access, id: CaseId, name: Option<&[u8]>, phone: Option<&[u8]>) -> Result<Vec<String>> {
    let clear = |field: &str, sealed: Option<&[u8]>| {
        access.keyring.open_text(Purpose::Reporter, &contact_place(id, field), sealed)
    };
    Ok([clear("name", name)?, clear("phone", phone)?].into_iter().flatten().collect())
}

/// Whether nothing of what was written is for everybody.
fn guards(settings: &Settings, record: &CaseRecord) -> bool {
    let category = record.category.as_deref().unwrap_or_default();
    record.hidden || settings.sensitive.iter().any(|code| category.starts_with(code.as_str()))
}

/// Whether everybody may know of the case at all; see [`open_to_all`].
fn is_open_to_all(record: &CaseRecord) -> bool {
    record.parent.is_none() && record.category.is_some() && record.nature != Nature::Tip
}

fn shown(row: &PublicRow, main: Option<&Main>, around: &Around<'_>) -> Result<Node> {
    let Around { access, atlas, settings, locale, origin } = *around;
    let record = &row.record;
    // State, lead, times and reply are those of the case that is worked on.
    let way = main.map_or(record, |main| &main.record);
    let category = record.category.clone().unwrap_or_default();
    let guarded = guards(settings, record);
    // What was written by telephone or to our own people was not written for everybody.
    let told = record.source == Source::Open311 && !guarded;
    let mut own = Vec::new();
    if told {
        own = own_words(access, record.id, row.reporter_name.as_deref(), row.reporter_phone.as_deref())?;
        if let Some(Main { record, reporter_name, reporter_phone }) = main {
            own.extend(own_words(access, record.id, reporter_name.as_deref(), reporter_phone.as_deref())?);
        }
    }
    let over = way.state.is_over();
    let expected = if over {
        None
    } else {
        way.case()?.clocks.iter().rfind(|c| c.kind == ClockKind::Close && c.is_running()).map(|c| c.due)
    };
    let place =
        |level| record.area.at(level).map_or_else(|| atlas.path(&record.area), |area| atlas.path(&area));
    let address = match (told, guarded) {
        (true, _) if !record.address.is_empty() => without(&record.address, &own),
        (true, _) => atlas.path(&record.area),
        (false, true) => place(AreaLevel::Street),
        (false, false) => place(AreaLevel::Community),
    };
    // Three digits are about a hundred metres.
    let coarse = |degrees: f64| if told { degrees } else { (degrees * 1000.0).round() / 1000.0 };
    let point = record.lat.zip(record.lng).filter(|_| !guarded);
    let reply = row
        .facts
        .as_deref()
        .filter(|_| told && matches!(way.state, CaseState::Closed | CaseState::Rated))
        // A reply to somebody who denounced, or who hides, is for them.
        .filter(|_| main.is_none() || (is_open_to_all(way) && !guards(settings, way)))
        .and_then(|facts| serde_json::from_str::<serde_json::Value>(facts).ok())
        .and_then(|facts| facts.get("reply")?.as_str().map(|text| without(text, &own)));
    let mut state = locale.t(state_key(way.state));
    if main.is_some() && is_open_to_all(way) {
        let args = [("number", way.number.clone()), ("state", state)];
        state = locale.t_with("hotline-state-together", &args);
    }
    let notes = reply.map_or(state.clone(), |reply| format!("{state}。{reply}"));
    let description: Option<String> = told.then(|| without(&row.body, &own).chars().take(4000).collect());
    let media = row.photo.filter(|_| told).map(|photo| format!("{origin}/open311/media/{photo}"));
    Ok(Node::Map(vec![
        ("service_request_id", record.number.clone().into()),
        ("status", if over { "closed" } else { "open" }.into()),
        ("status_notes", notes.into()),
        ("service_name", Node::maybe(atlas.category(&category).map(|c| c.name.clone()))),
        ("service_code", category.into()),
        ("description", Node::maybe(description)),
        ("agency_responsible", atlas.org_name(way.lead).into()),
        ("service_notice", Node::Null),
        ("requested_datetime", record.reported_at.rfc3339().into()),
        ("updated_datetime", way.ended_at.unwrap_or(way.updated_at.max(record.updated_at)).rfc3339().into()),
        ("expected_datetime", Node::maybe(expected.map(Timestamp::rfc3339))),
        ("address", address.into()),
        ("address_id", Node::maybe((!guarded).then(|| record.area.as_str()))),
        ("zipcode", Node::Null),
        ("lat", Node::real(point.map(|p| coarse(p.0)))),
        ("long", Node::real(point.map(|p| coarse(p.1)))),
        ("media_url", Node::maybe(media)),
    ]))
}

/// Those who told a case and the one with which it was merged.
#[derive(sqlx::FromRow)]
struct Teller {
    id: CaseId,
    category: Option<String>,
    hidden: bool,
    reporter_name: Option<Vec<u8>>,
    reporter_phone: Option<Vec<u8>>,
}

/// The reply to a case as [`list`] tells it: at its end, without what tells who reported, and nothing where the case is
/// hidden or of a sensitive kind.
pub(crate) async fn reply(
    conn: &mut Conn,
    access: &Access,
    id: CaseId,
    answer: &Answer,
) -> Result<Option<String>> {
    let over = matches!(answer.state, CaseState::Closed | CaseState::Rated);
    let Some(text) = answer.reply().filter(|_| over) else { return Ok(None) };
    let tellers: Vec<Teller> = conn
        .all(
            "SELECT id, category, hidden, reporter_name, reporter_phone FROM case_file
             WHERE id = $1 OR id = (SELECT merged_into FROM case_file WHERE id = $1)",
            params![id],
        )
        .await?;
    let settings = services::settings(conn).await?;
    let sensitive = |code: &str| settings.sensitive.iter().any(|kind| code.starts_with(kind.as_str()));
    let guarded = |one: &Teller| one.hidden || one.category.as_deref().is_some_and(sensitive);
    if tellers.iter().any(guarded) {
        return Ok(None);
    }
    let mut own = Vec::new();
    for one in &tellers {
        own.extend(own_words(access, one.id, one.reporter_name.as_deref(), one.reporter_phone.as_deref())?);
    }
    Ok(Some(without(&text, &own)))
}

/// The number of the case that a token belongs to.
pub async fn by_token(conn: &mut Conn, token: &str, place: Option<&AreaCode>) -> Result<Option<String>> {
    let mut rows = Where::new();
    rows.and("token_hash = ?", vec![crate::app::token_hash(token).into()]);
    if let Some(area) = place {
        rows.within("area", std::slice::from_ref(area));
    }
    let found: Option<(String,)> =
        conn.optional(&format!("SELECT number FROM case_file{}", rows.text()), rows.args()).await?;
    Ok(found.map(|(number,)| number))
}

/// The file of a photo that [`list`] has named.
pub async fn media(conn: &mut Conn, photo: Uuid, settings: &Settings) -> Result<String> {
    let (blob, category): (String, String) = conn
        .one(
            "SELECT p.full_blob, c.category FROM case_photo p JOIN case_file c ON c.id = p.case_id
             WHERE p.id = $1 AND p.role = 'report' AND c.source = $2 AND c.hidden = $3 AND c.parent IS NULL
                 AND c.category IS NOT NULL AND c.nature <> $4",
            linli_kernel::params![photo, Source::Open311, false, Nature::Tip],
        )
        .await?;
    if settings.sensitive.iter().any(|code| category.starts_with(code.as_str())) {
        return Err(Error::NotFound);
    }
    Ok(blob)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_dates() {
        let now: Timestamp = "2026-11-23T09:00:00+08:00".parse().unwrap();
        let ask = |pairs: &[(&str, &str)]| {
            span(&Fields::of(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()), now)
        };
        assert_eq!(ask(&[]).unwrap(), (now.minus(SPAN), now));
        assert_eq!(ask(&[("start_date", "2026-11-01T00:00:00Z")]).unwrap().1, now);
        assert!(
            ask(&[("start_date", "2026-01-01T00:00:00Z"), ("end_date", "2026-03-01T00:00:00+08:00")]).is_ok()
        );
        assert!(ask(&[("start_date", "2026-03-01T00:00:00 08:00")]).is_ok());
        for wrong in [
            [("start_date", "2026-01-01T00:00:00Z"), ("end_date", "2026-05-01T00:00:00Z")],
            [("start_date", "2026-03-01T00:00:00Z"), ("end_date", "2026-01-01T00:00:00Z")],
            [("start_date", "yesterday"), ("end_date", "")],
        ] {
            assert_eq!(ask(&wrong).unwrap_err().status, 400);
        }
    }
}
