//! Making and ending codes; who did it is in the activity log.

use linli_access::{Authorise as _, Target};
use linli_kernel::{Error, Result, error::Check};
use linli_store::{Entry, Op};
use serde_json::json;
use uuid::Uuid;

use super::{
    CodeId, CodeKind,
    store::{self, NewCode},
};
use crate::{model::BuildingId, store::places};

/// Writes codes for these things of a house, without asking who may (the demo district).
pub async fn issue(op: &mut Op, building: BuildingId, things: &[(CodeKind, Uuid)]) -> Result<usize> {
    let area = places::building(&mut op.tx, building).await?.area;
    let rows: Vec<NewCode> = things
        .iter()
        .map(|&(kind, thing)| NewCode { id: CodeId(op.uuid()), kind, thing, building, area: area.clone() })
        .collect();
    let by = op.actor.name().to_owned();
    let made = store::add(&mut op.tx, &rows, &by, op.now).await?;
    if made > 0 {
        op.log(Entry {
            action: "code.issue",
            subject: "building",
            subject_id: building.to_string(),
            area,
            detail: json!({ "codes": made }),
        })
        .await?;
    }
    Ok(made)
}

/// Makes the codes that a house lacks; answers how many.
pub async fn issue_missing(op: &mut Op, building: BuildingId) -> Result<usize> {
    let area = places::building(&mut op.tx, building).await?.area;
    op.permit("code.issue", &Target::at(&area))?;
    let things: Vec<(CodeKind, Uuid)> = store::of_building(&mut op.tx, building)
        .await?
        .into_iter()
        .filter(|thing| thing.id.is_none())
        .map(|thing| (thing.kind, thing.thing))
        .collect();
    issue(op, building, &things).await
}

/// Ends a code: the label at the door answers from now on that it counts no more.
pub async fn revoke(op: &mut Op, id: CodeId, reason: &str) -> Result<BuildingId> {
    let code = store::load(&mut op.tx, id).await?;
    op.permit("code.issue", &Target::at(&code.area))?;
    let mut check = Check::new();
    let reason = check.text("reason", reason, 100);
    check.done()?;
    if code.revoked_at.is_some() {
        return Err(Error::Conflict("code-revoked-already"));
    }
    let by = op.actor.name().to_owned();
    store::end(&mut op.tx, id, &by, &reason, op.now).await?;
    op.log(Entry {
        action: "code.revoke",
        subject: code.kind.as_str(),
        subject_id: code.thing.to_string(),
        area: code.area.clone(),
        detail: json!({ "number": code.n, "reason": reason }),
    })
    .await?;
    Ok(code.building_id)
}

/// Ends whatever live codes these things have, without asking who may: they are closed.
pub(crate) async fn end_of(op: &mut Op, things: &[Uuid], reason: &str) -> Result<()> {
    let by = op.actor.name().to_owned();
    for thing in things {
        if let Some(code) = store::live(&mut op.tx, *thing).await? {
            store::end(&mut op.tx, code.id, &by, reason, op.now).await?;
            op.log(Entry {
                action: "code.revoke",
                subject: code.kind.as_str(),
                subject_id: code.thing.to_string(),
                area: code.area.clone(),
                detail: json!({ "number": code.n, "closed": true }),
            })
            .await?;
        }
    }
    Ok(())
}

/// Ends a code and makes another one for the same thing.
pub async fn reissue(op: &mut Op, id: CodeId, reason: &str) -> Result<BuildingId> {
    let building = revoke(op, id, reason).await?;
    let code = store::load(&mut op.tx, id).await?;
    issue(op, building, &[(code.kind, code.thing)]).await?;
    Ok(building)
}
