//! An entry beside what is known, field by field, as both stand now: six queries however many people it names.

use std::collections::HashSet;

use linli_access::{Access, masking::Masked};
use linli_kernel::{Result, Timestamp, params};
use linli_store::{Conn, Where};

use super::{
    Claim, Conflict, Content, Member, store,
    triage::{self, Known},
};
use crate::{
    model::{CareKind, DwellingId, Facts, Field, Mark, Marks, Person, ResidentId, Say, Sex, Usage},
    store::{
        Seal, care, people,
        people::{RESIDENT, Resident},
        places::{DWELLING, Dwelling},
    },
};

/// Whom the register has for somebody that an entry names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// Nobody.
    Nobody,
    /// Somebody who lives here.
    Here(Box<Resident>),
    /// Somebody who is registered in another home, or has left.
    Elsewhere(Box<Resident>),
}

impl Match {
    /// The row, if there is one.
    pub fn resident(&self) -> Option<&Resident> {
        match self {
            Self::Nobody => None,
            Self::Here(r) | Self::Elsewhere(r) => Some(r),
        }
    }
}

/// One field: what is said and what is known, as far as a page may show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldPair {
    /// Which one.
    pub field: Field,
    /// What is said; of closed lists the code, of sealed fields the mask.
    pub said: String,
    /// What is known, in the same form.
    pub known: Option<String>,
    /// Whether they say the same, also where masks hide it.
    pub same: bool,
    /// Who said what is known.
    pub mark: Option<Mark>,
}

/// Somebody whom an entry names.
#[derive(Debug, Clone)]
pub struct PersonPair {
    /// As typed.
    pub member: Member,
    /// What was typed, read.
    pub facts: Facts,
    /// Whom the register has.
    pub found: Match,
    /// The fields that something is said of.
    pub fields: Vec<FieldPair>,
    /// Care that is asked for, and whether it is noted already.
    pub care: Vec<(CareKind, bool)>,
}

impl PersonPair {
    /// How the person is called.
    pub fn name(&self) -> &str {
        let known = || self.found.resident().map_or("", |r| r.name.as_str());
        self.facts.name.as_deref().unwrap_or_else(known)
    }
}

/// An entry beside the register.
#[derive(Debug, Clone)]
pub struct Compared {
    /// The home as it is known.
    pub dwelling: Option<Dwelling>,
    /// What is said of its use, and what is known.
    pub usage: Option<(Usage, Option<Usage>, Option<Mark>)>,
    /// Whom the entry names.
    pub people: Vec<PersonPair>,
    /// Who is registered here and not named.
    pub unnamed: Vec<Resident>,
    /// The versions of home and people now.
    pub base: String,
    /// What stands against taking it as it is, now.
    pub conflicts: Vec<Conflict>,
    pub(super) kind: super::ClaimKind,
}

fn shown(field: Field, facts: &Facts) -> Option<String> {
    fn text<T>(say: &Say<T>, of: impl Fn(&T) -> String) -> Option<String> {
        match say {
            Say::Nothing => None,
            Say::No => Some(String::new()),
            Say::Is(value) => Some(of(value)),
        }
    }
    match field {
        Field::Name => facts.name.clone(),
        Field::Sex => facts.sex.map(|s| s.as_str().to_owned()),
        Field::Birth => text(&facts.birth, ToString::to_string),
        Field::IdNumber => text(&facts.id_number, crate::model::IdNumber::masked),
        Field::Phone => text(&facts.phone, |phone| Masked::phone(phone).to_string()),
        Field::Relation => facts.relation.map(|r| r.as_str().to_owned()),
        Field::Residence => facts.residence.map(|r| r.as_str().to_owned()),
        _ => None,
    }
}

