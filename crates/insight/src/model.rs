//! The words of this slice.

use linli_kernel::{AreaCode, Timestamp, text_enum};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Evidence;

text_enum! {
    /// What a model answers (建议什么).
    pub enum Kind {
        /// 类别, three levels of the tree
        Category = "category",
        /// 诉求性质
        Nature = "nature",
        /// 哨级
        Whistle = "whistle",
    }
}

/// One trained version with its scores on cases that it had not seen.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Version {
    /// What it answers.
    pub kind: Kind,
    /// Counted from 1 within its kind.
    pub version: i64,
    /// Name of the file.
    pub blob: String,
    /// Size of the file.
    pub bytes: i64,
    /// Different answers it can give.
    pub labels: i64,
    /// Cases it learned from.
    pub trained_on: i64,
    /// Cases it was judged on.
    pub held_back: i64,
    /// Mean F1 over the labels.
    pub macro_f1: f64,
    /// Share of right answers.
    pub accuracy: f64,
    /// Expected calibration error.
    pub ece: f64,
    /// What the version in use at that time had on the same cases.
    pub before_f1: Option<f64>,
    /// How long training took.
    pub seconds: f64,
    /// When.
    pub at: Timestamp,
    /// Who asked for it.
    pub by_name: String,
    /// How right it was, by how sure it was: an [`crate::Evidence`] as JSON; nothing for one of an older program.
    #[serde(skip)]
    pub evidence: Option<String>,
}

impl Version {
    /// How far its word can be trusted; nothing to go by where that was not measured.
    pub fn evidence(&self) -> Evidence {
        let text = self.evidence.as_deref();
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }
}

/// When a version was in use.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Use {
    /// What it answers.
    pub kind: Kind,
    /// Counted from 1 within its kind.
    pub seq: i64,
    /// The version.
    pub version: i64,
    /// Since when.
    pub at: Timestamp,
    /// Who put it into use.
    pub by_name: String,
    /// Until when, if it was rolled back.
    pub ended_at: Option<Timestamp>,
    /// Who rolled it back.
    pub ended_by: Option<String>,
}

/// What an administrator sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Below so many per cent nothing is suggested.
    pub silence: u32,
    /// Whether models are trained again by themselves.
    pub automatic: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { silence: 50, automatic: true }
    }
}

text_enum! {
    /// Where another name of a place comes from (别称来源).
    pub enum AliasSource {
        /// Somebody entered it.
        Entered = "entered",
        /// Cases of one place carried it.
        Learned = "learned",
    }
}

/// A place as people say it (地名别称).
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Alias {
    /// Which one.
    pub id: Uuid,
    /// As texts are compared.
    pub alias: String,
    /// As it was entered or found.
    pub written: String,
    /// The registered name of the place; empty where this is a place of its own.
    pub place: String,
    /// Where it lies.
    pub area: AreaCode,
    /// Where it comes from.
    pub source: AliasSource,
    /// Struck out: not read in texts, not learned again.
    pub dropped: bool,
    /// Cases from which it was learned.
    pub cases: i64,
    /// When it was last changed.
    pub at: Timestamp,
    /// By whom.
    pub by_name: String,
}
