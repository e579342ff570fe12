//! The words of the register (先房后人): places, people, marks of care, and who said what when.

mod entity;
mod id_number;
mod marks;
mod person;
mod place;
mod words;

pub use entity::{Entity, EntityFacts, EntityTexts, Uscc};
pub use id_number::IdNumber;
pub use marks::{Field, Mark, Marks, Source};
pub use person::{Facts, Person, Say, Texts, parse_date};
pub use place::{NewBuilding, NewDwelling};
pub use words::{
    Basis, BuildingKind, CareKind, EntityKind, EntityState, HouseholdKind, Leaving, Relation, Residence,
    ResidentState, Sex, Usage,
};

linli_kernel::typed_id! {
    /// A house (楼栋).
    BuildingId;
    /// A staircase of a house (单元).
    UnitId;
    /// A home, or a shop: one door (房屋).
    DwellingId;
    /// Who live together in a home (户).
    HouseholdId;
    /// A person (居民).
    ResidentId;
    /// A mark of care (关爱标签).
    CareMarkId;
    /// A company, shop, organisation (法人).
    EntityId;
    /// One file that was imported.
    BatchId
}