/// What is known, said again: so that both sides are shown and compared alike.
pub(super) fn as_facts(person: &Person) -> Facts {
    Facts {
        name: Some(person.name.clone()),
        sex: Some(person.sex),
        birth: person.birth.map_or(Say::No, Say::Is),
        id_number: person.id_number.clone().map_or(Say::No, Say::Is),
        phone: person.phone.clone().map_or(Say::No, Say::Is),
        relation: Some(person.relation),
        residence: Some(person.residence),
    }
}

fn same(field: Field, said: &Facts, known: &Facts) -> bool {
    match field {
        Field::Name => said.name == known.name,
        Field::Sex => said.sex == known.sex,
        Field::Birth => said.birth == known.birth,
        Field::IdNumber => said.id_number == known.id_number,
        Field::Phone => said.phone == known.phone,
        Field::Relation => said.relation == known.relation,
        Field::Residence => said.residence == known.residence,
        _ => true,
    }
}

fn pairs(facts: &Facts, known: Option<(&Person, &Marks)>) -> Vec<FieldPair> {
    let beside = known.map(|(person, marks)| (as_facts(person), marks));
    let mut fields = facts.fields();
    // The number says both; they are not fields of their own beside it.
    if facts.id_number.value().is_some() {
        fields.retain(|f| !matches!(f, Field::Sex | Field::Birth));
    }
    fields
        .into_iter()
        .filter_map(|field| {
            let said = shown(field, facts)?;
            let unknown =
                |text: &String| text.is_empty() || (field == Field::Sex && text == Sex::Unknown.as_str());
            Some(FieldPair {
                field,
                said,
                known: beside.as_ref().and_then(|(k, _)| shown(field, k)).filter(|text| !unknown(text)),
                same: beside.as_ref().is_some_and(|(k, _)| same(field, facts, k)),
                mark: beside.as_ref().map(|(_, marks)| marks.of(field)),
            })
        })
        .collect()
}

/// The versions of a home and of who lives there.
pub(super) fn base(dwelling: Option<&Dwelling>, living: &[Resident]) -> String {
    let mut parts: Vec<String> = living.iter().map(|r| format!("{}.{}", r.n, r.version)).collect();
    parts.sort();
    format!("{}:{}", dwelling.map_or(0, |d| d.version), parts.join(","))
}

/// What is known of those whom an entry names and of its home, as the register has it at one moment.
pub(super) struct Ground {
    /// What was typed of each, read.
    facts: Vec<Facts>,
    /// The identity numbers of those who are not said to be gone, as they are kept.
    numbers: Vec<Vec<u8>>,
    living: Vec<Resident>,
    care: Vec<care::CareMark>,
    own: bool,
    by_number: Vec<Resident>,
    by_phone: Vec<Resident>,
}

impl Ground {
    /// Five queries at most; `phone` is the hash of a proven one.
    pub(super) async fn read(
        conn: &mut Conn,
        access: &Access,
        dwelling: Option<DwellingId>,
        phone: Option<&[u8]>,
        content: &Content,
        now: Timestamp,
    ) -> Result<Self> {
        let seal = Seal::new(access);
        let (mut living, mut care, mut own) = (Vec::new(), Vec::new(), false);
        if let Some(id) = dwelling {
            living = people::of_dwelling(conn, id).await?;
            if content.members.iter().any(|m| !m.care.is_empty()) {
                care = care::of_dwelling(conn, id, now).await?;
            }
            if let Some(hash) = phone {
                let sql = "SELECT count(*) FROM resident WHERE dwelling_id = $1 AND phone_hash = $2";
                own = conn.scalar::<i64>(sql, params![id, hash.to_vec()]).await? > 0;
            }
        }
        let facts: Vec<Facts> =
            content.members.iter().map(|m| Facts::read(&m.texts, now).unwrap_or_default()).collect();
        let (mut numbers, mut all, mut phones) = (Vec::new(), Vec::new(), Vec::new());
        for (member, facts) in content.members.iter().zip(&facts) {
            let hash = facts.id_number.value().map(|n| seal.id_hash(n)).transpose()?;
            numbers.extend(hash.clone().filter(|_| !member.gone));
            all.extend(hash);
            phones.extend(facts.phone.value().map(|p| seal.phone_hash(p)).transpose()?);
        }
        let (by_number, by_phone) = candidates(conn, &all, &phones).await?;
        Ok(Self { facts, numbers, living, care, own, by_number, by_phone })
    }
}

