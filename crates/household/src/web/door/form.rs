//! The form of a home as it is sent and shown again: `m0.name`, `m0.id_number`, `m1.care`, …

use std::collections::BTreeMap;

use linli_access::masking::Masked;
use linli_kernel::Timestamp;
use linli_web::{Ctx, Problems};

use super::{Carried, first};
use crate::{
    claims::{self, CONSENT, Content, MEMBERS, Member, NewClaim, SEPARATE},
    model::{CareKind, DwellingId, Facts, Person, Relation, Residence, ResidentId, Sex, Texts, Usage},
    web::word,
};

/// A choice of a closed list.
pub(in crate::web) struct Choice {
    pub(in crate::web) code: &'static str,
    pub(in crate::web) label: String,
    pub(in crate::web) chosen: bool,
}

pub(in crate::web) fn choices<T: Copy>(
    ctx: &Ctx,
    list: &str,
    all: &[T],
    code: fn(T) -> &'static str,
    chosen: &str,
) -> Vec<Choice> {
    all.iter()
        .map(|&value| Choice {
            code: code(value),
            label: word(&ctx.locale, list, code(value)),
            chosen: chosen == code(value),
        })
        .collect()
}

/// A field as typed, and what is wrong with it.
pub(super) struct Input {
    pub(super) value: String,
    pub(super) problem: Option<String>,
    /// What is known already, masked: left empty it stays so.
    pub(super) known: Option<String>,
}

/// Somebody on the form.
pub(super) struct Who {
    pub(super) n: usize,
    /// The record that it is filled over.
    pub(super) resident: Option<ResidentId>,
    /// How they are called, for the heading.
    pub(super) called: String,
    pub(super) gone: bool,
    pub(super) name: Input,
    pub(super) id_number: Input,
    pub(super) phone: Input,
    pub(super) birth: Input,
    pub(super) relation: Vec<Choice>,
    pub(super) relation_problem: Option<String>,
    pub(super) residence: Vec<Choice>,
    pub(super) sex: Vec<Choice>,
    pub(super) sex_problem: Option<String>,
    /// Care that is noted already.
    pub(super) care_known: Vec<String>,
    pub(super) care: Vec<Choice>,
    pub(super) care_problem: Option<String>,
    /// Whether its fold stands open.
    pub(super) open: bool,
}

/// What a form says, as it goes to and fro.
#[derive(Debug, Clone, Default)]
pub(super) struct Typed {
    pub(super) carried: Carried,
    pub(super) usage: String,
    pub(super) unit: String,
    pub(super) door: String,
    pub(super) phone: String,
    pub(super) members: Vec<Member>,
    pub(super) consent: bool,
    pub(super) separate: bool,
    /// The page was filled over what a proven phone may see.
    pub(super) over: bool,
}

impl Typed {
    /// Reads what was sent.
    pub(super) fn read(fields: &BTreeMap<String, Vec<String>>) -> Self {
        let text = |name: &str| first(fields, name).to_owned();
        let member = |n: usize| {
            let field = |name: &str| text(&format!("m{n}.{name}"));
            let care = fields.get(&format!("m{n}.care")).into_iter().flatten();
            Member {
                resident: field("resident").parse().ok(),
                gone: !field("gone").is_empty(),
                texts: Texts {
                    name: field("name"),
                    sex: field("sex"),
                    birth: field("birth"),
                    id_number: field("id_number"),
                    phone: field("phone"),
                    relation: field("relation"),
                    residence: field("residence"),
                },
                care: care.filter_map(|word| word.parse().ok()).collect(),
            }
        };
        let mut members: Vec<Member> = (0..MEMBERS).map(member).collect();
        while members.last().is_some_and(Member::is_blank) {
            members.pop();
        }
        Self {
            carried: super::carried(fields),
            usage: text("usage"),
            unit: text("unit"),
            door: text("door"),
            phone: text("phone"),
            members,
            consent: !text("consent").is_empty(),
            separate: !text("separate").is_empty(),
            over: !text("over").is_empty(),
        }
    }

    /// What becomes an entry. Blank folds between filled ones stay, so that faults name the right field.
    pub(super) fn claim(&self, dwelling: Option<DwellingId>) -> NewClaim {
        let filled = |text: &str| Some(text.trim().to_owned()).filter(|t| !t.is_empty());
        let consent = match (self.consent, self.separate) {
            (false, _) => String::new(),
            (true, false) => CONSENT.to_owned(),
            (true, true) => format!("{CONSENT}{SEPARATE}"),
        };
        NewClaim {
            dwelling,
            same: false,
            content: Content {
                usage: self.usage.parse().ok(),
                unit: self.unit.clone(),
                door: self.door.clone(),
                members: self.members.clone(),
                phone: filled(&self.phone),
            },
            consent,
        }
    }
}

/// Texts of somebody who is known, for a form filled over them; sealed fields stay empty.
pub(super) fn texts_of(person: &Person) -> Texts {
    Texts {
        name: person.name.clone(),
        sex: person.sex.as_str().to_owned(),
        birth: person.birth.map(|day| day.to_string()).unwrap_or_default(),
        id_number: String::new(),
        phone: String::new(),
        relation: person.relation.as_str().to_owned(),
        residence: person.residence.as_str().to_owned(),
    }
}

