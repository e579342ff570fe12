//! Hot issues (热点问题): many people, one place, one problem, found in the background.
//!
//! How the cases of one street become issues is in [`groups`].
//!
//! What is found is written down, so that a page is two queries within the reader's scope. An issue keeps
//! its id as long as its members mostly stay: links to it hold.

mod groups;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use groups::{Found, group};
use linli_kernel::{AreaCode, Error, Result, params, time::china_day};
use linli_store::{Conn, District, Op, settings};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Memory,
    events::TOPIC,
    feed::{CaseFeed, Told},
    tide,
};

/// How far back messages still make an issue.
pub const DAYS: u64 = 180;
/// Cases of one street that are looked at, at most; the newest.
const MOST: i64 = 6_000;
/// Fewer people are no issue.
pub const PEOPLE: u32 = 3;

/// Finds the hot issues of every street whose cases have changed since the last time.
pub async fn find(district: &Arc<District>) -> Result<()> {
    let feed = *district.port::<CaseFeed>()?;
    let today = china_day(district.clock.now());
    let mut conn = district.db.read().await?;
    let seen: Seen = settings::get(&mut conn, SEEN).await?.unwrap_or_default();
    let (now, _) = tide::reached(&mut conn).await?;
    // Once a day all of them: what was new grows old.
    let from = if seen.day == today { seen.change } else { 0 };
    let streets = streets(&mut conn, from).await?;
    let names = district.port::<Memory>()?.names_now(district, &mut conn).await?;
    drop(conn);
    for street in streets {
        let cases = recent(district, feed, &street).await?;
        let (of, names) = (street.clone(), names.clone());
        let (cases, found) = tokio::task::spawn_blocking(move || {
            let found = group(&cases, &names, &of);
            (cases, found)
        })
        .await
        .map_err(Error::internal)?;
        let mut op = district.op("insight hot").await?;
        write(&mut op, &street, &cases, &found).await?;
        op.commit().await?;
    }
    let mut op = district.op("insight hot").await?;
    let at = op.now;
    settings::put(&mut op.tx, SEEN, &Seen { change: now, day: today }, at).await?;
    op.commit().await
}

/// Up to where all streets have been looked at.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Seen {
    change: i64,
    day: i64,
}

const SEEN: &str = "insight_hot";

/// The streets in which something changed after `from`.
async fn streets(conn: &mut Conn, from: i64) -> Result<Vec<AreaCode>> {
    let rows: Vec<(String,)> = conn
        .all(
            "SELECT DISTINCT substr(area, 1, 9) FROM insight_case WHERE change > $1 AND length(area) >= 9",
            params![from],
        )
        .await?;
    let mut codes: Vec<AreaCode> = rows.iter().filter_map(|(code,)| code.parse().ok()).collect();
    codes.sort();
    Ok(codes)
}

async fn recent(district: &District, feed: CaseFeed, street: &AreaCode) -> Result<Vec<Told>> {
    let mut conn = district.db.read().await?;
    let (low, high) = street.range();
    let ids: Vec<(Uuid,)> = conn
        .all(
            "SELECT case_id FROM insight_case WHERE area >= $1 AND area < $2 AND listed ORDER BY n DESC LIMIT $3",
            params![low, high, MOST],
        )
        .await?;
    let ids: Vec<Uuid> = ids.into_iter().map(|(id,)| id).collect();
    let mut told = feed.told(&mut conn, &ids).await?;
    let from = district.clock.now().minus(std::time::Duration::from_hours(24 * DAYS));
    told.retain(|case| case.at >= from);
    told.sort_by_key(|case| (case.at, case.id));
    Ok(told)
}

/// Replaces what is written of a street by what was found.
async fn write(op: &mut Op, street: &AreaCode, cases: &[Told], found: &[Found]) -> Result<()> {
    let old: Vec<(Uuid, Uuid)> = op
        .tx
        .all(
            "SELECT m.case_id, m.issue_id FROM insight_member m JOIN insight_issue i ON i.id = m.issue_id
             WHERE i.street = $1",
            params![street],
        )
        .await?;
    let kept = keep_ids(&old.into_iter().collect(), cases, found);
    let street_issues = "SELECT id FROM insight_issue WHERE street = $1";
    op.tx
        .execute(&format!("DELETE FROM insight_member WHERE issue_id IN ({street_issues})"), params![street])
        .await?;
    let known: HashSet<Uuid> =
        op.tx.all::<(Uuid,)>(street_issues, params![street]).await?.into_iter().map(|(id,)| id).collect();
    let mut now: HashSet<Uuid> = HashSet::new();
    for (issue, id) in found.iter().zip(kept) {
        let id = id.unwrap_or_else(|| op.uuid());
        now.insert(id);
        op.tx
            .execute(
                "INSERT INTO insight_issue (id, street, place, problem, at) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (id) DO UPDATE SET place = excluded.place, problem = excluded.problem, at = excluded.at",
                params![id, street, &issue.place, &issue.problem, op.now],
            )
            .await?;
        for case in issue.members.iter().map(|&i| &cases[i]) {
            op.tx
                .execute(
                    "INSERT INTO insight_member (issue_id, case_id, person, supporters, day)
                     VALUES ($1, $2, $3, $4, $5)",
                    params![id, case.id, &case.person, case.supporters, china_day(case.at)],
                )
                .await?;
        }
    }
    for gone in known.difference(&now) {
        op.tx.execute("DELETE FROM insight_issue WHERE id = $1", params![*gone]).await?;
    }
    op.announce(TOPIC, street.as_str(), "hot");
    Ok(())
}

/// The id that each issue had before: that of the old issue from which most of its members come, each
/// given once, the largest share first.
fn keep_ids(old: &HashMap<Uuid, Uuid>, cases: &[Told], found: &[Found]) -> Vec<Option<Uuid>> {
    let mut shares: Vec<(usize, usize, Uuid)> = Vec::new();
    for (at, issue) in found.iter().enumerate() {
        let mut from: BTreeMap<Uuid, usize> = BTreeMap::new();
        for id in issue.members.iter().filter_map(|&i| old.get(&cases[i].id)) {
            *from.entry(*id).or_default() += 1;
        }
        shares.extend(from.into_iter().map(|(id, n)| (n, at, id)));
    }
    shares.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let mut ids = vec![None; found.len()];
    let mut given: HashSet<Uuid> = HashSet::new();
    for (_, at, id) in shares {
        if ids[at].is_none() && given.insert(id) {
            ids[at] = Some(id);
        }
    }
    ids
}
