//! Codes at the doors of the first houses, and what their people have filled in since: one entry of each kind.

use linli_access::Access;
use linli_household::{
    claims::{self, CONSENT, Content, Held, Member, NewClaim},
    code::{self, Code, CodeKind, Label},
    model::{CareKind, DwellingId, IdNumber, Person, ResidentId, Texts},
    rhythm::{self, Quarter},
    store::{Seal, people, places},
};
use linli_kernel::{Actor, Result, export::uuid::Uuid, params};
use linli_store::Op;

/// As many homes as entries need.
const HOMES: i64 = 6;

/// A home of the demo with the code at its door.
struct Home {
    id: DwellingId,
    code: Code,
    people: Vec<(ResidentId, Person)>,
}

async fn codes(op: &mut Op) -> Result<Vec<Home>> {
    let access = op.district.port::<Access>()?;
    // Houses whose homes have somebody with a phone, in the order of the grids.
    let found: Vec<(DwellingId,)> = op
        .tx
        .all(
            "SELECT d.id FROM dwelling d WHERE EXISTS (SELECT 1 FROM resident r WHERE r.dwelling_id = d.id AND r.phone IS NOT NULL)
             ORDER BY d.area, d.n LIMIT $1",
            params![HOMES],
        )
        .await?;
    let mut homes = Vec::new();
    for (id,) in found {
        let dwelling = places::dwelling(&mut op.tx, id).await?;
        let things: Vec<(CodeKind, Uuid)> = code::of_building(&mut op.tx, dwelling.building_id)
            .await?
            .into_iter()
            .filter(|thing| thing.id.is_none())
            .map(|thing| (thing.kind, thing.thing))
            .collect();
        code::issue(op, dwelling.building_id, &things).await?;
        let states = code::of_building(&mut op.tx, dwelling.building_id).await?;
        let number = states.iter().find(|s| s.thing == id.0).and_then(|s| s.n).unwrap_or_default();
        let Some(code) = code::by_label(&mut op.tx, Label(number)).await? else { continue };
        let mut living = Vec::new();
        for row in people::of_dwelling(&mut op.tx, id).await? {
            living.push((row.id, row.person(Seal::new(&access))?));
        }
        homes.push(Home { id, code, people: living });
    }
    Ok(homes)
}

fn held(op: &Op, person: &Person) -> Result<Option<Held>> {
    let access = op.district.port::<Access>()?;
    let phone = person.phone.clone();
    phone
        .map(|phone| Ok(Held { hash: Seal::new(&access).phone_hash(&phone)?, phone, name: None }))
        .transpose()
}

fn named(name: &str, relation: &str, phone: &str, id: Option<&str>) -> Member {
    let texts = Texts {
        name: name.into(),
        relation: relation.into(),
        phone: phone.into(),
        id_number: id.unwrap_or_default().into(),
        residence: "floating".into(),
        ..Texts::default()
    };
    Member { texts, ..Member::default() }
}

fn filled(home: DwellingId, members: Vec<Member>) -> NewClaim {
    let content = Content { members, ..Content::default() };
    NewClaim { dwelling: Some(home), same: false, content, consent: CONSENT.into() }
}

/// The household as it is, with a new phone for its first and one more in it.
fn corrected(home: &Home) -> NewClaim {
    let known = |(id, person): &(ResidentId, Person)| Member {
        resident: Some(*id),
        texts: Texts {
            name: person.name.clone(),
            relation: person.relation.to_string(),
            residence: person.residence.to_string(),
            ..Texts::default()
        },
        ..Member::default()
    };
    let mut members: Vec<Member> = home.people.iter().map(known).collect();
    if let Some(first) = members.first_mut() {
        first.texts.phone = "10099990001".into();
        first.care = vec![CareKind::LivesAlone];
    }
    members.push(named("林小满", "daughter", "", None));
    let mut new = filled(home.id, members);
    new.consent.push_str(claims::SEPARATE);
    new
}

/// Writes them as the public does, whoever makes the demo. The caller commits.
pub(super) async fn write(op: &mut Op) -> Result<()> {
    let homes = codes(op).await?;
    let maker = std::mem::replace(&mut op.actor, Actor::Public);
    let done = fill_in(op, &homes).await;
    op.actor = maker;
    done?;
    // What was confirmed in this quarter was confirmed at the door.
    rhythm::take_over(op, Quarter::of(op.now).start()).await?;
    Ok(())
}

async fn fill_in(op: &mut Op, homes: &[Home]) -> Result<()> {
    let id = |serial: u32| IdNumber::with_check(&format!("00000019880808{serial:03}"));
    let text = |number: &Option<IdNumber>| number.as_ref().map(|n| n.as_str().to_owned()).unwrap_or_default();
    for (n, home) in homes.iter().enumerate() {
        let first = home.people.iter().find(|(_, p)| p.phone.is_some());
        match n {
            0 => {
                let same = NewClaim { same: true, ..filled(home.id, Vec::new()) };
                claims::submit(op, &home.code, &same, None, None).await?;
            }
            1 => {
                let by = match first {
                    Some((_, person)) => held(op, person)?,
                    None => None,
                };
                claims::submit(op, &home.code, &corrected(home), by.as_ref(), None).await?;
            }
            2 => {
                for (serial, name, phone) in [(11, "周海燕", "10099990011"), (12, "郑立冬", "10099990012")]
                {
                    let who = named(name, "head", phone, Some(&text(&id(serial))));
                    let mut new = filled(home.id, vec![who]);
                    new.content.phone = Some(phone.into());
                    claims::submit(op, &home.code, &new, None, None).await?;
                }
            }
            3 => {
                let other = homes.get(4).and_then(|h| h.people.iter().find(|(_, p)| p.id_number.is_some()));
                let Some((_, person)) = other else { continue };
                let who = named(&person.name, "head", "10099990021", Some(&text(&person.id_number)));
                claims::submit(op, &home.code, &filled(home.id, vec![who]), None, None).await?;
            }
            4 => {
                // Through the code at the entrance, for a door that nobody has registered.
                let states = code::of_building(&mut op.tx, home.code.building_id).await?;
                let entrance = states.iter().find(|s| s.kind == CodeKind::Building).and_then(|s| s.n);
                let Some(code) = code::by_label(&mut op.tx, Label(entrance.unwrap_or_default())).await?
                else {
                    continue;
                };
                let mut new = filled(home.id, vec![named("邱云帆", "head", "10099990031", None)]);
                new.dwelling = None;
                new.content.door = "夹层1".into();
                claims::submit(op, &code, &new, None, None).await?;
            }
            _ => {}
        }
    }
    Ok(())
}
