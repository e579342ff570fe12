//! What a peer tells us of people (批量同步): many rows at once, each answered for itself, by the register's own
//! rules. The same rows sent again change nothing: neither the register nor its feed, so two platforms that tell
//! each other everything come to rest.

mod row;

use std::collections::BTreeMap;

use linli_access::{Access, Authorise as _, Target};
use linli_kernel::{AreaCode, Error, FieldError, Result, error::Check, params};
use linli_store::Op;
use serde_json::{Value, json};

use super::{Agreement, Direction, Shared, agreement};
use crate::{
    claims::{self, Member, peer::Word},
    model::{DwellingId, Facts, Field, Mark, ResidentId, Source, Texts},
    register::{self, Home, MoveOut, News},
    rules::{self, Merged, Verdict},
    store::{Seal, people, people::Resident, places},
};

pub use row::{Outcome, Reply, Row};

/// The most rows of one call.
pub const MOST: usize = 200;
/// Clocks of two systems differ a little.
const AHEAD: std::time::Duration = std::time::Duration::from_mins(5);

/// Takes rows in, in their order, in one transaction. The caller commits.
pub async fn take(op: &mut Op, rows: &[Value]) -> Result<Vec<Reply>> {
    let agreement = agreement::of_client(&mut op.tx, &op.actor, op.now, Direction::takes).await?;
    if rows.is_empty() || rows.len() > MOST {
        return Err(Error::Invalid(vec![FieldError::new("residents", "exchange-rows").with("most", MOST)]));
    }
    let access = op.district.port::<Access>()?;
    let mut news = News::new();
    let mut replies = Vec::with_capacity(rows.len());
    let named: Vec<&str> = rows.iter().filter_map(|row| row["external_id"].as_str()).map(str::trim).collect();
    let mut waiting = claims::peer::waiting(&mut op.tx, &agreement.peer, &named).await?;
    for value in rows {
        let mut intake = Intake { agreement: &agreement, access: &access, news: &mut news };
        let reply = intake.value(op, value).await?;
        // Peer and register agree by now: nobody needs to look at what it said before.
        if reply.agrees()
            && let Some(claim) = waiting.remove(reply.external_id.trim())
        {
            match claims::withdraw(op, claim).await {
                // Somebody decided about it in this moment: nobody needs to look at it either.
                Ok(()) | Err(Error::Conflict(_)) => {}
                Err(error) => return Err(error),
            }
        }
        replies.push(reply);
    }
    news.publish(op).await?;
    let count = |outcome: Outcome| {
        i64::try_from(replies.iter().filter(|r| r.outcome == outcome).count()).unwrap_or(i64::MAX)
    };
    let id = op.uuid();
    op.tx
        .execute(
            "INSERT INTO exchange_intake (id, agreement_id, at, created, updated, unchanged, conflict, error)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            params![
                id,
                agreement.id,
                op.now,
                count(Outcome::Created),
                count(Outcome::Updated),
                count(Outcome::Unchanged),
                count(Outcome::Conflict),
                count(Outcome::Error)
            ],
        )
        .await?;
    let counts: BTreeMap<&str, i64> = Outcome::ALL.iter().map(|o| (o.as_str(), count(*o))).collect();
    let detail = json!({ "peer": agreement.peer, "rows": rows.len(), "outcome": counts });
    agreement::note(op, "exchange.take", agreement.id, detail).await?;
    Ok(replies)
}

struct Intake<'a> {
    agreement: &'a Agreement,
    access: &'a Access,
    news: &'a mut News,
}

/// A row that is in order by itself.
struct Read {
    row: Row,
    /// As it came.
    texts: Texts,
    facts: Facts,
    by: Mark,
    home: Option<(DwellingId, AreaCode)>,
}

