//! What stood in the register when a home was drawn (抽取时的登记): the checker compares with this, so that nothing is
//! gained by mending the record between the draw and the check. Kept sealed and masked, no longer than the check lasts.

use linli_access::{Access, Purpose, Scope};
use linli_kernel::{Error, Result, Timestamp, params};
use linli_store::{Conn, Op};
use serde::{Deserialize, Serialize};

use super::{Month, SpotId};
use crate::{
    model::{DwellingId, Relation, Residence, Sex, Usage},
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

/// Of months that are over and were never finished, wherever they were.
pub(super) async fn drop_past(op: &mut Op, now: Timestamp) -> Result<()> {
    op.tx
        .execute(
            "UPDATE spot_home SET record = NULL WHERE record IS NOT NULL
             AND check_id IN (SELECT id FROM spot_check WHERE month < $1)",
            params![Month::of(now).0],
        )
        .await?;
    Ok(())
}
