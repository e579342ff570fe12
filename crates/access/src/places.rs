//! Names of places and organisations, as another slice knows them: a port that the binary fills.

use linli_kernel::{AreaCode, Error, Result, actor::OrgId};
use linli_store::{District, Op};

use crate::Authorise as _;

/// An organisation as it is chosen for a post.
#[derive(Debug, Clone)]
pub struct OrgChoice {
    /// Its id.
    pub id: OrgId,
    /// What people type to choose it.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub area: AreaCode,
}

/// The port. Without it, codes stand for names.
#[derive(Clone, Copy)]
pub struct Places {
    /// The area's name with those around it.
    pub area: fn(&District, &AreaCode) -> String,
    /// The organisation's name.
    pub org: fn(&District, OrgId) -> String,
    /// Whether there is such an area.
    pub knows: fn(&District, &AreaCode) -> bool,
    /// All organisations.
    pub orgs: fn(&District) -> Vec<OrgChoice>,
    /// Streets and communities with their names.
    pub areas: fn(&District) -> Vec<(AreaCode, String)>,
}

impl Places {
    /// The port of this district.
    pub fn of(district: &District) -> Self {
        district.ports.get::<Self>().map_or(
            Self {
                area: |_, code| code.to_string(),
                org: |_, id| id.to_string(),
                knows: |_, _| true,
                orgs: |_| Vec::new(),
                areas: |_| Vec::new(),
            },
            |port| *port,
        )
    }

    /// Refuses a place that was told and is not there, or where the actor may not do `action`.
    pub(crate) fn told(op: &Op, action: &str, area: &AreaCode) -> Result<()> {
        op.permit_told(action, area, "area")?;
        let known = *area == op.district.area || (Self::of(&op.district).knows)(&op.district, area);
        if known { Ok(()) } else { Err(Error::field("area", "error-area-unknown")) }
    }
}