/// The people of a form; `known` are the records a proven phone may see.
pub(super) fn people(
    ctx: &Ctx,
    typed: &Typed,
    known: &[(ResidentId, Person, Vec<CareKind>)],
    problems: &Problems,
) -> Vec<Who> {
    (0..MEMBERS)
        .map(|n| {
            let blank = Member::default();
            let member = typed.members.get(n).unwrap_or(&blank);
            let record = known.iter().find(|(id, ..)| Some(*id) == member.resident);
            let person = record.map(|(_, person, _)| person);
            who(ctx, n, member, person, record.map_or(&[], |(.., care)| care), problems)
        })
        .collect()
}

fn who(
    ctx: &Ctx,
    n: usize,
    member: &Member,
    person: Option<&Person>,
    care: &[CareKind],
    problems: &Problems,
) -> Who {
    let at = |field: &str| problems.at(&format!("m{n}.{field}")).map(str::to_owned);
    let input = |field: &str, value: &str, known: Option<String>| Input {
        value: value.to_owned(),
        problem: at(field),
        known,
    };
    let t = &member.texts;
    let relation = if t.relation.is_empty() && n == 0 { Relation::Head.as_str() } else { &t.relation };
    let filled = !member.is_blank();
    let wrong =
        ["name", "id_number", "phone", "birth", "sex", "relation", "care"].iter().any(|f| at(f).is_some());
    let asked: Vec<Choice> = CareKind::ALL
        .iter()
        .filter(|kind| !care.contains(kind))
        .map(|kind| Choice {
            code: kind.as_str(),
            label: word(&ctx.locale, "care", kind.as_str()),
            chosen: member.care.contains(kind),
        })
        .collect();
    Who {
        n,
        resident: person.and(member.resident),
        called: person.map_or_else(|| t.name.clone(), |p| p.name.clone()),
        gone: member.gone,
        name: input("name", &t.name, None),
        id_number: input(
            "id_number",
            &t.id_number,
            person.and_then(|p| p.id_number.as_ref()).map(crate::model::IdNumber::masked),
        ),
        phone: input(
            "phone",
            &t.phone,
            person.and_then(|p| p.phone.as_deref()).map(|p| Masked::phone(p).to_string()),
        ),
        birth: input("birth", &t.birth, None),
        relation: choices(ctx, "relation", Relation::ALL, Relation::as_str, relation),
        relation_problem: at("relation"),
        residence: choices(
            ctx,
            "residence",
            &[Residence::Registered, Residence::Floating, Residence::Overseas],
            Residence::as_str,
            &t.residence,
        ),
        sex: choices(ctx, "sex", &[Sex::Male, Sex::Female, Sex::Unstated], Sex::as_str, &t.sex),
        sex_problem: at("sex"),
        care_known: care.iter().map(|kind| word(&ctx.locale, "care", kind.as_str())).collect(),
        care: asked,
        care_problem: at("care"),
        open: n == 0 || filled || wrong,
    }
}

/// Ways to use a home that a resident may say.
pub(super) fn usages(ctx: &Ctx, chosen: &str) -> Vec<Choice> {
    let chosen = if chosen.is_empty() { Usage::Own.as_str() } else { chosen };
    choices(ctx, "usage", Usage::ALL, Usage::as_str, chosen)
}

/// Identity number and phone of a member, masked.
type Hidden = (Option<String>, Option<String>);

/// The members of an earlier version of an entry, to be mended: what is sealed is not shown again and stays if
/// nothing new is typed.
pub(super) fn kept(content: &Content, now: Timestamp) -> (Vec<Member>, Vec<Hidden>) {
    let hidden = content.members.iter().map(|m| {
        let facts = Facts::read(&m.texts, now).unwrap_or_default();
        let id = facts.id_number.value().map(crate::model::IdNumber::masked);
        let phone = facts.phone.value().map(|p| Masked::phone(p).to_string());
        (id, phone)
    });
    let members = content.members.iter().map(|m| Member {
        texts: Texts { id_number: String::new(), phone: String::new(), ..m.texts.clone() },
        ..m.clone()
    });
    (members.collect(), hidden.collect())
}

/// Puts back what an earlier version had sealed where nothing new was typed.
pub(super) fn refill(members: &mut [Member], earlier: &Content) {
    for (member, before) in members.iter_mut().zip(&earlier.members) {
        if member.is_blank() || member.texts.name.trim() != before.texts.name.trim() {
            continue;
        }
        if member.texts.id_number.trim().is_empty() {
            member.texts.id_number.clone_from(&before.texts.id_number);
        }
        if member.texts.phone.trim().is_empty() {
            member.texts.phone.clone_from(&before.texts.phone);
        }
    }
}

/// Whether a session that the page was filled under is still there.
pub(super) fn expired(typed: &Typed, held: Option<&claims::Held>) -> bool {
    typed.over && held.is_none()
}
