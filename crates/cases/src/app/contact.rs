//! Who reported: sealed, masked, and shown in clear only for a reason that is written down.

use linli_access::{
    Access, Purpose, Target,
    masking::{self, Masked, Unmask},
};
use linli_kernel::{Actor, Error, Result, params};
use linli_store::Op;
use serde::Serialize;

use super::report::place;
use crate::{
    model::{Case, CaseId, Party},
    rules, store,
};

/// The reporter's contact in clear, for one look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contact {
    /// Name.
    pub name: Option<String>,
    /// Phone.
    pub phone: Option<String>,
}

/// The reporter as a page shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReporterView {
    /// `王**`
    pub name: Option<Masked>,
    /// `138****5678`
    pub phone: Option<Masked>,
    /// Nothing is shown because the identity is hidden from this person.
    pub hidden: bool,
    /// They gave no name.
    pub anonymous: bool,
}

/// A hidden identity is known to the centres and the hotline, not to those who work on the case.
fn may_know(actor: &Actor, case: &Case) -> bool {
    let standing = rules::standing(actor, case, false);
    !case.reported.hidden_identity
        || [Party::Centre, Party::Above, Party::Hotline].into_iter().any(|party| standing.is(party))
}

type Sealed = (Option<Vec<u8>>, Option<Vec<u8>>);

fn open(access: &Access, id: CaseId, (name, phone): &Sealed) -> Result<Contact> {
    let clear = |field: &str, sealed: &Option<Vec<u8>>| {
        access.keyring.open_text(Purpose::Reporter, &place(id, field), sealed.as_deref())
    };
    Ok(Contact { name: clear("name", name)?, phone: clear("phone", phone)? })
}

/// The masked view of a sealed contact.
pub(crate) fn view(access: &Access, actor: &Actor, case: &Case, sealed: &Sealed) -> Result<ReporterView> {
    let anonymous = case.reported.anonymous;
    if !may_know(actor, case) {
        return Ok(ReporterView { name: None, phone: None, hidden: true, anonymous });
    }
    let contact = open(access, case.id, sealed)?;
    Ok(ReporterView {
        name: contact.name.as_deref().map(Masked::name),
        phone: contact.phone.as_deref().map(Masked::phone),
        hidden: false,
        anonymous,
    })
}

/// Shows the reporter's contact in clear; who looked and why is in the activity log. The caller commits
/// before it answers.
pub async fn unmask(op: &mut Op, id: CaseId, reason: &str) -> Result<Contact> {
    let case = store::load(&mut op.tx, id).await?.case()?;
    let orgs = store::orgs(&case);
    let target = Target { area: &case.area, orgs: &orgs };
    if !may_know(&op.actor, &case) {
        // Whoever may see the case learns that the contact is kept from them.
        linli_access::Authorise::permit(op, "case.read", &target)?;
        return Err(Error::Forbidden("case-identity-hidden"));
    }
    let sealed: Sealed =
        op.tx.one("SELECT reporter_name, reporter_phone FROM case_file WHERE id = $1", params![id]).await?;
    let look = Unmask {
        action: "case.read_contact",
        subject: "case",
        subject_id: id.to_string(),
        target,
        field: "contact",
        reason,
    };
    masking::unmask(op, look, |access| open(access, id, &sealed)).await
}
