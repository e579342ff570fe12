//! A row as a peer sends it, and what it is answered.

use std::collections::BTreeMap;

use linli_kernel::{AreaCode, FieldError, Timestamp, text_enum};
use serde::{Deserialize, Serialize};

use crate::{
    model::{DwellingId, Field, Leaving, ResidentId},
    rules::Verdict,
};

/// One person as a peer tells it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The peer's own number of the person.
    pub external_id: String,
    /// When the peer last confirmed what it says here.
    pub confirmed_at: Timestamp,
    /// Whether somebody has checked it; counts where the agreement trusts the peer.
    #[serde(default)]
    pub verified: bool,
    /// Where they live: our id of the home.
    #[serde(default)]
    pub dwelling: Option<DwellingId>,
    /// Or its grid or community …
    #[serde(default)]
    pub area: Option<AreaCode>,
    /// … and its address.
    #[serde(default)]
    pub address: String,
    /// They live there no more.
    #[serde(default)]
    pub left: Option<Leaving>,
    /// 姓名
    #[serde(default)]
    pub name: String,
    /// 性别
    #[serde(default)]
    pub sex: String,
    /// 出生日期
    #[serde(default)]
    pub birth: String,
    /// 身份证号
    #[serde(default)]
    pub id_number: String,
    /// 联系电话
    #[serde(default)]
    pub phone: String,
    /// 与户主关系
    #[serde(default)]
    pub relation: String,
    /// 户籍/流动
    #[serde(default)]
    pub residence: String,
}

text_enum! {
    /// What became of a row.
    pub enum Outcome {
        /// A person whom nobody knew.
        Created = "created",
        /// Something was taken.
        Updated = "updated",
        /// Nothing is new, or what is known is newer.
        Unchanged = "unchanged",
        /// What is known differs and weighs more: it was kept, and a person should look.
        Conflict = "conflict",
        /// The row is wrong; nothing of it was taken.
        Error = "error",
    }
}

/// What became of a row, and of each of its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reply {
    /// The peer's number, as it came.
    pub external_id: String,
    /// What became of the row.
    pub outcome: Outcome,
    /// Our number of the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<ResidentId>,
    /// `taken`, `same`, `older` or `unverified`, by field.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<Field, Verdict>,
    /// What is wrong.
    #[serde(skip)]
    pub faults: Vec<FieldError>,
}

impl Reply {
    pub(super) fn wrong(external_id: &str, faults: Vec<FieldError>) -> Self {
        let outcome = Outcome::Error;
        Self { external_id: external_id.to_owned(), outcome, id: None, fields: BTreeMap::new(), faults }
    }

    pub(super) fn conflict(row: &Row, id: Option<ResidentId>, field: Field, key: &str) -> Self {
        let fields = BTreeMap::from([(field, Verdict::Unverified)]);
        let faults = vec![FieldError::new(field.as_str(), key)];
        Self { external_id: row.external_id.clone(), outcome: Outcome::Conflict, id, fields, faults }
    }

    /// Whether all that was said stands in the register now.
    pub(super) fn agrees(&self) -> bool {
        let taken = matches!(self.outcome, Outcome::Unchanged | Outcome::Updated);
        taken && self.fields.values().all(|verdict| verdict.stands())
    }

    pub(super) fn of(row: &Row, id: ResidentId, created: bool, verdicts: Vec<(Field, Verdict)>) -> Self {
        let any = |wanted: Verdict| verdicts.iter().any(|(_, verdict)| *verdict == wanted);
        let outcome = match () {
            () if created => Outcome::Created,
            () if any(Verdict::Unverified) => Outcome::Conflict,
            () if any(Verdict::Taken) => Outcome::Updated,
            () => Outcome::Unchanged,
        };
        let fields = verdicts.into_iter().collect();
        Self { external_id: row.external_id.clone(), outcome, id: Some(id), fields, faults: vec![] }
    }
}
