//! Number and phone in clear, for one look and a reason that is written down.

use linli_access::{
    Target,
    masking::{self, Unmask},
};
use linli_kernel::Result;
use linli_store::Op;
use serde::Serialize;

use crate::{
    model::{EntityId, ResidentId},
    store::{Seal, entities, people},
};

/// What is sealed of somebody, in clear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contact {
    /// 身份证号
    pub id_number: Option<String>,
    /// 联系电话
    pub phone: Option<String>,
}

/// A person's number and phone. The caller commits before it answers.
pub async fn unmask(op: &mut Op, id: ResidentId, reason: &str) -> Result<Contact> {
    let resident = people::get(&mut op.tx, id).await?;
    let look = Unmask {
        action: "household.read_contact",
        subject: "resident",
        subject_id: id.to_string(),
        target: Target::at(&resident.area),
        field: "id_number, phone",
        reason,
    };
    masking::unmask(op, look, |access| {
        let person = resident.person(Seal::new(access))?;
        Ok(Contact { id_number: person.id_number.map(|n| n.as_str().to_owned()), phone: person.phone })
    })
    .await
}

/// An entity's contact. The caller commits before it answers.
pub async fn unmask_entity(op: &mut Op, id: EntityId, reason: &str) -> Result<Contact> {
    let row = entities::load(&mut op.tx, id).await?;
    let look = Unmask {
        action: "entity.read_contact",
        subject: "entity",
        subject_id: id.to_string(),
        target: Target::at(&row.area),
        field: "phone",
        reason,
    };
    masking::unmask(op, look, |access| {
        Ok(Contact { id_number: None, phone: row.entity(Seal::new(access))?.contact_phone })
    })
    .await
}
