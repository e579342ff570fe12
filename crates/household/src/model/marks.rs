//! Who said a field and when it was last confirmed (来源、核实时间).

use std::collections::BTreeMap;

use linli_kernel::{Error, Result, Timestamp, text_enum};
use serde::{Deserialize, Serialize};

text_enum! {
    /// Where a field comes from (来源).
    pub enum Source {
        /// 居民自填
        SelfFilled = "self",
        /// 网格员采集
        Worker = "worker",
        /// 批量导入
        Import = "import",
        /// 平台同步
        Sync = "sync",
    }
}

text_enum! {
    /// The fields that know their source.
    pub enum Field {
        /// 姓名
        Name = "name",
        /// 性别
        Sex = "sex",
        /// 出生日期
        Birth = "birth",
        /// 身份证号
        IdNumber = "id_number",
        /// 联系电话
        Phone = "phone",
        /// 与户主关系
        Relation = "relation",
        /// 户籍/流动
        Residence = "residence",
        /// 现住址
        Home = "home",
        /// 房屋用途
        Usage = "usage",
        /// 统一社会信用代码
        Uscc = "uscc",
        /// 类别
        Kind = "kind",
        /// 地址
        Address = "address",
        /// 联系人
        Contact = "contact",
    }
}

/// Who said it, when it was last confirmed, and whether somebody of ours has checked it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Who said it.
    #[serde(rename = "s")]
    pub source: Source,
    /// When it was last confirmed.
    #[serde(rename = "a", with = "millis")]
    pub at: Timestamp,
    /// Checked by a worker, or known from a register.
    #[serde(rename = "v", default, skip_serializing_if = "std::ops::Not::not")]
    pub verified: bool,
}

/// Half a million rows keep this: a number is shorter than a date, and exact.
mod millis {
    use linli_kernel::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    pub(super) fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(at.millis())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(from).map(Timestamp::from_millis)
    }
}

impl Mark {
    /// By a worker who stands there: checked.
    pub const fn worker(at: Timestamp) -> Self {
        Self { source: Source::Worker, at, verified: true }
    }

    /// By the residents themselves.
    pub const fn self_filled(at: Timestamp) -> Self {
        Self { source: Source::SelfFilled, at, verified: false }
    }

    /// The same field confirmed again: its source stays, a check is never lost.
    #[must_use]
    pub fn confirmed(self, by: &Self) -> Self {
        Self { source: self.source, at: self.at.max(by.at), verified: self.verified || by.verified }
    }
}

/// The marks of one thing: one for all its fields, and those that differ. A row that came in one piece
/// costs one mark, however many fields it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    #[serde(rename = "b")]
    base: Mark,
    #[serde(rename = "f", default, skip_serializing_if = "BTreeMap::is_empty")]
    fields: BTreeMap<Field, Mark>,
}

impl Marks {
    /// All fields said at once.
    pub const fn all(mark: Mark) -> Self {
        Self { base: mark, fields: BTreeMap::new() }
    }

    /// Of one field.
    pub fn of(&self, field: Field) -> Mark {
        self.fields.get(&field).copied().unwrap_or(self.base)
    }

    /// Notes a field's new mark.
    pub fn set(&mut self, field: Field, mark: Mark) {
        if mark == self.base {
            self.fields.remove(&field);
        } else {
            self.fields.insert(field, mark);
        }
    }

    /// Everything is as it stands, says `by`.
    pub fn confirm(&mut self, by: &Mark) {
        self.base = self.base.confirmed(by);
        for mark in self.fields.values_mut() {
            *mark = mark.confirmed(by);
        }
        let base = self.base;
        self.fields.retain(|_, mark| *mark != base);
    }

    /// As the database keeps it.
    pub fn json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(Error::internal)
    }

    /// From the database.
    pub fn parse(json: &str) -> Result<Self> {
        serde_json::from_str(json).map_err(|e| Error::internal(format!("marks {json}: {e}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(n: i64) -> Timestamp {
        Timestamp::from_millis(n)
    }

    #[test]
    fn one_mark_for_all_and_some_that_differ() {
        let import = Mark { source: Source::Import, at: at(1000), verified: false };
        let mut marks = Marks::all(import);
        assert_eq!(marks.json().unwrap(), r#"{"b":{"s":"import","a":1000}}"#);
        marks.set(Field::Phone, Mark::self_filled(at(9000)));
        assert_eq!(marks.of(Field::Phone).source, Source::SelfFilled);
        assert_eq!(marks.of(Field::Name), import);
        assert_eq!(Marks::parse(&marks.json().unwrap()).unwrap(), marks);
        marks.confirm(&Mark::worker(at(20_000)));
        let (name, phone) = (marks.of(Field::Name), marks.of(Field::Phone));
        assert!(name.verified && phone.verified && name.at == at(20_000) && phone.at == at(20_000));
        assert_eq!((name.source, phone.source), (Source::Import, Source::SelfFilled));
        // An old confirmation changes nothing.
        marks.confirm(&Mark::self_filled(at(1)));
        assert_eq!(marks.of(Field::Name).at, at(20_000));
    }
}
