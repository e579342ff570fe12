//! The hotline's own system sends a message over the interface: one case per number, however often it is
//! sent, and the state of a message by its number.

use linli_access::Access;
use linli_kernel::{AreaCode, Result, Timestamp, error::Check, params};
use linli_store::{Conn, Op};
use serde::{Deserialize, Serialize};

use super::{
    known::{self, Note},
    sheets::{self, Answer},
};
use crate::{
    app::{self, NewReport, Receipt, ReporterInput},
    model::{Nature, Source},
};

/// A message as it is pushed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pushed {
    /// The hotline's own number.
    pub number: String,
    /// One line; the beginning of the text where it is absent.
    #[serde(default)]
    pub title: String,
    /// In the citizen's words.
    pub text: String,
    /// When it was told; now where it is absent.
    pub reported_at: Option<Timestamp>,
    /// What is wanted.
    #[serde(default = "complaint")]
    pub nature: Nature,
    /// Category code of ours.
    pub category: Option<String>,
    /// Area code.
    pub area: Option<AreaCode>,
    /// Where, in words.
    #[serde(default)]
    pub address: String,
    /// WGS-84.
    pub lat: Option<f64>,
    /// WGS-84.
    pub lng: Option<f64>,
    /// Who.
    pub reporter_name: Option<String>,
    /// Their phone.
    pub reporter_phone: Option<String>,
    /// Those who work on it do not see who it was.
    #[serde(default)]
    pub hidden: bool,
    /// It cannot wait.
    #[serde(default)]
    pub urgent: bool,
}

const fn complaint() -> Nature {
    Nature::Complaint
}

/// What the hotline's system hears of a message.
#[derive(Debug, Clone, Serialize)]
pub struct Heard {
    /// The hotline's number.
    pub number: String,
    /// Our number.
    pub case: String,
    /// The state's code.
    pub state: crate::model::CaseState,
    /// The state in plain words.
    pub state_words: String,
    /// The case with which it was merged: state, lead and reply are that one's.
    pub together_with: Option<String>,
    /// Who leads.
    pub lead: String,
    /// The reply, once there is one.
    pub reply: Option<String>,
    /// When it was told.
    pub reported_at: Timestamp,
    /// Last changed.
    pub updated_at: Timestamp,
    /// Over since then.
    pub ended_at: Option<Timestamp>,
}

impl Heard {
    /// Puts an answer into words.
    pub fn of(number: &str, answer: Answer, atlas: &linli_grid::Atlas, locale: &linli_web::Locale) -> Self {
        Self {
            state_words: answer.state_words(locale),
            lead: atlas.org_name(answer.lead).to_owned(),
            reply: answer.reply(),
            number: number.to_owned(),
            together_with: answer.together_with,
            case: answer.number,
            state: answer.state,
            reported_at: answer.reported_at,
            updated_at: answer.updated_at,
            ended_at: answer.ended_at,
        }
    }
}

/// Takes a message in. Answers nothing where its number is here already. The caller commits.
pub async fn take(op: &mut Op, pushed: Pushed) -> Result<Option<Receipt>> {
    let mut check = Check::new();
    let number = check.text("number", &pushed.number, 60);
    check.require(!number.chars().any(char::is_whitespace), "number", "hotline-number-bad");
    check.require(pushed.lat.is_some() == pushed.lng.is_some(), "lng", "error-required");
    check.done()?;
    let here = known::known(&mut op.tx, &[&number]).await?;
    if !here.under(&number).is_empty() {
        return Ok(None);
    }
    let external =
        if here.is_free(&number) { number.clone() } else { known::free(&mut op.tx, &number).await? };
    let reported_at = pushed.reported_at.unwrap_or(op.now);
    let report = NewReport {
        source: Source::Hotline,
        nature: pushed.nature,
        title: pushed.title,
        text: pushed.text,
        category: pushed.category,
        point: pushed.lat.zip(pushed.lng),
        area: pushed.area,
        address: pushed.address,
        reporter: ReporterInput {
            anonymous: pushed.reporter_name.is_none() && pushed.reporter_phone.is_none(),
            name: pushed.reporter_name,
            phone: pushed.reporter_phone,
            hidden: pushed.hidden,
        },
        urgent: pushed.urgent,
        photos: Vec::new(),
        parent: None,
        external: Some(external),
        reported_at: Some(reported_at),
    };
    let receipt = app::report(op, report).await?;
    let entries: i64 =
        op.tx.scalar("SELECT entries FROM case_file WHERE id = $1", params![receipt.id]).await?;
    let note = Note {
        case: receipt.id,
        number: &number,
        at: reported_at,
        brought_by: None,
        fingerprint: None,
        seen_by: None,
        entries,
    };
    known::remember(&mut op.tx, note).await?;
    Ok(Some(receipt))
}

/// The state of a message, for a system that may push there.
pub async fn status(
    conn: &mut Conn,
    access: &Access,
    actor: &linli_kernel::Actor,
    number: &str,
) -> Result<Answer> {
    access.policy.require_somewhere(actor, "hotline.push")?;
    let scope = access.policy.scope(actor, "hotline.push");
    sheets::answer_for(conn, &scope, number.trim()).await
}
