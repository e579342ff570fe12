//! Moving in and out (迁入、迁出): the stay that ends is kept, the person stays one.

use linli_kernel::{Error, Result, Timestamp, error::Check};
use linli_store::Op;
use serde_json::json;

use super::{Home, News, note, people::join};
use crate::{
    model::{Field, Leaving, Mark, Marks, ResidentId, ResidentState},
    store::{
        care, people,
        people::{Resident, Stay},
        places,
        places::{Dwelling, Household},
    },
};

/// How somebody goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveOut {
    /// Why.
    pub reason: Leaving,
    /// When; not in the future.
    pub at: Timestamp,
    /// Where to, in words, if said.
    pub destination: Option<String>,
}

/// Refuses a day of going that cannot be: before the person was born, or before the day since which they are known to
/// live there. Where nobody of ours has seen them there (a sheet, another system), `since` is only when the row was
/// written, and says nothing of that.
///
/// # Errors
/// At the day.
pub fn plausible(resident: &Resident, out: &MoveOut) -> Result<()> {
    let day = out.at.china_date();
    let seen = resident.marks()?.of(Field::Home).verified;
    let mut check = Check::new();
    check.require(resident.birth().is_none_or(|born| day >= born), "at", "household-time-before-birth");
    check.require(!seen || day >= resident.since.china_date(), "at", "household-time-before-came");
    check.done()
}

/// Ends the present stay, if there is one.
async fn depart(op: &mut Op, news: &mut News, resident: &Resident, out: &MoveOut) -> Result<()> {
    let Some(dwelling_id) = resident.dwelling_id else { return Ok(()) };
    let stay = Stay {
        resident_id: resident.id,
        dwelling_id,
        household_id: resident.household_id,
        relation: resident.relation,
        since: resident.since,
        until: out.at.max(resident.since),
        reason: out.reason,
        destination: out.destination.clone(),
    };
    let id = op.uuid();
    people::add_stay(&mut op.tx, id, &stay).await?;
    op.tx
        .execute(
            "UPDATE resident SET dwelling_id = NULL, household_id = NULL WHERE id = $1",
            linli_kernel::params![resident.id],
        )
        .await?;
    if let Some(household) = resident.household_id {
        places::settle_household(&mut op.tx, household, resident.id, out.at).await?;
        news.household(household, &resident.area);
    }
    news.resident(resident.id, &resident.area);
    Ok(())
}

/// Ends the stay elsewhere and answers the row as it lives here; the caller saves it.
pub(super) async fn arrive(
    op: &mut Op,
    news: &mut News,
    resident: &Resident,
    dwelling: &Dwelling,
    household: &Household,
    at: Timestamp,
) -> Result<Resident> {
    let out = MoveOut { reason: Leaving::Moved, at, destination: Some(dwelling.address.clone()) };
    depart(op, news, resident, &out).await?;
    let detail = json!({ "from": resident.dwelling_id, "to": dwelling.id });
    note(op, "household.move_in", "resident", resident.id, &dwelling.area, detail).await?;
    Ok(Resident {
        dwelling_id: Some(dwelling.id),
        household_id: Some(household.id),
        area: dwelling.area.clone(),
        state: ResidentState::Living,
        since: at,
        ..resident.clone()
    })
}

/// Somebody who is known moves in.
pub async fn move_in(op: &mut Op, news: &mut News, id: ResidentId, home: Home, by: &Mark) -> Result<()> {
    let before = people::load(&mut op.tx, id).await?;
    if before.dwelling_id == Some(home.dwelling) {
        return Err(Error::Conflict("household-lives-there"));
    }
    let dwelling = places::dwelling(&mut op.tx, home.dwelling).await?;
    let household = join(op, news, &dwelling, home.household).await?;
    let after = arrive(op, news, &before, &dwelling, &household, by.at).await?;
    let mut marks = before.marks()?;
    marks.set(Field::Home, *by);
    write(op, &before, &after, &marks).await?;
    news.resident(id, &after.area);
    Ok(())
}

/// Somebody moves out of the district, dies, or was never there.
pub async fn move_out(op: &mut Op, news: &mut News, id: ResidentId, out: &MoveOut, by: &Mark) -> Result<()> {
    let before = people::load(&mut op.tx, id).await?;
    if before.dwelling_id.is_none() {
        return Err(Error::Conflict("household-has-left"));
    }
    if out.at > op.now {
        return Err(Error::field("at", "household-time-ahead"));
    }
    depart(op, news, &before, out).await?;
    let state = match out.reason {
        Leaving::Deceased => ResidentState::Deceased,
        Leaving::Moved | Leaving::Away | Leaving::Mistake => ResidentState::Left,
    };
    care::end_all(&mut op.tx, id, op.now, out.reason.as_str()).await?;
    // Since when we know it, not since the day that was said: what is kept for so many days after they went is counted
    // from here, and a slip in the year destroys nothing before somebody can notice it. The day itself ends the stay.
    let after = Resident { dwelling_id: None, household_id: None, state, since: op.now, ..before.clone() };
    let mut marks = before.marks()?;
    marks.set(Field::Home, *by);
    write(op, &before, &after, &marks).await?;
    let detail = json!({ "from": before.dwelling_id, "reason": out.reason });
    note(op, "household.move_out", "resident", id, &before.area, detail).await
}

async fn write(op: &mut Op, before: &Resident, after: &Resident, marks: &Marks) -> Result<()> {
    let access = super::access(op)?;
    let seal = crate::store::Seal::new(&access);
    let person = before.person(seal)?;
    people::save(&mut op.tx, seal, before, after, &person, marks, op.now).await?;
    Ok(())
}
