//! The household card (一户一档): the home, who lives there, what care, and what happened, in seven queries.

use linli_access::{Access, Scope, masking::Masked};
use linli_kernel::{AreaCode, Error, Result, Timestamp, params};
use linli_store::Conn;
use serde::Serialize;

use super::timeline::{Event, timeline};
use crate::{
    model::{
        BuildingId, CareKind, DwellingId, Field, HouseholdId, HouseholdKind, Mark, Marks, Relation,
        Residence, ResidentId, Sex, Usage,
    },
    rules,
    store::{
        Seal, care,
        care::CareMark,
        people,
        people::Resident,
        places::{self, DWELLING, Dwelling},
    },
};

/// A person on the card; number and phone masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CardResident {
    /// Who.
    pub id: ResidentId,
    /// Their household.
    pub household: Option<HouseholdId>,
    /// 姓名
    pub name: String,
    /// 性别
    pub sex: Sex,
    /// 出生日期
    pub birth: Option<String>,
    /// Whole years.
    pub age: Option<u32>,
    /// 与户主关系
    pub relation: Relation,
    /// 户籍/流动
    pub residence: Residence,
    /// `3710**********002X`
    pub id_number: Option<String>,
    /// `138****5678`
    pub phone: Option<Masked>,
    /// Marks of care that count.
    pub care: Vec<CardCare>,
    /// Lives here since.
    pub since: Timestamp,
    /// When all of it was last confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// Who said what when.
    #[serde(skip)]
    pub marks: Marks,
    /// The base of an edit.
    pub version: i64,
}

impl CardResident {
    /// Who said this field, when last confirmed.
    pub fn mark(&self, field: Field) -> Mark {
        self.marks.of(field)
    }
}

/// A mark of care on the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CardCare {
    /// What care.
    pub kind: CareKind,
    /// Until when it counts.
    pub expires_at: Timestamp,
}

/// A household on the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CardHousehold {
    /// Which one.
    pub id: HouseholdId,
    /// What holds them together.
    pub kind: HouseholdKind,
    /// 户主
    pub head: Option<ResidentId>,
    /// Since when.
    pub since: Timestamp,
    /// Who lives in it.
    pub residents: Vec<CardResident>,
}

/// Everything about one home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Card {
    /// Which home.
    pub id: DwellingId,
    /// Its house.
    pub building: BuildingId,
    /// Its grid.
    pub area: AreaCode,
    /// The whole address.
    pub address: String,
    /// How it is used.
    pub usage: Usage,
    /// Who said how it is used.
    #[serde(skip)]
    pub marks: Marks,
    /// When all of it was last confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// Confirmed within ninety days.
    pub fresh: bool,
    /// The base of an edit.
    pub version: i64,
    /// Who lives there.
    pub households: Vec<CardHousehold>,
    /// What happened, the last first.
    pub timeline: Vec<Event>,
}

impl Card {
    /// Everybody who lives there.
    pub fn residents(&self) -> impl Iterator<Item = &CardResident> {
        self.households.iter().flat_map(|h| &h.residents)
    }
}

/// The card of a home within the scope. The caller writes down that it was looked at
/// ([`crate::app::looked`]) before it answers.
pub async fn card(
    conn: &mut Conn,
    access: &Access,
    scope: &Scope,
    id: DwellingId,
    now: Timestamp,
) -> Result<Card> {
    let dwelling: Dwelling =
        conn.one(&format!("SELECT {DWELLING} FROM dwelling d WHERE d.id = $1"), params![id]).await?;
    if !scope.covers(&dwelling.area, &[]) {
        return Err(Error::NotFound);
    }
    let households = places::households(conn, id).await?;
    let living = people::of_dwelling(conn, id).await?;
    let marks = care::of_dwelling(conn, id, now).await?;
    let seal = Seal::new(access);
    let timeline = timeline(conn, &dwelling, &living).await?;
    let mut people: Vec<CardResident> =
        living.into_iter().map(|r| resident(r, seal, &marks, now)).collect::<Result<_>>()?;
    let households = households
        .into_iter()
        .map(|h| {
            let (own, others) = people.drain(..).partition(|r: &CardResident| r.household == Some(h.id));
            people = others;
            CardHousehold { id: h.id, kind: h.kind, head: h.head, since: h.since, residents: own }
        })
        .collect();
    Ok(Card {
        id,
        building: dwelling.building_id,
        fresh: rules::fresh(dwelling.confirmed_at, now),
        marks: Marks::parse(&dwelling.marks)?,
        area: dwelling.area,
        address: dwelling.address,
        usage: dwelling.usage,
        confirmed_at: dwelling.confirmed_at,
        version: dwelling.version,
        households,
        timeline,
    })
}

fn resident(r: Resident, seal: Seal<'_>, care: &[CareMark], now: Timestamp) -> Result<CardResident> {
    let person = r.person(seal)?;
    let marks = r.marks()?;
    Ok(CardResident {
        id: r.id,
        household: r.household_id,
        age: person.birth.and_then(|birth| now.china_date().years_since(birth)),
        id_number: person.id_number.map(|n| n.masked()),
        phone: person.phone.as_deref().map(Masked::phone),
        care: care
            .iter()
            .filter(|c| c.resident_id == r.id)
            .map(|c| CardCare { kind: c.kind, expires_at: c.expires_at })
            .collect(),
        name: r.name,
        sex: r.sex,
        birth: r.birth,
        relation: r.relation,
        residence: r.residence,
        since: r.since,
        confirmed_at: r.confirmed_at,
        marks,
        version: r.version,
    })
}
