//! A family: ages that fit together, one surname where there is one, numbers that belong to nobody.

use chrono::{Datelike, NaiveDate};
use linli_household::{
    model::{
        Basis, CareKind, CareMarkId, IdNumber, Person, Relation, Residence, ResidentId, Sex, Source, Usage,
    },
    store::care::CareMark,
};
use linli_kernel::{AreaCode, Timestamp, time::DAY_MS};
use uuid::Uuid;

use crate::{Dice, names};

/// The people of one home; `first` is the number of the first of them in the whole district.
pub(super) fn people(
    dice: &mut Dice,
    first: u64,
    size: usize,
    shared: bool,
    usage: Usage,
    now: Timestamp,
) -> Vec<Person> {
    let head_age = if shared { 20 + dice.below(20) } else { 26 + dice.below(64) };
    let surname = names::surname(dice);
    let floating = usage == Usage::Rent && dice.chance(0.7);
    (0..size)
        .map(|nth| {
            let (relation, age) = place(dice, nth, head_age, shared);
            let own =
                nth == 0 || matches!(relation, Relation::Son | Relation::Daughter | Relation::Grandchild);
            let surname = if own && !shared { surname } else { names::surname(dice) };
            let sex = match relation {
                Relation::Son => Sex::Male,
                Relation::Daughter => Sex::Female,
                Relation::Head if !shared && dice.chance(0.4) => Sex::Male,
                _ if dice.chance(0.5) => Sex::Male,
                _ => Sex::Female,
            };
            let number = first + nth as u64;
            let id_number = id_number(dice, number, age, sex, now);
            let has_phone = age >= 12 && (age < 80 || dice.chance(0.6));
            Person {
                name: format!("{surname}{}", names::given(dice)),
                sex,
                birth: id_number.as_ref().map(IdNumber::birth),
                // A number of its own, far from those of the staff.
                phone: has_phone.then(|| names::mobile(usize::try_from(10_000_000 + number).unwrap_or(0))),
                relation,
                residence: if floating { Residence::Floating } else { Residence::Registered },
                id_number,
            }
        })
        .collect()
}

fn place(dice: &mut Dice, nth: usize, head: usize, shared: bool) -> (Relation, usize) {
    let child = head.saturating_sub(22 + dice.below(12));
    match nth {
        0 => (Relation::Head, head),
        _ if shared => (Relation::Other, 19 + dice.below(25)),
        1 => (Relation::Spouse, (head + dice.below(7)).saturating_sub(3).max(22)),
        2 | 3 if child < 60 => (if dice.chance(0.5) { Relation::Son } else { Relation::Daughter }, child),
        4 if head < 62 => (Relation::Parent, head + 21 + dice.below(12)),
        _ if head > 60 => (Relation::Grandchild, (head - 48) % 25),
        _ => (Relation::Parent, (head + 24 + dice.below(10)).min(101)),
    }
}

/// The check character is right, the region is none: 00 and four digits that only count.
fn id_number(dice: &mut Dice, number: u64, age: usize, sex: Sex, now: Timestamp) -> Option<IdNumber> {
    let day = now.china_date() - chrono::Days::new(dice.below(364) as u64 + 1);
    let year = day.year() - i32::try_from(age).unwrap_or(30);
    let birth = NaiveDate::from_ymd_opt(year, day.month(), day.day().min(28))?;
    let serial = number % 500 * 2 + u64::from(sex == Sex::Male);
    IdNumber::with_check(&format!("00{:04}{}{serial:03}", number / 500 % 10_000, birth.format("%Y%m%d")))
}

/// The marks of care of somebody, as their age has it.
pub(super) fn care(
    dice: &mut Dice,
    id: ResidentId,
    area: &AreaCode,
    person: &Person,
    size: usize,
    now: Timestamp,
) -> Vec<CareMark> {
    let age = person.birth.and_then(|b| now.china_date().years_since(b)).unwrap_or(40);
    let mut kinds = Vec::new();
    if age >= 80 {
        kinds.push(CareKind::VeryOld);
    }
    if age >= 65 && size == 1 {
        kinds.push(CareKind::LivesAlone);
    }
    if age < 3 {
        kinds.push(CareKind::Infant);
    }
    if dice.chance(0.008) {
        kinds.push(CareKind::Disabled);
    }
    if age >= 60 && dice.chance(0.05) {
        kinds.push(CareKind::Medication);
    }
    let mark = |kind: CareKind| {
        let by_rule = kind == CareKind::VeryOld;
        CareMark {
            id: CareMarkId(Uuid::from_u128(id.0.as_u128() ^ (kind as u128 + 1))),
            resident_id: id,
            area: area.clone(),
            kind,
            basis: if by_rule { Basis::Duty } else { Basis::Consent },
            basis_note: if by_rule { "高龄津贴登记" } else { "同意书第1版" }.to_owned(),
            source: Source::Worker,
            created_by: "system".to_owned(),
            created_at: Timestamp::from_millis(now.millis() - 30 * DAY_MS),
            expires_at: Timestamp::from_millis(now.millis() + (kind.longest_days() - 30) * DAY_MS),
            ended_at: None,
            end_reason: None,
        }
    };
    kinds.into_iter().map(mark).collect()
}
