//! Who was at which door when: one row a home and day.

use linli_kernel::{
    AreaCode, Result, Timestamp, params, text_enum,
    time::{CHINA_MS, DAY_MS},
};
use linli_store::Op;

use crate::model::DwellingId;

text_enum! {
    /// What became of a visit.
    pub enum Met {
        /// 情况属实
        Confirmed = "confirmed",
        /// 有变化
        Changed = "changed",
        /// 家中无人
        Nobody = "nobody",
    }
}

/// The day in China since 1970.
pub const fn china_day(at: Timestamp) -> i64 {
    (at.millis() + CHINA_MS) / DAY_MS
}

/// Notes that somebody of ours is there now, see [`visited_at`].
pub async fn visited(op: &mut Op, home: DwellingId, area: &AreaCode, met: Met) -> Result<()> {
    let now = op.now;
    visited_at(op, home, area, met, now).await
}

/// Notes that somebody of ours was there. A second look on one day adds to the first: who was met once stays met.
pub async fn visited_at(
    op: &mut Op,
    home: DwellingId,
    area: &AreaCode,
    met: Met,
    at: Timestamp,
) -> Result<()> {
    let by = op.actor.name().to_owned();
    op.tx
        .execute(
            "INSERT INTO home_visit (dwelling_id, day, area, how, at, by_name) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (dwelling_id, day) DO UPDATE SET
                 how = CASE WHEN home_visit.how = 'nobody' THEN excluded.how ELSE home_visit.how END",
            params![home, china_day(at), area, met, at, by],
        )
        .await?;
    op.announce("visit", area.as_str(), "");
    Ok(())
}

/// Takes confirmations since `since` as visits: for a district whose homes came in with them. The caller commits.
pub async fn take_over(op: &mut Op, since: Timestamp) -> Result<u64> {
    let by = op.actor.name().to_owned();
    op.tx
        .execute(
            "INSERT INTO home_visit (dwelling_id, day, area, how, at, by_name)
             SELECT d.id, (d.confirmed_at + $2) / $3, d.area, 'confirmed', d.confirmed_at, $4 FROM dwelling d
              WHERE d.confirmed_at >= $1 ON CONFLICT (dwelling_id, day) DO NOTHING",
            params![since, CHINA_MS, DAY_MS, by],
        )
        .await
}
