//! All that is known of one person, for themselves (个人信息副本): as JSON, and as a table for people.

use linli_access::{Access, log};
use linli_kernel::{Result, Timestamp, params};
use linli_store::Conn;
use linli_web::Locale;
use serde::Serialize;

use crate::{
    exchange::agreement::{self, AgreementId},
    model::{Basis, CareKind, Field, Leaving, Relation, ResidentId, ResidentState, Source},
    store::{Seal, care, people, places},
};

/// One field with where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Known {
    /// Which.
    pub field: Field,
    /// What is known.
    pub value: Option<String>,
    /// Who said it.
    pub source: Source,
    /// When it was last confirmed.
    pub confirmed_at: Timestamp,
    /// Whether somebody has checked it.
    pub verified: bool,
}

/// A stay that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lived {
    /// Where.
    pub address: String,
    /// As what.
    pub relation: Relation,
    /// From.
    pub since: Timestamp,
    /// Until.
    pub until: Timestamp,
    /// Why it ended.
    pub reason: Leaving,
}

/// A mark of care.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cared {
    /// What care.
    pub kind: CareKind,
    /// On what basis.
    pub basis: Basis,
    /// The consent's version, or the rule.
    pub basis_note: String,
    /// Until when.
    pub until: Timestamp,
}

/// One look or change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Looked {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What they did.
    pub action: String,
    /// How, and why.
    pub detail: String,
}

/// With whom it was shared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shared {
    /// The agreement.
    pub agreement: AgreementId,
    /// Its name.
    pub name: String,
    /// What for.
    pub purpose: String,
    /// For the first time.
    pub first_at: Timestamp,
    /// For the last time.
    pub last_at: Timestamp,
}

/// The whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Copy {
    /// When it was made.
    pub made_at: Timestamp,
    /// The person's number in the register.
    pub id: ResidentId,
    /// Whether they live here.
    pub state: ResidentState,
    /// Where.
    pub address: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// The fields.
    pub fields: Vec<Known>,
    /// Where they lived before.
    pub stays: Vec<Lived>,
    /// Marks of care.
    pub care: Vec<Cared>,
    /// Who looked and who changed what.
    pub log: Vec<Looked>,
    /// With whom it was shared.
    pub shared: Vec<Shared>,
}

/// Rows of the log that one copy holds.
const LOG: i64 = 5000;

/// Everything of one person. Who asks has been authorised, or has proved to be that person.
pub async fn copy(conn: &mut Conn, access: &Access, id: ResidentId, now: Timestamp) -> Result<Copy> {
    let row = people::get(conn, id).await?;
    let (person, marks) = (row.person(Seal::new(access))?, row.marks()?);
    let mut homes: Vec<_> = row.dwelling_id.into_iter().collect();
    let stays = people::stays(conn, id).await?;
    homes.extend(stays.iter().map(|s| s.dwelling_id));
    homes.sort_unstable();
    homes.dedup();
    let homes = places::whereabouts(conn, &homes).await?;
    let address = |home| {
        homes.iter().find(|(id, ..)| *id == home).map(|(_, _, address)| address.clone()).unwrap_or_default()
    };
    let values = [
        (Field::Name, Some(person.name.clone())),
        (Field::Sex, Some(person.sex.to_string())),
        (Field::Birth, person.birth.map(|day| day.to_string())),
        (Field::IdNumber, person.id_number.as_ref().map(|n| n.as_str().to_owned())),
        (Field::Phone, person.phone.clone()),
        (Field::Relation, Some(person.relation.to_string())),
        (Field::Residence, Some(person.residence.to_string())),
        (Field::Home, row.dwelling_id.map(address)),
    ];
    let known = |(field, value)| {
        let mark = marks.of(field);
        Known { field, value, source: mark.source, confirmed_at: mark.at, verified: mark.verified }
    };
    let cared = care::of_resident(conn, id, now).await?.into_iter();
    let shared = agreement::told_of(conn, &[id]).await?.into_iter();
    let log: Vec<Looked> = conn
        .all(
            "SELECT at, actor, action, detail FROM activity WHERE subject = 'resident' AND subject_id = $1 ORDER BY id DESC LIMIT $2",
            params![id.to_string(), LOG],
        )
        .await?;
    Ok(Copy {
        made_at: now,
        id,
        state: row.state,
        address: row.dwelling_id.map(address),
        since: row.since,
        fields: values.into_iter().map(known).collect(),
        stays: stays
            .iter()
            .map(|s| Lived {
                address: address(s.dwelling_id),
                relation: s.relation,
                since: s.since,
                until: s.until,
                reason: s.reason,
            })
            .collect(),
        care: cared
            .map(|m| Cared { kind: m.kind, basis: m.basis, basis_note: m.basis_note, until: m.expires_at })
            .collect(),
        log,
        shared: shared
            .map(|t| Shared {
                agreement: t.agreement_id,
                name: t.name,
                purpose: t.purpose,
                first_at: t.first_at,
                last_at: t.last_at,
            })
            .collect(),
    })
}

impl Copy {
    /// As a table that a spreadsheet opens: what, value, who said it or did it, when.
    pub fn table(&self, locale: &Locale, access: &Access) -> Vec<[String; 4]> {
        let t = |key: &str| locale.t(key);
        let word = |list: &str, code: &str| t(&format!("household-{list}-{}", code.replace('_', "-")));
        let mut rows = vec![["what", "value", "by", "at"].map(|name| t(&format!("privacy-copy-{name}")))];
        for known in &self.fields {
            let value = known.value.clone().unwrap_or_default();
            let value = match known.field {
                Field::Sex => word("sex", &value),
                Field::Relation => word("relation", &value),
                Field::Residence => word("residence", &value),
                _ => value,
            };
            let source = word("source", known.source.as_str());
            rows.push([word("field", known.field.as_str()), value, source, known.confirmed_at.cell()]);
        }
        for stay in &self.stays {
            let time = format!("{} – {}", stay.since.cell(), stay.until.cell());
            rows.push([
                t("privacy-copy-stay"),
                stay.address.clone(),
                word("leaving", stay.reason.as_str()),
                time,
            ]);
        }
        for mark in &self.care {
            let basis = format!("{} {}", word("basis", mark.basis.as_str()), mark.basis_note);
            rows.push([t("privacy-copy-care"), word("care", mark.kind.as_str()), basis, mark.until.cell()]);
        }
        for shared in &self.shared {
            let what = format!("{} · {}", shared.name, shared.purpose);
            rows.push([t("privacy-copy-shared"), what, String::new(), shared.last_at.cell()]);
        }
        for look in &self.log {
            let what = log::act(locale, access, &look.action);
            rows.push([t("privacy-copy-log"), what, log::actor(locale, &look.actor), look.at.cell()]);
        }
        rows
    }
}

/// The table as a file that Excel opens.
///
/// # Errors
/// Our own fault only.
pub fn csv<R: AsRef<[String]>>(rows: &[R]) -> Result<Vec<u8>> {
    linli_web::sheet::csv::<&str, _, _>(&[], rows.iter().map(AsRef::as_ref))
}
