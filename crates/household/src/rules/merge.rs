//! Two say something of one field: the newest confirmed wins, verified beats self-filled.

use crate::model::{Entity, EntityFacts, Facts, Field, IdNumber, Mark, Marks, Person, Residence, Say, Sex};

/// What became of something that was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It says what is known already: confirmed again.
    Same,
    /// It is new, or newer: taken.
    Taken,
    /// What is known was confirmed later: kept.
    Older,
    /// What is known was checked and this was not: kept, and a person should look.
    Unverified,
}

impl Verdict {
    /// Whether what was said now stands.
    pub const fn stands(self) -> bool {
        matches!(self, Self::Same | Self::Taken)
    }
}

/// What to do with something said under `new` where `old` is known and differs.
pub fn weigh(old: &Mark, new: &Mark) -> Verdict {
    match (old.verified, new.verified) {
        (true, false) => Verdict::Unverified,
        _ if new.at >= old.at => Verdict::Taken,
        // Checked now, though long ago, against what nobody has checked.
        (false, true) => Verdict::Taken,
        _ => Verdict::Older,
    }
}

/// A person after something was said of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// As they are known now.
    pub person: Person,
    /// With these sources.
    pub marks: Marks,
    /// What became of every field that something was said of.
    pub verdicts: Vec<(Field, Verdict)>,
}

impl Merged {
    /// Fields whose value has changed.
    pub fn changed(&self) -> impl Iterator<Item = Field> {
        self.verdicts.iter().filter(|(_, v)| *v == Verdict::Taken).map(|(field, _)| *field)
    }

    /// Fields where a person should look: said otherwise, without having been checked.
    pub fn disputed(&self) -> impl Iterator<Item = Field> {
        self.verdicts.iter().filter(|(_, v)| *v == Verdict::Unverified).map(|(field, _)| *field)
    }
}

struct Merge<'a> {
    marks: Marks,
    by: &'a Mark,
    verdicts: Vec<(Field, Verdict)>,
}

impl Merge<'_> {
    /// Decides one field; an absent value gives way to any that is said.
    fn decide(&mut self, field: Field, same: bool, absent: bool) -> bool {
        let old = self.marks.of(field);
        let verdict = match () {
            () if same => Verdict::Same,
            () if absent => Verdict::Taken,
            () => weigh(&old, self.by),
        };
        match verdict {
            Verdict::Same => self.marks.set(field, old.confirmed(self.by)),
            Verdict::Taken => self.marks.set(field, *self.by),
            Verdict::Older | Verdict::Unverified => {}
        }
        self.verdicts.push((field, verdict));
        verdict == Verdict::Taken
    }

    fn value<T: PartialEq + Clone>(
        &mut self,
        field: Field,
        known: &mut T,
        said: Option<&T>,
        unknown: Option<&T>,
    ) {
        if let Some(said) = said
            && self.decide(field, known == said, Some(&*known) == unknown)
        {
            known.clone_from(said);
        }
    }

    fn option<T: PartialEq + Clone>(&mut self, field: Field, known: &mut Option<T>, said: &Say<T>) {
        let said = match said {
            Say::Nothing => return,
            Say::No => None,
            Say::Is(value) => Some(value.clone()),
        };
        if self.decide(field, *known == said, known.is_none()) {
            *known = said;
        }
    }
}

/// Merges what is said under `by` into what is known.
pub fn merge(known: &Person, marks: &Marks, said: &Facts, by: &Mark) -> Merged {
    let mut person = known.clone();
    let mut m = Merge { marks: marks.clone(), by, verdicts: Vec::new() };
    m.value(Field::Name, &mut person.name, said.name.as_ref(), None);
    m.option(Field::IdNumber, &mut person.id_number, &said.id_number);
    // The number knows both better than anybody; while there is one, they follow it.
    if let Some(number) = &person.id_number {
        follow(number, &mut person.sex, &mut person.birth, &mut m);
    } else {
        m.value(Field::Sex, &mut person.sex, said.sex.as_ref(), Some(&Sex::Unknown));
        m.option(Field::Birth, &mut person.birth, &said.birth);
    }
    m.option(Field::Phone, &mut person.phone, &said.phone);
    m.value(Field::Relation, &mut person.relation, said.relation.as_ref(), None);
    m.value(Field::Residence, &mut person.residence, said.residence.as_ref(), Some(&Residence::Unknown));
    Merged { person, marks: m.marks, verdicts: m.verdicts }
}

/// Merges what is said under `by` into what is known of an entity.
pub fn merge_entity(
    known: &Entity,
    marks: &Marks,
    said: &EntityFacts,
    by: &Mark,
) -> (Entity, Marks, Vec<(Field, Verdict)>) {
    let mut entity = known.clone();
    let mut m = Merge { marks: marks.clone(), by, verdicts: Vec::new() };
    m.option(Field::Uscc, &mut entity.uscc, &said.uscc);
    m.value(Field::Name, &mut entity.name, said.name.as_ref(), None);
    m.value(Field::Kind, &mut entity.kind, said.kind.as_ref(), None);
    m.value(Field::Address, &mut entity.address, said.address.as_ref(), Some(&String::new()));
    m.option(Field::Contact, &mut entity.contact_name, &said.contact_name);
    m.option(Field::Phone, &mut entity.contact_phone, &said.contact_phone);
    (entity, m.marks, m.verdicts)
}

