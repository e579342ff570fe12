//! The words of an entry: what it is, where it stands, what it says.

use linli_kernel::{AreaCode, Error, Result, Timestamp, text_enum};
use serde::{Deserialize, Serialize};

use super::ClaimId;
use crate::{
    code::CodeId,
    model::{BuildingId, CareKind, DwellingId, Field, ResidentId, Texts, Usage},
};

/// The version of the words above the form that are agreed to; a change of the words is a new version.
pub const CONSENT: &str = "home-2026-11";
/// What is added to it where care was agreed to separately (单独同意, 个人信息保护法 article 29).
pub const SEPARATE: &str = "+care";

text_enum! {
    /// What an entry says.
    pub enum ClaimKind {
        /// 首次填报: nobody is registered in this home yet.
        New = "new",
        /// 更正
        Changed = "changed",
        /// 无变化
        Same = "same",
    }
}

text_enum! {
    /// Where an entry stands.
    pub enum ClaimState {
        /// 待核对
        Waiting = "waiting",
        /// 请补充: the resident was asked again.
        Asked = "asked",
        /// 已采纳
        Accepted = "accepted",
        /// 部分采纳
        Partly = "partly",
        /// 未采纳
        Declined = "declined",
        /// 本人撤回
        Withdrawn = "withdrawn",
    }
}

impl ClaimState {
    /// Whether nothing more happens to it.
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Waiting | Self::Asked)
    }
}

text_enum! {
    /// What stands against taking an entry as it is.
    pub enum Conflict {
        /// 两人填同一户: another entry for this home waits, from somebody else.
        Rival = "rival",
        /// 登记在别处: somebody in it is registered in another home.
        Elsewhere = "elsewhere",
        /// 两户填同一证件号: another home's entry has the same identity number.
        Twice = "twice",
        /// 与在册住户不符: others are registered here, and it names none of them.
        Stranger = "stranger",
    }
}

/// Conflicts as the database keeps them.
pub(super) fn joined(conflicts: &[Conflict]) -> String {
    conflicts.iter().map(|c| c.as_str()).collect::<Vec<_>>().join(",")
}

/// And back.
pub(super) fn conflicts(text: &str) -> Vec<Conflict> {
    text.split(',').filter_map(|word| word.parse().ok()).collect()
}

/// A person of the home as the form has them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Member {
    /// Who it is in the register, if the form was filled over what is known.
    pub resident: Option<ResidentId>,
    /// They live here no more.
    pub gone: bool,
    /// What was typed.
    pub texts: Texts,
    /// Care that was asked for.
    pub care: Vec<CareKind>,
}

impl Member {
    /// Whether anything was typed.
    pub fn is_blank(&self) -> bool {
        let t = &self.texts;
        let typed = [&t.name, &t.sex, &t.birth, &t.id_number, &t.phone];
        self.resident.is_none() && self.care.is_empty() && typed.iter().all(|text| text.trim().is_empty())
    }
}

/// What an entry says; kept sealed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Content {
    /// How the home is used.
    pub usage: Option<Usage>,
    /// The staircase and door as typed, while the door is not registered.
    pub unit: String,
    /// See `unit`.
    pub door: String,
    /// Who lives there.
    pub members: Vec<Member>,
    /// The phone of who fills it in.
    pub phone: Option<String>,
}

/// An entry to be made.
#[derive(Debug, Clone)]
pub struct NewClaim {
    /// The home, if it is registered.
    pub dwelling: Option<DwellingId>,
    /// Nothing has changed, say they; the rest of the content is empty.
    pub same: bool,
    /// What is said.
    pub content: Content,
    /// The version that was agreed to.
    pub consent: String,
}

/// An entry as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Claim {
    /// Which one.
    pub id: ClaimId,
    /// The number that people say.
    pub number: String,
    /// Through which code.
    pub code_id: Option<CodeId>,
    /// The house.
    pub building_id: BuildingId,
    /// The home, if it is registered.
    pub dwelling_id: Option<DwellingId>,
    /// Its grid.
    pub area: AreaCode,
    /// As the door is called.
    pub address: String,
    /// What it says.
    pub kind: ClaimKind,
    /// What stands against it, see [`Claim::conflicts`].
    #[sqlx(rename = "conflicts")]
    pub against: String,
    /// Where it stands.
    pub state: ClaimState,
    /// Sealed.
    pub content: Option<Vec<u8>>,
    /// Who says it.
    pub phone_hash: Option<Vec<u8>>,
    /// Whether the phone is theirs.
    pub proven: bool,
    /// The versions it was said over.
    pub base: String,
    /// What was agreed to.
    pub consent: String,
    /// How many people it names.
    pub people: i64,
    /// Grows with every step.
    pub version: i64,
    /// When it was said last.
    pub submitted_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// By whom.
    pub decided_by: Option<String>,
    /// What was asked again, or why it was not taken.
    pub reason: Option<String>,
    /// What was taken, see [`Outcome`].
    pub outcome: Option<String>,
    /// The other system that says it; nothing where a resident does.
    pub peer: Option<String>,
    /// The peer's own number of the person.
    pub external_id: Option<String>,
}

impl Claim {
    /// What stands against taking it as it is.
    pub fn conflicts(&self) -> Vec<Conflict> {
        conflicts(&self.against)
    }

    /// What was taken and what not.
    pub fn outcome(&self) -> Option<Outcome> {
        self.outcome.as_deref().and_then(|json| serde_json::from_str(json).ok())
    }
}

/// What became of an entry's fields: names of fields, no values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How many people were registered or moved in.
    pub people: usize,
    /// Fields that were taken.
    pub taken: Vec<Field>,
    /// Fields that were not.
    pub left: Vec<Field>,
    /// How many marks of care were not.
    #[serde(default)]
    pub care_left: usize,
}

impl Outcome {
    pub(super) fn json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(Error::internal)
    }
}
