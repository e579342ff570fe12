//! What somebody is to a case: read from their posts, not from a role alone.

use std::collections::BTreeSet;

use linli_kernel::{
    Actor, Role,
    actor::{OrgId, Post},
};

use crate::model::{Ask, Case, Level, Party, Who};

/// The scope with which the hotline's own system speaks for reporters.
pub const HOTLINE_SCOPE: &str = "hotline.push";

/// Somebody before a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// As the log knows them.
    pub who: Who,
    /// All that they are to this case.
    pub parties: BTreeSet<Party>,
}

impl Standing {
    /// Our own jobs.
    pub fn system() -> Self {
        Self { who: Who::System, parties: BTreeSet::from([Party::System]) }
    }

    /// Whether they are this to the case.
    pub fn is(&self, party: Party) -> bool {
        self.parties.contains(&party)
    }
}

/// Reads the standing of `actor`. `reporter` is true if a tracking token or the account shows that they
/// reported the case.
pub fn standing(actor: &Actor, case: &Case, reporter: bool) -> Standing {
    let mut parties = BTreeSet::new();
    if reporter {
        parties.insert(Party::Reporter);
    }
    match actor {
        Actor::System => {
            parties.insert(Party::System);
        }
        Actor::Client { scopes, area, .. } => {
            if area.contains(&case.area) && scopes.iter().any(|s| s == HOTLINE_SCOPE) {
                parties.insert(Party::Hotline);
            }
        }
        Actor::Public => {}
        Actor::Account { posts, .. } => {
            for post in posts {
                by_organisation(post, case, &mut parties);
                by_place(post, case, &mut parties);
            }
        }
    }
    Standing { who: Who::from(actor), parties }
}

/// The centre that sits over the case (a grid has none of its own), and the one above that.
pub fn deciding_level(level: Level) -> Level {
    level.max(Level::Street)
}

fn by_organisation(post: &Post, case: &Case, parties: &mut BTreeSet<Party>) {
    // Those who keep the machine do not work on cases, whatever their post says.
    if matches!(post.role, Role::SystemAdmin | Role::SecurityOfficer | Role::Auditor | Role::Hotline) {
        return;
    }
    if post.org == case.lead {
        parties.insert(Party::Lead);
    }
    if case.assisting.contains(&post.org) {
        parties.insert(Party::Assisting);
    }
    if proposed(case) == Some(post.org) {
        parties.insert(Party::Proposed);
    }
}

fn proposed(case: &Case) -> Option<OrgId> {
    if let Some(Ask::Return { to, .. }) = case.ask { Some(to) } else { None }
}

fn by_place(post: &Post, case: &Case, parties: &mut BTreeSet<Party>) {
    if !post.area.contains(&case.area) {
        return;
    }
    let deciding = deciding_level(case.level);
    let mut is = |party| {
        parties.insert(party);
    };
    match post.role {
        Role::GridWorker => is(Party::GridWorker),
        Role::CommunitySecretary => is(Party::Secretary),
        // They lead the centre of their street, too: what of its desk is theirs the policy says.
        Role::StreetLeader => {
            is(Party::StreetLeader);
            if deciding == Level::Street {
                is(Party::Centre);
            }
        }
        Role::Hotline => is(Party::Hotline),
        Role::StreetCentre if deciding == Level::Street => is(Party::Centre),
        Role::DistrictCentre => {
            is(Party::Above);
            if deciding == Level::District {
                is(Party::Centre);
            }
        }
        Role::StreetCentre
        | Role::Department
        | Role::DepartmentLead
        | Role::SystemAdmin
        | Role::SecurityOfficer
        | Role::Auditor => {}
    }
}