fn follow(number: &IdNumber, sex: &mut Sex, birth: &mut Option<chrono::NaiveDate>, m: &mut Merge<'_>) {
    let mark = m.marks.of(Field::IdNumber);
    if *sex != number.sex() {
        *sex = number.sex();
        m.verdicts.push((Field::Sex, Verdict::Taken));
    }
    if *birth != Some(number.birth()) {
        *birth = Some(number.birth());
        m.verdicts.push((Field::Birth, Verdict::Taken));
    }
    m.marks.set(Field::Sex, mark);
    m.marks.set(Field::Birth, mark);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Relation, Source};
    use linli_kernel::Timestamp;
    use proptest::prelude::*;

    fn mark(source: Source, at: i64, verified: bool) -> Mark {
        Mark { source, at: Timestamp::from_millis(at), verified }
    }

    fn known() -> Person {
        Person {
            name: "王小明".into(),
            sex: Sex::Unknown,
            birth: None,
            id_number: None,
            phone: Some("10000000001".into()),
            relation: Relation::Head,
            residence: Residence::Unknown,
        }
    }

    fn phone(text: &str) -> Facts {
        Facts { phone: Say::Is(text.into()), ..Facts::default() }
    }

    #[test]
    fn who_wins() {
        let (import, worker) = (mark(Source::Import, 100, false), mark(Source::Worker, 100, true));
        let (newer, older) = (mark(Source::SelfFilled, 200, false), mark(Source::SelfFilled, 50, false));
        for (old, new, verdict) in [
            (import, newer, Verdict::Taken),
            (import, older, Verdict::Older),
            (worker, newer, Verdict::Unverified),
            (newer, worker, Verdict::Taken),
            (worker, mark(Source::Worker, 200, true), Verdict::Taken),
            (worker, mark(Source::Sync, 99, true), Verdict::Older),
        ] {
            let merged = merge(&known(), &Marks::all(old), &phone("10000000002"), &new);
            assert_eq!(merged.verdicts, [(Field::Phone, verdict)], "{old:?} {new:?}");
            let number = merged.person.phone.unwrap();
            assert_eq!(number == "10000000002", verdict == Verdict::Taken);
            assert_eq!(merged.marks.of(Field::Phone), if verdict == Verdict::Taken { new } else { old });
            assert_eq!(merged.marks.of(Field::Name), old);
        }
    }

    #[test]
    fn what_was_unknown_is_taken_and_what_is_the_same_is_confirmed() {
        let worker = mark(Source::Worker, 100, true);
        let by = mark(Source::SelfFilled, 50, false);
        let number = IdNumber::parse("11010519491231002X").unwrap();
        let said = Facts {
            id_number: Say::Is(number.clone()),
            residence: Some(Residence::Registered),
            name: Some("王小明".into()),
            phone: Say::No,
            ..Facts::default()
        };
        let merged = merge(&known(), &Marks::all(worker), &said, &by);
        assert_eq!((merged.person.sex, merged.person.birth), (Sex::Female, Some(number.birth())));
        assert_eq!(merged.person.residence, Residence::Registered);
        assert_eq!(merged.person.phone.as_deref(), Some("10000000001"), "a checked phone does not go unsaid");
        assert_eq!(merged.disputed().collect::<Vec<_>>(), [Field::Phone]);
        assert_eq!(merged.marks.of(Field::Name), worker, "an older word does not make it older");
        // While there is a number, nobody's word makes another sex of it.
        let other = Facts { sex: Some(Sex::Male), ..Facts::default() };
        let again = merge(&merged.person, &merged.marks, &other, &mark(Source::Worker, 900, true));
        assert_eq!(again.person.sex, Sex::Female);
    }

    fn any_mark() -> impl Strategy<Value = Mark> {
        let source = prop::sample::select(Source::ALL.to_vec());
        (source, 0_i64..5, any::<bool>()).prop_map(|(source, at, verified)| mark(source, at, verified))
    }

    proptest! {
        /// Saying something twice changes nothing more, and in whatever order two words arrive that differ in
        /// weight, the same one stands at the end.
        #[test]
        fn merging_is_steady(start in any_mark(), a in any_mark(), b in any_mark()) {
            let (one, two) = (phone("10000000011"), phone("10000000022"));
            let put = |p: &Merged, said: &Facts, by: &Mark| merge(&p.person, &p.marks, said, by);
            let first = merge(&known(), &Marks::all(start), &one, &a);
            let repeated = put(&first, &one, &a);
            prop_assert_eq!(&repeated.person, &first.person);
            if (a.verified, a.at) != (b.verified, b.at) && start.at <= a.at.min(b.at) && !start.verified {
                let ab = put(&first, &two, &b).person;
                let ba = put(&merge(&known(), &Marks::all(start), &two, &b), &one, &a).person;
                prop_assert_eq!(ab, ba);
            }
        }
    }
}