impl Intake<'_> {
    async fn value(&mut self, op: &mut Op, value: &Value) -> Result<Reply> {
        let named = value["external_id"].as_str().unwrap_or_default().to_owned();
        let row = match linli_web::api::read::<Row>(value.to_string().as_bytes()) {
            Ok(row) => row,
            Err(Error::Invalid(faults)) => return Ok(Reply::wrong(&named, faults)),
            Err(other) => return Err(other),
        };
        match self.read(op, row).await {
            Ok(read) => self.row(op, read).await,
            Err(Error::Invalid(faults)) => Ok(Reply::wrong(&named, faults)),
            Err(other) => Err(other),
        }
    }

    /// Looks at the row by itself: its fields, the agreement, the home.
    async fn read(&self, op: &mut Op, row: Row) -> Result<Read> {
        let mut check = Check::new();
        check.text("external_id", &row.external_id, 100);
        check.require(row.confirmed_at <= op.now.plus(AHEAD), "confirmed_at", "household-time-ahead");
        let texts = Texts {
            name: row.name.clone(),
            sex: row.sex.clone(),
            birth: row.birth.clone(),
            id_number: row.id_number.clone(),
            phone: row.phone.clone(),
            relation: row.relation.clone(),
            residence: row.residence.clone(),
        };
        let facts = Facts::checked(&texts, op.now, &mut check);
        let mut said = facts.fields();
        let has_home = row.dwelling.is_some() || row.area.is_some() || !row.address.trim().is_empty();
        said.extend((has_home || row.left.is_some()).then_some(Field::Home));
        for field in said {
            let named = Shared::of_person(field).is_some_and(|shared| self.agreement.names(shared));
            check.require(named, field.as_str(), "exchange-field-not-agreed");
        }
        check.done()?;
        let home = if has_home { Some(self.home(op, &row).await?) } else { None };
        // Nobody confirms in the future, whatever their clock says.
        let at = row.confirmed_at.min(op.now);
        let by = Mark { source: Source::Sync, at, verified: row.verified && self.agreement.trusted };
        Ok(Read { row, texts, facts, by, home })
    }

    /// The home that a row names; homes are registered by our own people, house first.
    async fn home(&self, op: &mut Op, row: &Row) -> Result<(DwellingId, AreaCode)> {
        let unknown = || Error::field("address", "exchange-home-unknown");
        let id = match (row.dwelling, &row.area) {
            (Some(id), _) => id,
            (None, Some(area)) => {
                let text = rules::Address::parse(&row.address).text();
                places::dwelling_at(&mut op.tx, area, &text).await?.ok_or_else(unknown)?
            }
            (None, None) => return Err(Error::field("area", "error-required")),
        };
        let area = match places::dwelling(&mut op.tx, id).await {
            Ok(home) => home.area,
            Err(Error::NotFound) => return Err(unknown()),
            Err(other) => return Err(other),
        };
        // A home outside the agreement is as unknown as one that is not there.
        if self.agreement.covers(&area) { Ok((id, area)) } else { Err(unknown()) }
    }

    /// Whom a row is about: by the peer's own number, else by what makes a person one.
    async fn known(&self, op: &mut Op, read: &Read) -> Result<(Option<Resident>, bool)> {
        let mapped: Option<(ResidentId,)> = op
            .tx
            .optional(
                "SELECT resident_id FROM exchange_external WHERE peer = $1 AND external_id = $2",
                params![&self.agreement.peer, read.row.external_id.trim()],
            )
            .await?;
        if let Some((id,)) = mapped {
            return Ok((Some(people::load(&mut op.tx, id).await?), true));
        }
        let Ok(person) = read.facts.person() else { return Ok((None, false)) };
        let found = people::find(&mut op.tx, Seal::new(self.access), &person).await?;
        let Some(found) = found else { return Ok((None, false)) };
        Ok((Some(people::load(&mut op.tx, found.id).await?), false))
    }

    async fn row(&mut self, op: &mut Op, read: Read) -> Result<Reply> {
        let (known, mapped) = self.known(op, &read).await?;
        match known {
            None => self.add(op, &read).await,
            // Somebody who lives elsewhere, and is not said to come here, is none of this agreement's business.
            Some(known) if read.home.is_none() && !self.agreement.covers(&known.area) => {
                let fault = FieldError::new("external_id", "exchange-elsewhere");
                Ok(Reply::wrong(&read.row.external_id, vec![fault]))
            }
            Some(known) => {
                let reply = self.merge(op, &read, known.clone(), mapped).await?;
                if reply.outcome == Outcome::Conflict {
                    self.queue(op, &read, &known).await?;
                }
                Ok(reply)
            }
        }
    }

    /// A conflict waits for a person at the home that it is about, where there is one within the agreement.
    async fn queue(&self, op: &mut Op, read: &Read, known: &Resident) -> Result<()> {
        let lives = known.dwelling_id.filter(|_| self.agreement.covers(&known.area));
        let Some(dwelling) = read.home.as_ref().map(|(id, _)| *id).or(lives) else { return Ok(()) };
        let member = Member {
            resident: Some(known.id),
            gone: read.row.left.is_some(),
            texts: read.texts.clone(),
            care: Vec::new(),
        };
        let (peer, agreement) = (&self.agreement.peer, self.agreement.id.to_string());
        let external_id = read.row.external_id.trim();
        claims::peer::file(op, Word { peer, external_id, agreement: &agreement, dwelling, member }).await
    }

    async fn add(&mut self, op: &mut Op, read: &Read) -> Result<Reply> {
        let mut check = Check::new();
        check.require(read.facts.name.is_some(), "name", "error-required");
        check.require(read.row.left.is_none(), "left", "exchange-nobody-left");
        check.require(read.home.is_some(), "address", "error-required");
        if let Err(Error::Invalid(faults)) = check.done() {
            return Ok(Reply::wrong(&read.row.external_id, faults));
        }
        let Some((dwelling, area)) = &read.home else { return Err(Error::NotFound) };
        op.permit("exchange.sync", &Target::at(area))?;
        let home = Home { dwelling: *dwelling, household: None };
        let put = register::add(op, self.news, home, &read.facts, &read.by).await?;
        self.map(op, &read.row, put.id).await?;
        Ok(Reply::of(&read.row, put.id, true, put.verdicts))
    }

    async fn merge(&mut self, op: &mut Op, read: &Read, known: Resident, mapped: bool) -> Result<Reply> {
        op.permit("exchange.sync", &Target::at(read.home.as_ref().map_or(&known.area, |(_, area)| area)))?;
        let seal = Seal::new(self.access);
        let (person, marks) = (known.person(seal)?, known.marks()?);
        // Which person somebody is does not change by what another system says.
        let other =
            |number: &crate::model::IdNumber| read.facts.id_number.value().is_some_and(|n| n != number);
        if person.id_number.as_ref().is_some_and(other) {
            let id = self.agreement.covers(&known.area).then_some(known.id);
            return Ok(Reply::conflict(&read.row, id, Field::IdNumber, "exchange-other-number"));
        }
        let merged = rules::merge(&person, &marks, &read.facts, &read.by);
        if self.clashes(op, seal, &known, &merged).await? {
            return Ok(Reply::conflict(&read.row, None, Field::IdNumber, "household-person-known"));
        }
        let mut verdicts = merged.verdicts.clone();
        if let Some(verdict) = self.moved(op, read, &known, &marks.of(Field::Home)).await? {
            // Whoever lives elsewhere, by a word that weighs more, is not told about.
            if !verdict.stands() && !self.agreement.covers(&known.area) {
                return Ok(Reply::conflict(&read.row, None, Field::Home, "exchange-elsewhere"));
            }
            verdicts.push((Field::Home, verdict));
        }
        if merged.person != person || merged.marks != marks {
            register::correct(op, self.news, known.id, &read.facts, &read.by, None).await?;
        }
        if !mapped {
            self.map(op, &read.row, known.id).await?;
        }
        Ok(Reply::of(&read.row, known.id, false, verdicts))
    }

    /// Moves them in or out if the peer's word weighs more than what is known of where they live.
    async fn moved(
        &mut self,
        op: &mut Op,
        read: &Read,
        known: &Resident,
        mark: &Mark,
    ) -> Result<Option<Verdict>> {
        let verdict = |same: bool| match () {
            () if same => Verdict::Same,
            () if known.dwelling_id.is_none() && read.row.left.is_none() => {
                // They had left: only a word later than the one that said so brings them back.
                if read.by.at > mark.at { Verdict::Taken } else { Verdict::Older }
            }
            () => rules::weigh(mark, &read.by),
        };
        if let Some(reason) = read.row.left {
            let verdict = verdict(known.dwelling_id.is_none());
            if verdict == Verdict::Taken {
                let out = MoveOut { reason, at: read.by.at, destination: None };
                register::move_out(op, self.news, known.id, &out, &read.by).await?;
            }
            return Ok(Some(verdict));
        }
        let Some((dwelling, _)) = &read.home else { return Ok(None) };
        let verdict = verdict(known.dwelling_id == Some(*dwelling));
        if verdict == Verdict::Taken {
            let home = Home { dwelling: *dwelling, household: None };
            register::move_in(op, self.news, known.id, home, &read.by).await?;
        }
        Ok(Some(verdict))
    }

    /// Whether the person would become one with another.
    async fn clashes(&self, op: &mut Op, seal: Seal<'_>, known: &Resident, merged: &Merged) -> Result<bool> {
        let id = merged.person.id_number.as_ref().map(|n| seal.id_hash(n)).transpose()?;
        let phone = merged.person.phone.as_deref().filter(|_| id.is_none());
        let contact = phone.map(|p| seal.contact_hash(p, &merged.person.name)).transpose()?;
        let others: i64 = op
            .tx
            .scalar(
                "SELECT count(*) FROM resident WHERE (id_hash = $1 OR contact_hash = $2) AND id <> $3",
                params![id, contact, known.id],
            )
            .await?;
        Ok(others > 0)
    }

    async fn map(&self, op: &mut Op, row: &Row, id: ResidentId) -> Result<()> {
        op.tx
            .execute(
                "INSERT INTO exchange_external (peer, external_id, resident_id, last_at) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (peer, external_id) DO UPDATE SET resident_id = excluded.resident_id, last_at = excluded.last_at",
                params![&self.agreement.peer, row.external_id.trim(), id, op.now],
            )
            .await?;
        Ok(())
    }
}
