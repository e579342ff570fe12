//! Cases that already happened: a demo district's half year, or the files of an older system. Decided
//! step by step by the same rules, at the times when it happened, and written as one change.

use linli_access::Access;
use linli_grid::AtlasPort;
use linli_kernel::{Actor, Error, Result, Timestamp};
use linli_store::{Op, counter};
use serde_json::json;

use super::{
    SealedReporter,
    act::{self, signature},
    token_hash,
};
use crate::{
    model::{Case, Command, Filing, Who},
    rules::{self, Entry, Scene, Standing},
    settings::{Rulebook, Rulebooks},
    store::{self, Birth, Line, Signature},
};

/// A case and all that happened to it.
#[derive(Debug, Clone)]
pub struct Past {
    /// How it began.
    pub filing: Filing,
    /// Who brought it in.
    pub by: Actor,
    /// One line.
    pub title: String,
    /// In the reporter's words.
    pub text: String,
    /// Where, in words.
    pub address: String,
    /// WGS-84 latitude and longitude.
    pub point: Option<(f64, f64)>,
    /// Name and phone, if they are known.
    pub reporter: Option<(String, String)>,
    /// The number of the system that it came from.
    pub external: Option<String>,
    /// What happened, in order of time.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// Who; [`Actor::Public`] is the reporter.
    pub by: Actor,
    /// What.
    pub command: Command,
}

fn stand(by: &Actor, case: &Case) -> Standing {
    match by {
        Actor::System => Standing::system(),
        other => rules::standing(other, case, matches!(other, Actor::Public)),
    }
}

fn scene<'a>(
    at: Timestamp,
    book: &'a Rulebook,
    atlas: &linli_grid::Atlas,
    case: &Case,
    command: Option<&Command>,
) -> Result<Scene<'a>> {
    let area = if let Some(Command::Locate { area }) = command { area } else { &case.area };
    let category = case.category.as_deref().and_then(|code| atlas.category(code));
    Ok(Scene {
        now: at,
        calendar: &book.calendar,
        rules: &book.rules,
        chain: store::chain(atlas, area)?,
        photo_required: category.is_some_and(|c| c.photo_required),
    })
}

/// Writes one past case, as the system itself. Nobody is told, no clock is raised: it is over or the
/// jobs will look at it. The caller commits.
pub async fn record(op: &mut Op, past: Past) -> Result<()> {
    if op.actor != Actor::System {
        return Err(Error::Forbidden("error-forbidden"));
    }
    let atlas = op.district.port::<AtlasPort>()?.get();
    let book = op.district.port::<Rulebooks>()?.get(&mut op.tx).await?;
    let access = op.district.port::<Access>()?;
    let (id, began) = (past.filing.id, past.filing.reported.at);
    let name = past.reporter.as_ref().map(|r| r.0.as_str());
    let phone = past.reporter.as_ref().map(|r| r.1.as_str());

    let first_scene = Scene {
        now: began,
        calendar: &book.calendar,
        rules: &book.rules,
        chain: store::chain(&atlas, &past.filing.area)?,
        photo_required: false,
    };
    let born = rules::report(past.filing, Who::from(&past.by), &first_scene);
    let prefix = op.district.prefix.clone();
    let birth = Birth {
        number: counter::next_number_inside(&mut op.tx, &prefix, began).await?,
        external: past.external,
        title: past.title,
        body: past.text,
        address: past.address,
        point: past.point,
        reported_by: past.by.account(),
        reporter: SealedReporter::seal(&access, id, name, phone)?,
        token_hash: token_hash(&op.uuid().to_string()),
    };
    let number = birth.number.clone();
    store::insert(&mut op.tx, &born.case, birth, began).await?;
    let first = signature(&past.by, &born.case, matches!(past.by, Actor::Public));
    let mut told: Vec<(Vec<Entry>, Signature<'_>, Timestamp)> = vec![(born.entries, first, began)];
    let (mut case, mut at) = (born.case.clone(), began);
    for step in &past.steps {
        let standing = stand(&step.by, &case);
        let scene = scene(step.at, &book, &atlas, &case, Some(&step.command))?;
        let changes = rules::decide(&case, &step.command, &standing, &scene)?;
        let by = signature(&step.by, &case, matches!(step.by, Actor::Public));
        told.push((changes.entries, by, step.at));
        act::keep_call(op, id, &step.command, step.at).await?;
        (case, at) = (changes.case, step.at);
    }
    let lines: Vec<Line<'_>> = told
        .iter()
        .flat_map(|(entries, by, at)| entries.iter().map(|entry| Line { entry, by, at: *at }))
        .collect();
    store::add_lines(&mut op.tx, id, 0, &lines).await?;
    store::save(&mut op.tx, &born.case, &case, at).await?;
    op.log(linli_store::Entry {
        action: "case.record",
        subject: "case",
        subject_id: id.to_string(),
        area: case.area.clone(),
        detail: json!({ "number": number, "steps": past.steps.len(), "state": case.state }),
    })
    .await
}
