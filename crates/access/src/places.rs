//! Names of places and organisations, as another slice knows them: a port that the binary fills.

use linli_kernel::{AreaCode, actor::OrgId};
use linli_store::District;

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
                orgs: |_| Vec::new(),
                areas: |_| Vec::new(),
            },
            |port| *port,
        )
    }
}
