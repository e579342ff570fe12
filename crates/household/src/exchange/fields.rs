//! The fields that an agreement can name.

use linli_kernel::text_enum;

use crate::{model::Field, store::feed::Subject};

text_enum! {
    /// One field of one kind of thing, under the name that the interface uses.
    pub enum Shared {
        /// 姓名
        ResidentName = "resident.name",
        /// 性别
        ResidentSex = "resident.sex",
        /// 出生日期
        ResidentBirth = "resident.birth",
        /// 身份证号
        ResidentIdNumber = "resident.id_number",
        /// 联系电话
        ResidentPhone = "resident.phone",
        /// 与户主关系
        ResidentRelation = "resident.relation",
        /// 户籍/流动
        ResidentResidence = "resident.residence",
        /// 现住址
        ResidentHome = "resident.home",
        /// 所在网格
        ResidentGrid = "resident.grid",
        /// 关爱标签
        ResidentCare = "resident.care",
        /// 来源与核实时间
        ResidentConfirmed = "resident.confirmed",
        /// 房屋地址
        DwellingAddress = "dwelling.address",
        /// 房屋用途
        DwellingUsage = "dwelling.usage",
        /// 房屋所在网格
        DwellingGrid = "dwelling.grid",
        /// 房屋核实时间
        DwellingConfirmed = "dwelling.confirmed",
        /// 户别
        HouseholdKind = "household.kind",
        /// 户所住房屋
        HouseholdHome = "household.home",
        /// 户主
        HouseholdHead = "household.head",
        /// 单位名称
        EntityName = "entity.name",
        /// 统一社会信用代码
        EntityUscc = "entity.uscc",
        /// 单位类别
        EntityKind = "entity.kind",
        /// 单位地址
        EntityAddress = "entity.address",
        /// 单位所在网格
        EntityGrid = "entity.grid",
        /// 单位联系人
        EntityContact = "entity.contact",
    }
}

impl Shared {
    /// Of what kind of thing.
    pub fn subject(self) -> Subject {
        match self.as_str().split('.').next().unwrap_or_default() {
            "dwelling" => Subject::Dwelling,
            "household" => Subject::Household,
            "entity" => Subject::Entity,
            _ => Subject::Resident,
        }
    }

    /// Its name within the thing.
    pub fn name(self) -> &'static str {
        self.as_str().split_once('.').map_or("", |(_, name)| name)
    }

    /// The field of a person that a peer may say something of under this name.
    pub const fn of_person(field: Field) -> Option<Self> {
        Some(match field {
            Field::Name => Self::ResidentName,
            Field::Sex => Self::ResidentSex,
            Field::Birth => Self::ResidentBirth,
            Field::IdNumber => Self::ResidentIdNumber,
            Field::Phone => Self::ResidentPhone,
            Field::Relation => Self::ResidentRelation,
            Field::Residence => Self::ResidentResidence,
            Field::Home => Self::ResidentHome,
            Field::Usage | Field::Uscc | Field::Kind | Field::Address | Field::Contact => return None,
        })
    }

    /// Whether a peer can say something of it.
    pub fn can_come_in(self) -> bool {
        Field::ALL.iter().any(|field| Self::of_person(*field) == Some(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_has_a_thing_and_a_name() {
        for field in Shared::ALL {
            assert_eq!(field.as_str(), format!("{}.{}", field.subject(), field.name()));
        }
        assert_eq!(Shared::ALL.iter().filter(|f| f.can_come_in()).count(), 8);
    }
}
