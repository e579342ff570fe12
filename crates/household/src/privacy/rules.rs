//! The table: one rule for each group of fields.

use linli_access::{Authorise as _, Target};
use linli_kernel::{Error, Result, Timestamp, error::Check, time::DAY_MS};
use linli_store::{Conn, District, Entry, Op, settings};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Steward, all};
use crate::model::Basis;

const KEY: &str = "privacy_rules";

/// Why, on what basis and how long a group of fields is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The group of fields.
    pub fields: String,
    /// What for, where it was written anew; else the shipped words.
    pub purpose: Option<String>,
    /// On what basis.
    pub basis: Basis,
    /// The law or document, where it was written anew; else the shipped words.
    pub basis_note: Option<String>,
    /// Days, counted from what the group's steward counts from.
    pub days: i64,
}

impl Rule {
    /// As it is shipped.
    fn of(steward: &Steward) -> Self {
        Self {
            fields: steward.fields.to_owned(),
            purpose: None,
            basis: steward.basis,
            basis_note: None,
            days: steward.days,
        }
    }

    /// What lies before this is over.
    pub fn cutoff(&self, now: Timestamp) -> Timestamp {
        Timestamp::from_millis(now.millis() - self.days * DAY_MS)
    }
}

/// The rules of all groups, as they are now.
pub async fn rules(conn: &mut Conn, stewards: &[Steward]) -> Result<Vec<Rule>> {
    let saved: Vec<Rule> = settings::get(conn, KEY).await?.unwrap_or_default();
    let of = |steward: &Steward| {
        let own = saved.iter().find(|rule| rule.fields == steward.fields);
        own.cloned().unwrap_or_else(|| Rule::of(steward))
    };
    Ok(stewards.iter().map(of).collect())
}

/// The rule of one group.
pub async fn rule(conn: &mut Conn, stewards: &[Steward], fields: &str) -> Result<Rule> {
    rules(conn, stewards).await?.into_iter().find(|r| r.fields == fields).ok_or(Error::NotFound)
}

/// For how many days a group of the register's own is kept: for the sentence that residents read.
pub async fn days(conn: &mut Conn, district: &District, fields: &str) -> Result<i64> {
    Ok(rule(conn, &all(district), fields).await?.days)
}

/// Saves the rule of one group. The caller commits.
pub async fn save(op: &mut Op, rule: Rule) -> Result<()> {
    op.permit("privacy.manage", &Target::at(&op.district.area))?;
    let stewards = all(&op.district);
    let steward = stewards.iter().find(|s| s.fields == rule.fields).ok_or(Error::NotFound)?;
    let mut check = Check::new();
    let purpose = check.optional("purpose", rule.purpose.as_deref(), 300);
    let basis_note = check.optional("basis_note", rule.basis_note.as_deref(), 200);
    if steward.most == 0 {
        // Kept as long as what it is of: there are no days to choose, and a duty does not become a choice.
        check.require(rule.days == 0, "days", "privacy-days-bad");
        check.require(rule.basis == steward.basis, "basis", "privacy-basis-fixed");
    } else {
        check.require((1..=steward.most).contains(&rule.days), "days", "privacy-days-bad");
    }
    check.done()?;
    let rule = Rule { purpose, basis_note, ..rule };
    // Only what was changed is written: of the others a later release may ship shorter times.
    let (now, new) = (op.now, rule.clone());
    let mut before = Rule::of(steward);
    settings::change(&mut op.tx, KEY, now, |saved: &mut Vec<Rule>| {
        match saved.iter_mut().find(|kept| kept.fields == new.fields) {
            Some(kept) => before = std::mem::replace(kept, new),
            None => saved.push(new),
        }
        Ok(())
    })
    .await?;
    let area = op.district.area.clone();
    let subject_id = rule.fields.clone();
    let detail = json!({ "from": before, "to": rule });
    op.log(Entry { action: "privacy.manage", subject: "privacy_rule", subject_id, area, detail }).await
}
