//! What a phone brings up, and what it hears of it.

use linli_kernel::{FieldError, Timestamp, text_enum};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Home;
use crate::model::{DwellingId, Field, Relation, Residence, ResidentId, Usage};

text_enum! {
    /// What was done at a door.
    pub enum Act {
        /// 入户: all is so, or is corrected where it was said otherwise.
        Met = "met",
        /// 无人在家
        Nobody = "nobody",
        /// 只记一条
        Note = "note",
        /// The record was opened on the phone: written down for the people in it.
        Seen = "seen",
    }
}

text_enum! {
    /// What became of an entry.
    pub enum Outcome {
        /// It stands.
        Done = "done",
        /// The record has changed meanwhile: nothing was taken, the worker chooses.
        Conflict = "conflict",
        /// A conflict about which the worker has chosen since.
        Settled = "settled",
        /// Something that comes before it is not there yet.
        Waits = "waits",
        /// There is no such home in this worker's grids.
        Gone = "gone",
        /// It is wrong; `errors` say where.
        Refused = "refused",
    }
}

/// One entry, as the phone sends it.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The phone's own id: the same entry sent again is the same.
    pub id: Uuid,
    /// At which door.
    pub dwelling: DwellingId,
    /// What was done.
    pub act: Act,
    /// When, by the phone's clock.
    pub at: Timestamp,
    /// The entry of the same home that must stand before this one.
    #[serde(default)]
    pub after: Option<Uuid>,
    /// The entry whose conflict this one settles.
    #[serde(default)]
    pub settles: Option<Uuid>,
    /// In words.
    #[serde(default)]
    pub note: String,
    /// Photos that came up before.
    #[serde(default)]
    pub photos: Vec<Uuid>,
    /// The record that the worker had in hand; a visit says all of it is so, except for what `says` names.
    #[serde(default)]
    pub saw: Option<Saw>,
    /// Corrections.
    #[serde(default)]
    pub says: Says,
}

/// The record in the worker's hand: the base of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Saw {
    /// Of the home.
    pub version: i64,
    /// How it was used.
    pub usage: Usage,
    /// Who lived there.
    pub people: Vec<SawPerson>,
}

/// A person in the worker's hand.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SawPerson {
    /// Who.
    pub id: ResidentId,
    /// Of the record.
    pub version: i64,
    /// 姓名
    pub name: String,
    /// The tag of the phone ([`super::Phone::tag`]), empty without one.
    #[serde(default)]
    pub phone: String,
    /// 与户主关系
    pub relation: Relation,
    /// 户籍/流动
    pub residence: Residence,
}

/// What the worker says instead.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Says {
    /// 房屋用途
    pub usage: Option<Usage>,
    /// Of people.
    pub people: Vec<SaysPerson>,
}

/// What the worker says of one person; what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SaysPerson {
    /// Who.
    pub id: ResidentId,
    /// 姓名
    #[serde(default)]
    pub name: Option<String>,
    /// 联系电话; `-` for none.
    #[serde(default)]
    pub phone: Option<String>,
    /// 与户主关系
    #[serde(default)]
    pub relation: Option<Relation>,
    /// 户籍/流动
    #[serde(default)]
    pub residence: Option<Residence>,
}

text_enum! {
    /// What has changed meanwhile.
    pub enum Change {
        /// The field has another value now.
        Value = "value",
        /// The same value, but somebody has confirmed it after this visit.
        Later = "later",
        /// Somebody has moved in.
        Arrived = "arrived",
        /// Somebody lives there no more.
        Left = "left",
    }
}

/// One difference, to be shown side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Differ {
    /// Of what kind.
    pub change: Change,
    /// Whose; nothing for the home itself.
    pub person: Option<ResidentId>,
    /// Their name, as it is known now or was.
    pub name: String,
    /// The field; nothing where somebody came or went.
    pub field: Option<Field>,
    /// What the phone has: what the worker says, or saw.
    pub mine: String,
    /// What is known now.
    pub theirs: String,
}

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The phone's id; absent where it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// What became of it.
    pub outcome: Outcome,
    /// The record as it is now: the base of what comes next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home: Option<Home>,
    /// Of a conflict.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differs: Vec<Differ>,
    /// What is wrong.
    #[serde(skip)]
    pub faults: Vec<FieldError>,
}

impl Answer {
    pub(super) const fn bare(id: Option<Uuid>, outcome: Outcome) -> Self {
        Self { id, outcome, home: None, differs: Vec::new(), faults: Vec::new() }
    }

    pub(super) fn refused(id: Option<Uuid>, faults: Vec<FieldError>) -> Self {
        Self { faults, ..Self::bare(id, Outcome::Refused) }
    }
}