/// People of the register who share a number or a phone with somebody that is named.
async fn candidates(
    conn: &mut Conn,
    ids: &[Vec<u8>],
    phones: &[Vec<u8>],
) -> Result<(Vec<Resident>, Vec<Resident>)> {
    let mut by_number = Vec::new();
    if !ids.is_empty() {
        let mut rows = Where::new();
        rows.any("r.id_hash", ids);
        by_number =
            conn.all(&format!("SELECT {RESIDENT} FROM resident r{}", rows.text()), rows.args()).await?;
    }
    let mut by_phone = Vec::new();
    if !phones.is_empty() {
        let mut rows = Where::new();
        rows.any("r.phone_hash", phones);
        let sql = format!("SELECT {RESIDENT} FROM resident r{} ORDER BY r.n LIMIT 200", rows.text());
        by_phone = conn.all(&sql, rows.args()).await?;
    }
    Ok((by_number, by_phone))
}

struct Finder {
    living: Vec<(Resident, Person)>,
    by_number: Vec<(Resident, Person)>,
    by_phone: Vec<(Resident, Person)>,
}

impl Finder {
    /// By the record the form was filled over, else the number, else the name in this home, else phone and name.
    fn find(&self, member: &Member, facts: &Facts) -> Option<&(Resident, Person)> {
        let number = facts.id_number.value();
        let named = |p: &Person| facts.name.as_ref() == Some(&p.name);
        let other = |p: &Person| number.is_some() && p.id_number.is_some() && p.id_number.as_ref() != number;
        let own = self.living.iter().find(|(r, _)| Some(r.id) == member.resident);
        own.or_else(|| {
            number.and_then(|n| self.by_number.iter().find(|(_, p)| p.id_number.as_ref() == Some(n)))
        })
        .or_else(|| self.living.iter().find(|(_, p)| named(p) && !other(p)))
        .or_else(|| {
            let phone = facts.phone.value()?;
            let mut same = self.by_phone.iter().filter(|(_, p)| {
                p.phone.as_ref() == Some(phone) && named(p) && (number.is_none() || p.id_number.is_none())
            });
            same.next().filter(|_| same.next().is_none())
        })
    }
}

/// The other entries that an entry meets.
#[derive(Debug, Default)]
pub(super) struct Others {
    /// Those that wait for the same home.
    pub(super) here: Vec<Claim>,
    /// Those that wait elsewhere and have one of its identity numbers.
    pub(super) sharing: Vec<Claim>,
    /// Its identity numbers, as they are kept.
    pub(super) numbers: Vec<Vec<u8>>,
}

/// Puts an entry beside the register.
pub async fn compare(
    conn: &mut Conn,
    access: &Access,
    claim: &Claim,
    content: &Content,
    now: Timestamp,
) -> Result<Compared> {
    let dwelling: Option<Dwelling> = match claim.dwelling_id {
        Some(id) => {
            let sql = format!("SELECT {DWELLING} FROM dwelling d WHERE d.id = $1");
            conn.optional(&sql, params![id]).await?
        }
        None => None,
    };
    let phone = claim.phone_hash.as_deref().filter(|_| claim.proven);
    let ground = Ground::read(conn, access, claim.dwelling_id, phone, content, now).await?;
    Ok(beside(conn, access, claim, content, dwelling, ground).await?.0)
}

