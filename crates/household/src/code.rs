//! One code (一码): a signed, revocable QR code for each home, staircase and house, with no personal data in it.

mod issue;
mod label;
mod store;

pub(crate) use issue::end_of;
pub use issue::{issue, issue_missing, reissue, revoke};
pub use label::{Label, letters};
pub(crate) use label::{bytes, same};
pub use store::{Code, CodeState, by_label, of_building};

linli_kernel::typed_id! {
    /// One code that was made.
    CodeId
}

linli_kernel::text_enum! {
    /// What a code is for.
    pub enum CodeKind {
        /// 门牌码, at one door.
        Dwelling = "dwelling",
        /// 单元码, at a staircase.
        Unit = "unit",
        /// 楼栋码, at a house.
        Building = "building",
    }
}

impl CodeKind {
    /// How many forms, and how many messages with digits, an hour may bring through one code: a family, a
    /// staircase, a whole house on the day when the labels go up.
    pub const fn hourly(self) -> i64 {
        match self {
            Self::Dwelling => 8,
            Self::Unit => 80,
            Self::Building => 400,
        }
    }
}
