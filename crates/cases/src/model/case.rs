//! The snapshot of a case that the rules look at, and nothing that they do not need.

use linli_kernel::{
    Actor, AreaCode, Timestamp,
    actor::{AccountId, OrgId},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    clock::CaseClock,
    reasons::{Extent, Outcome, ReturnReason, Satisfaction},
    words::{CaseId, CaseState, Level, Nature, Source, WhistleLevel},
};

/// The one who acted, as the log knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// A logged-in person.
    Account(AccountId),
    /// Another system.
    Client(Uuid),
    /// Anybody with a tracking link.
    Public,
    /// A job of ours.
    System,
}

impl From<&Actor> for Who {
    fn from(actor: &Actor) -> Self {
        match actor {
            Actor::Account { id, .. } => Self::Account(*id),
            Actor::Client { id, .. } => Self::Client(*id),
            Actor::Public => Self::Public,
            Actor::System => Self::System,
        }
    }
}

/// The organisations that answer for a place, level by level (责任链).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain {
    /// The grid's team, if the grid is known and has one.
    pub grid: Option<OrgId>,
    /// The street's response centre, if the street is known.
    pub street: Option<OrgId>,
    /// The district's response centre, which always exists.
    pub district: OrgId,
}

impl Chain {
    /// Who answers at `level`; where nobody does, the next above.
    pub fn at(&self, level: Level) -> OrgId {
        match level {
            Level::Grid => self.grid.or(self.street),
            Level::Street => self.street,
            Level::District => None,
        }
        .unwrap_or(self.district)
    }
}

/// What a lead has asked for and nobody has decided yet. One at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Ask {
    /// 退回
    Return {
        /// Who asked.
        by: Who,
        /// Why.
        reason: ReturnReason,
        /// Who should have it instead.
        to: OrgId,
    },
    /// 延期 of the closing clock
    Extension {
        /// Who asked.
        by: Who,
        /// Working days.
        days: u32,
    },
    /// 挂账
    Suspension {
        /// Who asked.
        by: Who,
        /// When it should be looked at again.
        review: Timestamp,
    },
}

impl Ask {
    /// Who asked.
    pub const fn by(&self) -> Who {
        match self {
            Self::Return { by, .. } | Self::Extension { by, .. } | Self::Suspension { by, .. } => *by,
        }
    }
}

/// A case that waits for better days (挂账).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// The state to which it comes back.
    pub before: CaseState,
    /// When it will be looked at again.
    pub review: Timestamp,
}

/// What is known when somebody tells us.
#[derive(Debug, Clone)]
pub struct Filing {
    /// The new case's id.
    pub id: CaseId,
    /// The part that does not change by itself later.
    pub reported: Reported,
    /// The area, as precise as known.
    pub area: AreaCode,
    /// Category code, if the reporter or a suggestion gave one.
    pub category: Option<String>,
    /// Somebody says that it cannot wait.
    pub urgent: bool,
    /// The case of which this is one task.
    pub parent: Option<CaseId>,
}

/// How the case came to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Reported {
    /// From where.
    pub source: Source,
    /// What is wanted.
    pub nature: Nature,
    /// When.
    pub at: Timestamp,
    /// The reporter gave no name.
    pub anonymous: bool,
    /// The reporter can be called or written to.
    pub reachable: bool,
    /// Those who work on the case do not see who reported (隐去身份).
    pub hidden_identity: bool,
}

/// A case as the rules see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate fact of the case with its own column")]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// How it came to us.
    pub reported: Reported,
    /// Where it stands.
    pub state: CaseState,
    /// The area, as precise as known.
    pub area: AreaCode,
    /// Category code (三级分类).
    pub category: Option<String>,
    /// The responsible level.
    pub level: Level,
    /// The whistle.
    pub whistle: WhistleLevel,
    /// The one lead organisation (主办). There is no case without.
    pub lead: OrgId,
    /// Assisting organisations (协办), never the lead.
    pub assisting: Vec<OrgId>,
    /// Somebody says that it cannot wait.
    pub urgent: bool,
    /// A centre agrees.
    pub urgent_confirmed: bool,
    /// The case of which this is one task.
    pub parent: Option<CaseId>,
    /// Tasks of this case that are not over; counted when loaded.
    pub open_tasks: u32,
    /// The case that is followed instead.
    pub merged_into: Option<CaseId>,
    /// How often a lead has asked to return it.
    pub returns: u8,
    /// The level above has decided who leads; the level below cannot move it.
    pub lead_bound: bool,
    /// What waits for a decision.
    pub ask: Option<Ask>,
    /// The clocks wait for the reporter since then.
    pub waiting_since: Option<Timestamp>,
    /// Put aside.
    pub suspension: Option<Suspension>,
    /// First dispatched then.
    pub dispatched_at: Option<Timestamp>,
    /// The reporter was first reached then.
    pub contacted_at: Option<Timestamp>,
    /// Everybody who has declared it done since it was last opened; none of them verifies.
    pub resolvers: Vec<Who>,
    /// What the lead says.
    pub extent: Option<Extent>,
    /// What the verifier found.
    pub outcome: Option<Outcome>,
    /// What the reporter says.
    pub satisfaction: Option<Satisfaction>,
    /// Over since then.
    pub ended_at: Option<Timestamp>,
    /// The reporter may reopen before then. Set once when it ends; nothing moves it.
    pub reopen_until: Option<Timestamp>,
    /// How often it was reopened.
    pub reopened: u16,
    /// The reporter has objected to its being declined.
    pub objected: bool,
    /// Joint whistles that failed.
    pub joint_failures: u8,
    /// All its clocks, in order.
    pub clocks: Vec<CaseClock>,
}

impl Case {
    /// When the next running clock breaks: the key of the clock board.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.clocks.iter().filter(|c| c.is_running()).map(|c| c.due).min()
    }
}
