//! Taking one entry: once, in its order, and never over something that the worker has not seen.

use std::time::Duration;

use linli_access::{Access, Authorise as _, Target};
use linli_kernel::{Error, FieldError, Result, Timestamp, error::Check, hex};
use linli_store::{Entry as Note, Op};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    Act, Answer, Differ, Entry, Home, Outcome, Person, Saw, SawPerson, Says, SaysPerson, home, model::Change,
    photos, photos::MOST_PHOTOS, store, store::Sender,
};
use crate::{
    app,
    model::{Facts, Field, Mark, Marks, Texts},
    register::{self, DwellingFacts, News},
    rhythm::{Met, visited_at},
    store::{Seal, people, places},
};

/// Entries of one call.
pub const MOST: usize = 50;
/// A phone's clock may be wrong by more than this: then the bound counts.
const OLDEST: Duration = Duration::from_hours(24 * 31);

/// What was sent, in a form that says whether it is the same again.
fn fingerprint(entry: &Entry) -> Result<String> {
    let text = serde_json::to_string(entry).map_err(Error::internal)?;
    Ok(hex(Sha256::digest(text)))
}

/// What is wrong with an entry by itself.
fn check(entry: &Entry, now: Timestamp) -> Result<Vec<(SaysPerson, Facts)>> {
    let mut check = Check::new();
    check.optional("note", Some(&entry.note), 500);
    check.require(entry.photos.len() <= MOST_PHOTOS, "photos", "error-too-many-files");
    let mut photos = entry.photos.clone();
    photos.sort();
    photos.dedup();
    check.require(photos.len() == entry.photos.len(), "photos", "error-value");
    let met = entry.act == Act::Met;
    check.require(!met || entry.saw.is_some(), "saw", "error-required");
    let empty = entry.says.usage.is_none() && entry.says.people.is_empty();
    check.require(met || empty, "says", "error-value");
    let words = !entry.note.trim().is_empty() || !entry.photos.is_empty();
    check.require(entry.act != Act::Note || words, "note", "error-required");
    let mut read = Vec::new();
    for (n, says) in entry.says.people.iter().enumerate() {
        let known =
            entry.saw.as_ref().is_some_and(|saw| saw.people.iter().filter(|p| p.id == says.id).count() == 1);
        let once = entry.says.people.iter().filter(|p| p.id == says.id).count() == 1;
        check.require(known && once, &format!("says.people[{n}].id"), "error-value");
        let text = |word: &Option<String>| word.as_deref().unwrap_or_default().trim().to_owned();
        let texts = Texts {
            name: text(&says.name),
            phone: text(&says.phone),
            relation: says.relation.map(|r| r.to_string()).unwrap_or_default(),
            residence: says.residence.map(|r| r.to_string()).unwrap_or_default(),
            ..Texts::default()
        };
        check.require(says.name.is_none() || !texts.name.is_empty(), &at(n, "name"), "error-required");
        match Facts::read(&texts, now) {
            Ok(facts) => read.push((says.clone(), facts)),
            Err(Error::Invalid(faults)) => {
                for fault in faults {
                    check.push(FieldError { field: at(n, &fault.field), ..fault });
                }
            }
            Err(other) => return Err(other),
        }
    }
    check.done()?;
    Ok(read)
}

fn at(n: usize, field: &str) -> String {
    format!("says.people[{n}].{field}")
}