/// As [`compare`], where home and register are at hand; and the entries that it was compared with.
pub(super) async fn beside(
    conn: &mut Conn,
    access: &Access,
    claim: &Claim,
    content: &Content,
    dwelling: Option<Dwelling>,
    ground: Ground,
) -> Result<(Compared, Others)> {
    let seal = Seal::new(access);
    let Ground { facts: read, numbers, living, care: care_known, own, by_number, by_phone } = ground;
    let (here, sharing) = store::met(conn, claim.dwelling_id, &numbers, claim.id).await?;
    let others = Others { here, sharing, numbers };
    let with_person = |rows: Vec<Resident>| -> Result<Vec<(Resident, Person)>> {
        rows.into_iter().map(|r| r.person(seal).map(|p| (r, p))).collect()
    };
    let base = base(dwelling.as_ref(), &living);
    let finder = Finder {
        living: with_person(living)?,
        by_number: with_person(by_number)?,
        by_phone: with_person(by_phone)?,
    };
    let mut pairs_of = Vec::with_capacity(read.len());
    let mut matched: HashSet<ResidentId> = HashSet::new();
    for (member, facts) in content.members.iter().zip(read) {
        let found = finder.find(member, &facts);
        let marks = found.map(|(r, _)| r.marks()).transpose()?;
        let has = |kind: CareKind| {
            found.is_some_and(|(r, _)| care_known.iter().any(|c| c.resident_id == r.id && c.kind == kind))
        };
        matched.extend(found.map(|(r, _)| r.id));
        pairs_of.push(PersonPair {
            fields: if member.gone {
                Vec::new()
            } else {
                pairs(&facts, found.map(|(_, p)| p).zip(marks.as_ref()))
            },
            care: member.care.iter().map(|&kind| (kind, has(kind))).collect(),
            found: match found {
                None => Match::Nobody,
                Some((r, _)) if r.dwelling_id.is_some() && r.dwelling_id == claim.dwelling_id => {
                    Match::Here(Box::new(r.clone()))
                }
                Some((r, _)) => Match::Elsewhere(Box::new(r.clone())),
            },
            member: member.clone(),
            facts,
        });
    }
    let known = |p: &Person| -> Result<Known> {
        let id_hash = p.id_number.as_ref().map(|n| seal.id_hash(n)).transpose()?;
        Ok(Known { name: p.name.clone(), id_hash })
    };
    let named = |pair: &PersonPair| -> Result<Known> {
        let id_hash = pair.facts.id_number.value().map(|n| seal.id_hash(n)).transpose()?;
        Ok(Known { name: pair.name().to_owned(), id_hash })
    };
    let facts = triage::Facts {
        same: claim.kind == super::ClaimKind::Same,
        living: finder.living.iter().map(|(_, p)| known(p)).collect::<Result<_>>()?,
        named: pairs_of.iter().map(named).collect::<Result<_>>()?,
        own,
        elsewhere: pairs_of
            .iter()
            .any(|p| matches!(&p.found, Match::Elsewhere(r) if r.dwelling_id.is_some())),
        twice: !others.sharing.is_empty(),
        rival: others.here.iter().any(|other| rivals(claim, other)),
    };
    let compared = Compared {
        usage: content.usage.map(|said| {
            let marks = dwelling.as_ref().and_then(|d| Marks::parse(&d.marks).ok());
            (said, dwelling.as_ref().map(|d| d.usage), marks.map(|m| m.of(Field::Usage)))
        }),
        unnamed: finder.living.into_iter().map(|(r, _)| r).filter(|r| !matched.contains(&r.id)).collect(),
        people: pairs_of,
        base,
        kind: triage::kind(&facts),
        conflicts: triage::conflicts(&facts),
        dwelling,
    };
    Ok((compared, others))
}

/// Two entries for one home are rivals unless one says that nothing has changed, or both come from one phone or one system.
pub(super) fn rivals(one: &Claim, other: &Claim) -> bool {
    let fills = |c: &Claim| c.kind != super::ClaimKind::Same;
    let one_phone = one.phone_hash.is_some() && one.phone_hash == other.phone_hash;
    // One system says of each person of a home what it has to say.
    let one_peer = one.peer.is_some() && one.peer == other.peer;
    fills(one) && fills(other) && !one_phone && !one_peer
}
