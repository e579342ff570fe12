//! What stood in the register when a home was drawn (抽取时的登记): the checker compares with this, so that nothing is
//! gained by mending the record between the draw and the check. Kept sealed and masked, no longer than the check lasts.

use linli_access::{Access, Purpose, Scope};
use linli_kernel::{Error, Result, Timestamp, params};
use linli_store::{Conn, Op};
use serde::{Deserialize, Serialize};

use super::{Month, SpotId};
use crate::{
    model::{DwellingId, Relation, Residence, ResidentId, Sex, Usage},
    read::{self, Card},
    store::Seal,
};

/// A home as it is checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// How it is used.
    pub usage: Usage,
    /// Who lives there.
    pub people: Vec<Recorded>,
}

/// Somebody who lives there, as far as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Who; nothing in copies that were kept before this was.
    #[serde(default)]
    pub id: Option<ResidentId>,
    /// 姓名
    pub name: String,
    /// 与户主关系
    pub relation: Relation,
    /// 性别
    pub sex: Sex,
    /// The masked number, or the day of birth where there is none.
    pub number: Option<String>,
    /// The masked phone.
    pub phone: Option<String>,
    /// 户籍/流动
    pub residence: Residence,
}

impl Record {
    /// As the card has it.
    pub fn of(card: &Card) -> Self {
        let people = card.residents().map(|r| Recorded {
            id: Some(r.id),
            name: r.name.clone(),
            relation: r.relation,
            sex: r.sex,
            number: r.id_number.clone().or_else(|| r.birth.clone()),
            phone: r.phone.as_ref().map(ToString::to_string),
            residence: r.residence,
        });
        Self { usage: card.usage, people: people.collect() }
    }
}

const TABLE: &str = "spot_home";

/// Keeps what is on record of a home that was just drawn.
pub(super) async fn keep(op: &mut Op, access: &Access, id: SpotId, home: DwellingId) -> Result<()> {
    let now = op.now;
    let card = read::card(&mut op.tx, access, &Scope::everything(), home, now).await?;
    let record = Record::of(&card);
    let json = serde_json::to_string(&record).map_err(Error::internal)?;
    let sealed = Seal::new(access).seal(Purpose::Resident, TABLE, home.0, &id.to_string(), &json)?;
    let people = i64::try_from(record.people.len()).unwrap_or(i64::MAX);
    op.tx
        .execute(
            "UPDATE spot_home SET record = $3, people = $4 WHERE check_id = $1 AND dwelling_id = $2",
            params![id, home, sealed, people],
        )
        .await?;
    Ok(())
}

/// What was on record of a home at the draw; nothing where the check is over, or was drawn before this was kept.
pub async fn drawn_record(
    conn: &mut Conn,
    access: &Access,
    id: SpotId,
    home: DwellingId,
) -> Result<Option<Record>> {
    let sql = "SELECT record FROM spot_home WHERE check_id = $1 AND dwelling_id = $2";
    let sealed: Option<Vec<u8>> = conn.scalar(sql, params![id, home]).await?;
    let json =
        Seal::new(access).open(Purpose::Resident, TABLE, home.0, &id.to_string(), sealed.as_deref())?;
    json.map(|json| serde_json::from_str(&json).map_err(Error::internal)).transpose()
}

/// How many people a home is checked for: those of the draw, or those of now where that was not kept.
pub(super) async fn people(conn: &mut Conn, id: SpotId, home: DwellingId) -> Result<i64> {
    conn.scalar(
        "SELECT coalesce(h.people, (SELECT count(*) FROM resident r WHERE r.dwelling_id = h.dwelling_id))
         FROM spot_home h WHERE h.check_id = $1 AND h.dwelling_id = $2",
        params![id, home],
    )
    .await
}

/// Nobody compares with it any more.
pub(super) async fn drop_of(op: &mut Op, id: SpotId) -> Result<()> {
    op.tx.execute("UPDATE spot_home SET record = NULL WHERE check_id = $1", params![id]).await?;
    Ok(())
}

/// The copies of running checks in which somebody stands: of the homes where they live, or have lived.
pub(super) async fn with(
    op: &mut Op,
    access: &Access,
    who: ResidentId,
    name: &str,
) -> Result<Vec<(SpotId, DwellingId)>> {
    let kept: Vec<(SpotId, DwellingId)> = op
        .tx
        .all(
            "SELECT h.check_id, h.dwelling_id FROM spot_home h WHERE h.record IS NOT NULL AND h.dwelling_id IN (
                 SELECT r.dwelling_id FROM resident r WHERE r.id = $1
                 UNION SELECT s.dwelling_id FROM residence s WHERE s.resident_id = $1)
             ORDER BY h.check_id, h.n",
            params![who],
        )
        .await?;
    let mut found = Vec::new();
    for (id, home) in kept {
        let Some(record) = drawn_record(&mut op.tx, access, id, home).await? else { continue };
        if record.people.iter().any(|r| r.id.map_or(r.name == name, |id| id == who)) {
            found.push((id, home));
        }
    }
    Ok(found)
}

/// Takes a home out of its check, and the copy away.
pub(super) async fn leave(op: &mut Op, id: SpotId, home: DwellingId) -> Result<u64> {
    op.tx
        .execute(
            "UPDATE spot_home SET record = NULL, left_at = $3 WHERE check_id = $1 AND dwelling_id = $2 AND record IS NOT NULL",
            params![id, home, op.now],
        )
        .await
}

/// Of months that are over and were never finished, wherever they were: at most so many; answers how many.
pub(crate) async fn drop_past(op: &mut Op, now: Timestamp, most: i64) -> Result<u64> {
    op.tx
        .execute(
            "UPDATE spot_home SET record = NULL WHERE (check_id, n) IN (
                 SELECT h.check_id, h.n FROM spot_home h JOIN spot_check s ON s.id = h.check_id
                 WHERE h.record IS NOT NULL AND s.month < $1 LIMIT $2)",
            params![Month::of(now).0, most],
        )
        .await
}