/// Takes an entry. Its transaction is ended here, one way or the other.
pub async fn take(mut op: Op, entry: &Entry) -> Result<Answer> {
    let account = op.actor.account().ok_or(Error::Unauthorised)?;
    let id = Some(entry.id);
    let facts = match check(entry, op.now) {
        Ok(facts) => facts,
        Err(Error::Invalid(faults)) => return Ok(Answer::refused(id, faults)),
        Err(other) => return Err(other),
    };
    let print = fingerprint(entry)?;
    // The lock on the home is what puts two phones, or one phone twice, in a row.
    let dwelling = match places::dwelling(&mut op.tx, entry.dwelling).await {
        Ok(dwelling) => dwelling,
        Err(Error::NotFound) => return Ok(Answer::bare(id, Outcome::Gone)),
        Err(other) => return Err(other),
    };
    for action in ["visit.offline", "household.confirm", "household.edit"] {
        match op.permit(action, &Target::at(&dwelling.area)) {
            Ok(()) => {}
            Err(Error::NotFound | Error::Forbidden(_)) => return Ok(Answer::bare(id, Outcome::Gone)),
            Err(other) => return Err(other),
        }
    }
    let access = op.district.port::<Access>()?;
    let now = op.now;
    if let Some(known) = store::known(&mut op.tx, entry.id).await? {
        return again(op, &access, entry, &known, account, &print).await;
    }
    for (before, wanted) in
        [(entry.after, &[Outcome::Done, Outcome::Settled][..]), (entry.settles, &[Outcome::Conflict][..])]
    {
        let Some(before) = before else { continue };
        let stands = store::known(&mut op.tx, before).await?.is_some_and(|k| {
            k.account_id == account && k.dwelling_id == entry.dwelling && wanted.contains(&k.outcome)
        });
        if !stands {
            return Ok(Answer::bare(id, Outcome::Waits));
        }
    }
    if !photos::all_there(&mut op.tx, account, entry).await? {
        return Ok(Answer::bare(id, Outcome::Waits));
    }
    let at = entry.at.min(now).max(now.minus(OLDEST));
    let name = op.actor.name().to_owned();
    let sender = Sender { account, name: &name, area: &dwelling.area, fingerprint: &print, at, now };
    if !store::claim(&mut op.tx, Seal::new(&access), entry, &sender).await? {
        // The same id for another home, at this very moment.
        return Ok(Answer::refused(id, vec![FieldError::new("id", "error-key-reused")]));
    }
    // Whoever corrects a person locks that row alone: without the same locks the record could change between the
    // comparison and the change.
    store::lock_people(&mut op.tx, entry.dwelling).await?;
    let before = home::one(&mut op.tx, &access, entry.dwelling, now).await?.ok_or(Error::NotFound)?;
    let (differs, latest) = match &entry.saw {
        Some(saw) if entry.act == Act::Met => differences(&mut op, &access, saw, entry, &before, at).await?,
        _ => (Vec::new(), at),
    };
    if !differs.is_empty() {
        store::set_outcome(&mut op.tx, entry.id, Outcome::Conflict).await?;
        log(&mut op, entry, &before, Outcome::Conflict).await?;
        op.commit().await?;
        return Ok(Answer { home: Some(before), differs, ..Answer::bare(id, Outcome::Conflict) });
    }
    // Nothing stands against it: a phone whose clock is slow must not lose to what it has seen itself.
    match apply(&mut op, entry, &facts, &before, (latest, at)).await {
        Ok(()) => {}
        // Found only while doing it: the number or phone is somebody else's.
        Err(Error::Conflict(key)) => return Ok(Answer::refused(id, vec![FieldError::new("says", key)])),
        Err(Error::Invalid(faults)) => return Ok(Answer::refused(id, faults)),
        Err(other) => return Err(other),
    }
    if let Some(settled) = entry.settles {
        store::set_outcome(&mut op.tx, settled, Outcome::Settled).await?;
    }
    if !photos::give(&mut op.tx, entry, &dwelling.area).await? {
        // An entry of another home took one at this very moment.
        return Ok(Answer::bare(id, Outcome::Waits));
    }
    let after = home::one(&mut op.tx, &access, entry.dwelling, now).await?;
    op.commit().await?;
    Ok(Answer { home: after, ..Answer::bare(id, Outcome::Done) })
}

/// The entry came before: the first answer counts, over the record as it is now.
async fn again(
    mut op: Op,
    access: &Access,
    entry: &Entry,
    known: &store::Known,
    account: linli_kernel::actor::AccountId,
    print: &str,
) -> Result<Answer> {
    let id = Some(entry.id);
    if known.account_id != account || known.fingerprint != print {
        return Ok(Answer::refused(id, vec![FieldError::new("id", "error-key-reused")]));
    }
    let now = op.now;
    let home = home::one(&mut op.tx, access, entry.dwelling, now).await?;
    let differs = match (&entry.saw, &home) {
        (Some(saw), Some(home)) if known.outcome == Outcome::Conflict => {
            let at = entry.at.min(now).max(now.minus(OLDEST));
            differences(&mut op, access, saw, entry, home, at).await?.0
        }
        _ => Vec::new(),
    };
    Ok(Answer { home, differs, ..Answer::bare(id, known.outcome) })
}

async fn log(op: &mut Op, entry: &Entry, home: &Home, outcome: Outcome) -> Result<()> {
    op.log(Note {
        action: "visit.entry",
        subject: "dwelling",
        subject_id: home.id.to_string(),
        area: home.area.clone(),
        detail: json!({ "act": entry.act, "outcome": outcome, "entry": entry.id, "photos": entry.photos.len() }),
    })
    .await
}

/// Does what an entry says. `at` is when it counts as said, `day` when somebody was at the door.
async fn apply(
    op: &mut Op,
    entry: &Entry,
    facts: &[(SaysPerson, Facts)],
    home: &Home,
    (at, day): (Timestamp, Timestamp),
) -> Result<()> {
    if entry.act == Act::Seen {
        let people: Vec<_> = home.people.iter().map(|p| p.id).collect();
        return app::looked(op, home.id, &home.area, &people).await;
    }
    if entry.act == Act::Met {
        let by = Mark::worker(at);
        let mut news = News::new();
        if entry.says.usage.is_some() {
            let facts = DwellingFacts { usage: entry.says.usage };
            register::correct_dwelling(op, &mut news, home.id, &facts, &by, None).await?;
        }
        for (says, facts) in facts {
            register::correct(op, &mut news, says.id, facts, &by, None).await?;
        }
        register::confirm_dwelling(op, &mut news, home.id, &by, None).await?;
        let met = if entry.says == Says::default() { Met::Confirmed } else { Met::Changed };
        visited_at(op, home.id, &home.area, met, day).await?;
        log(op, entry, home, Outcome::Done).await?;
        return news.publish(op).await;
    }
    if entry.act == Act::Nobody {
        visited_at(op, home.id, &home.area, Met::Nobody, day).await?;
    }
    log(op, entry, home, Outcome::Done).await
}

