//! The words of this slice.

use linli_kernel::{Timestamp, text_enum};
use serde::{Deserialize, Serialize};

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