/// One field, three ways: as the worker saw it, as they say it is, as it is known now.
struct Three {
    field: Field,
    saw: String,
    says: Option<String>,
    now: String,
    /// What is shown instead of `now`, where that is a tag.
    shown: Option<String>,
    mine: Option<String>,
}

impl Three {
    fn plain(field: Field, saw: &impl ToString, says: Option<String>, now: &impl ToString) -> Self {
        Self { field, saw: saw.to_string(), says, now: now.to_string(), shown: None, mine: None }
    }
}

fn person_fields(
    access: &Access,
    saw: &SawPerson,
    says: Option<&SaysPerson>,
    now: &Person,
) -> Result<Vec<Three>> {
    let said = |word: Option<String>| word.map(|w| w.trim().to_owned());
    let phone = said(says.and_then(|s| s.phone.clone()));
    let tag = phone.as_deref().map(|typed| home::tag_of(access, typed)).transpose()?;
    let (known, shown) =
        now.phone.as_ref().map_or_else(Default::default, |p| (p.tag.clone(), p.shown.to_string()));
    Ok(vec![
        Three::plain(Field::Name, &saw.name, said(says.and_then(|s| s.name.clone())), &now.name),
        Three {
            field: Field::Phone,
            // What the phone itself had typed before is sent as typed: it has no tag of it.
            saw: match saw.phone.strip_prefix('=') {
                Some(typed) => home::tag_of(access, typed)?.unwrap_or_default(),
                None => saw.phone.clone(),
            },
            says: tag.map(Option::unwrap_or_default),
            now: known,
            shown: Some(shown),
            // What was not said is known to the phone in its own masked form.
            mine: Some(phone.unwrap_or_default()),
        },
        Three::plain(
            Field::Relation,
            &saw.relation,
            says.and_then(|s| s.relation).map(|r| r.to_string()),
            &now.relation,
        ),
        Three::plain(
            Field::Residence,
            &saw.residence,
            says.and_then(|s| s.residence).map(|r| r.to_string()),
            &now.residence,
        ),
    ])
}

/// What the record says otherwise than the worker saw, and than the worker says; and the latest of `at` and of
/// what was ever confirmed there.
async fn differences(
    op: &mut Op,
    access: &Access,
    saw: &Saw,
    entry: &Entry,
    now: &Home,
    at: Timestamp,
) -> Result<(Vec<Differ>, Timestamp)> {
    let mut found = Vec::new();
    let mut latest = at;
    let dwelling = places::dwelling(&mut op.tx, now.id).await?;
    let marks = Marks::parse(&dwelling.marks)?;
    let usage = entry.says.usage.map(|u| u.to_string());
    let of_home = [Three::plain(Field::Usage, &saw.usage, usage, &now.usage)];
    latest = latest.max(marks.of(Field::Usage).at);
    weigh(&mut found, None, "", &of_home, saw.version == now.version, &marks, at);
    for known in &now.people {
        let Some(seen) = saw.people.iter().find(|p| p.id == known.id) else {
            found.push(came_or_went(Change::Arrived, known.id.0, &known.name));
            continue;
        };
        let says = entry.says.people.iter().find(|p| p.id == known.id);
        let fields = person_fields(access, seen, says, known)?;
        let marks = people::load(&mut op.tx, known.id).await?.marks()?;
        latest = fields.iter().map(|three| marks.of(three.field).at).fold(latest, Ord::max);
        weigh(&mut found, Some(known.id.0), &known.name, &fields, seen.version == known.version, &marks, at);
    }
    for seen in saw.people.iter().filter(|s| now.people.iter().all(|k| k.id != s.id)) {
        found.push(came_or_went(Change::Left, seen.id.0, &seen.name));
    }
    Ok((found, latest))
}

fn came_or_went(change: Change, id: Uuid, name: &str) -> Differ {
    Differ {
        change,
        person: Some(crate::model::ResidentId(id)),
        name: name.to_owned(),
        field: None,
        mine: String::new(),
        theirs: String::new(),
    }
}

fn weigh(
    found: &mut Vec<Differ>,
    person: Option<Uuid>,
    name: &str,
    fields: &[Three],
    same_version: bool,
    marks: &Marks,
    at: Timestamp,
) {
    for three in fields {
        let says = three.says.as_ref().unwrap_or(&three.saw);
        let change = match () {
            () if three.now == *says => continue,
            () if three.now != three.saw => Change::Value,
            // Under the version that the worker saw nobody has been here, whatever the phone's clock says.
            () if !same_version && marks.of(three.field).at > at => Change::Later,
            () => continue,
        };
        found.push(Differ {
            change,
            person: person.map(crate::model::ResidentId),
            name: name.to_owned(),
            field: Some(three.field),
            mine: three.mine.clone().unwrap_or_else(|| says.clone()),
            theirs: three.shown.clone().unwrap_or_else(|| three.now.clone()),
        });
    }
}
