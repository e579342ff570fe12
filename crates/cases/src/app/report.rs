//! 采集: somebody tells us, and gets one number and one secret link.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use linli_access::{Access, Authorise, Purpose, Target};
use linli_grid::{Atlas, AtlasPort, geometry::Wgs84};
use linli_kernel::{
    Actor, AreaCode, Error, Result, Timestamp, actor::OrgId, error::Check, params, person::parse_phone,
};
use linli_store::{District, Op};
use sha2::{Digest, Sha256};

use super::{
    Aftermath, Photo, SealedReporter, TriageDecision,
    act::{signature, tell},
    triage::triage,
};
use crate::{
    model::{CaseId, Filing, Nature, Reported, Source, WhistleLevel, Who},
    rules::{self, HOTLINE_SCOPE, Scene},
    settings::Rulebooks,
    store::{self, Birth, NewPhoto},
};

/// The longest text of a report, in characters.
const TEXT_MAX: usize = 4000;

/// What somebody tells us.
#[derive(Debug, Clone)]
pub struct NewReport {
    /// From where.
    pub source: Source,
    /// What is wanted.
    pub nature: Nature,
    /// One line; the beginning of the text where it is empty.
    pub title: String,
    /// In their words.
    pub text: String,
    /// Category code, if known.
    pub category: Option<String>,
    /// WGS-84 latitude and longitude.
    pub point: Option<(f64, f64)>,
    /// The area, if known; a point inside a grid of it makes it precise.
    pub area: Option<AreaCode>,
    /// Where, in words.
    pub address: String,
    /// Who.
    pub reporter: ReporterInput,
    /// They say that it cannot wait.
    pub urgent: bool,
    /// Stored pictures.
    pub photos: Vec<Photo>,
    /// The case of which this is one task.
    pub parent: Option<CaseId>,
    /// The number that the other system knows it by; once per source.
    pub external: Option<String>,
    /// When it was told, if not now.
    pub reported_at: Option<Timestamp>,
}

/// Who tells us.
#[derive(Debug, Clone, Default)]
pub struct ReporterInput {
    /// Name.
    pub name: Option<String>,
    /// Phone.
    pub phone: Option<String>,
    /// Name and phone are not kept, whatever was typed.
    pub anonymous: bool,
    /// Those who work on the case do not see who it was (隐去身份).
    pub hidden: bool,
}

/// What the reporter takes away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The case.
    pub id: CaseId,
    /// The number to say on the phone.
    pub number: String,
    /// The secret of the tracking link `/t/{token}`; the table keeps only its hash.
    pub token: String,
}

pub(crate) fn token_hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// The secret of a case's tracking link. Not stored, but made again from a key: so that a message can
/// carry the link, a lost link is found by number and phone, and a repeated request answers the same.
pub fn tracking_token(access: &Access, id: CaseId) -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(access.keyring.lookup(Purpose::Reporter, &format!("track/{id}"))?))
}

/// The case of a tracking link.
pub async fn case_of_token(conn: &mut linli_store::Conn, token: &str) -> Result<CaseId> {
    conn.scalar("SELECT id FROM case_file WHERE token_hash = $1", params![token_hash(token)]).await
}

/// The place in the database that a sealed contact belongs to.
pub(crate) fn place(id: CaseId, field: &str) -> String {
    format!("case_file/{id}/{field}")
}

struct Said {
    title: String,
    body: String,
    address: String,
    name: Option<String>,
    phone: Option<String>,
    external: Option<String>,
}

fn check(new: &NewReport, atlas: &Atlas, now: Timestamp) -> Result<Said> {
    let mut check = Check::new();
    let body = check.text("text", &new.text, TEXT_MAX);
    let title = check.optional("title", Some(&new.title), 100).unwrap_or_else(|| {
        let line = body.lines().next().unwrap_or_default();
        line.chars().take(40).collect()
    });
    let address = check.optional("address", Some(&new.address), 200).unwrap_or_default();
    let named = |text: &Option<String>| text.clone().filter(|_| !new.reporter.anonymous);
    let name = check.optional("name", named(&new.reporter.name).as_deref(), 40);
    let typed = check.optional("phone", named(&new.reporter.phone).as_deref(), 30);
    let phone = typed.as_deref().and_then(parse_phone);
    check.require(typed.is_none() || phone.is_some(), "phone", "case-phone-bad");
    let external = check.optional("external", new.external.as_deref(), 64);
    let known = new.category.as_deref().is_none_or(|code| atlas.category(code).is_some_and(|c| c.active));
    check.require(known, "category", "case-category-unknown");
    let placed = new.point.is_none_or(|(lat, lng)| Wgs84::new(lng, lat).is_some());
    check.require(placed, "point", "case-point-bad");
    check.require(new.reported_at.is_none_or(|at| at <= now), "reported_at", "case-time-ahead");
    check.require(new.photos.len() <= linli_web::upload::FILES_LIMIT, "photos", "error-too-many-files");
    check.done()?;
    Ok(Said { title, body, address, name, phone, external })
}

/// The most precise area that is known: the point's grid, if it agrees with what was said.
fn locate(new: &NewReport, atlas: &Atlas, district: &AreaCode) -> Result<AreaCode> {
    let said = match &new.area {
        Some(code) if atlas.area(code).is_some() && district.contains(code) => code,
        Some(_) => return Err(Error::field("area", "case-area-unknown")),
        None => district,
    };
    let found = new.point.and_then(|(lat, lng)| atlas.locate(Wgs84::new(lng, lat)?));
    Ok(found.filter(|grid| said.contains(grid)).unwrap_or(said).clone())
}

/// The public speaks for itself; a system only in its key's area; our own people may report wherever
/// they see something. The hotline's numbers are for who brings its messages in: a case under one of them would make
/// the real message of that number look known.
fn authorise(op: &Op, new: &NewReport, area: &AreaCode, field: &str) -> Result<()> {
    let source = new.source;
    match &op.actor {
        Actor::System => Ok(()),
        Actor::Public if matches!(source, Source::Resident | Source::Rider | Source::Property) => Ok(()),
        Actor::Public => Err(Error::Unauthorised),
        Actor::Client { scopes, .. }
            if source == Source::Hotline && scopes.iter().any(|s| s == HOTLINE_SCOPE) =>
        {
            op.permit_told(HOTLINE_SCOPE, area, field)
        }
        Actor::Client { .. } if source == Source::Hotline => Err(Error::Forbidden("error-forbidden")),
        Actor::Client { .. } => op.permit_told("case.report", area, field),
        Actor::Account { .. } => {
            let policy = &op.district.port::<Access>()?.policy;
            policy.require_somewhere(&op.actor, "case.report")?;
            // A task is a part of a case and takes its source from it.
            if new.parent.is_some() || policy.allows_somewhere(&op.actor, "hotline.import") {
                return Ok(());
            }
            let mut check = Check::new();
            check.require(source != Source::Hotline, "source", "case-hotline-only");
            check.require(new.external.is_none(), "external", "case-hotline-only");
            check.require(new.reported_at.is_none(), "reported_at", "case-hotline-only");
            check.done()
        }
    }
}

/// Whether a report has what it needs, without writing anything: asked before its photos are stored.
///
/// # Errors
/// What is wrong, field by field.
pub fn sound(district: &District, new: &NewReport, now: Timestamp) -> Result<()> {
    let atlas = district.port::<AtlasPort>()?.get();
    check(new, &atlas, now)?;
    locate(new, &atlas, &district.area)?;
    Ok(())
}

/// Opens a case. The caller commits.
pub async fn report(op: &mut Op, new: NewReport) -> Result<Receipt> {
    let atlas = op.district.port::<AtlasPort>()?.get();
    let said = check(&new, &atlas, op.now)?;
    let area = locate(&new, &atlas, &op.district.area)?;
    let by_point = new.area.is_none() && new.point.is_some();
    authorise(op, &new, &area, if by_point { "point" } else { "area" })?;
    if let Some(parent) = new.parent {
        parent_takes(op, parent).await?;
    }
    let id = CaseId(op.uuid());
    let access = op.district.port::<Access>()?;
    let reporter = SealedReporter::seal(&access, id, said.name.as_deref(), said.phone.as_deref())?;
    let filing = Filing {
        id,
        reported: Reported {
            source: new.source,
            nature: new.nature,
            at: new.reported_at.unwrap_or(op.now),
            anonymous: new.reporter.anonymous || (said.name.is_none() && said.phone.is_none()),
            reachable: said.phone.is_some(),
            hidden_identity: new.reporter.hidden,
        },
        area,
        category: new.category,
        urgent: new.urgent,
        parent: new.parent,
    };
    let books = op.district.port::<Rulebooks>()?;
    let book = books.get(&mut *op.tx.before().await?).await?;
    let scene = Scene {
        now: op.now,
        calendar: &book.calendar,
        rules: &book.rules,
        chain: store::chain(&atlas, &filing.area)?,
        photo_required: false,
    };
    let changes = rules::report(filing, Who::from(&op.actor), &scene);
    let token = tracking_token(&access, id)?;
    // The number comes last: from here to the commit nobody else gets one.
    let number = op.next_number("").await?;
    let birth = Birth {
        number: number.clone(),
        external: said.external,
        title: said.title,
        body: said.body,
        address: said.address,
        point: new.point,
        reported_by: op.actor.account(),
        reporter,
        token_hash: token_hash(&token),
    };
    let actor = op.actor.clone();
    let by = signature(&actor, &changes.case, matches!(actor, Actor::Public));
    let seq = store::open(&mut op.tx, &changes, birth, &by, op.now).await?;
    for photo in &new.photos {
        let row = NewPhoto {
            id: op.uuid(),
            seq,
            work: false,
            full: &photo.full,
            small: &photo.small,
            public: true,
        };
        store::add_photo(&mut op.tx, id, row, op.now).await?;
    }
    tell(op, &Aftermath { number: &number, first: 0, changes: &changes }).await?;
    Ok(Receipt { id, number, token })
}

/// A case takes tasks while it is open, and a task has no tasks of its own.
async fn parent_takes(op: &mut Op, parent: CaseId) -> Result<()> {
    let case = store::load(&mut op.tx, parent).await?.case()?;
    let target_orgs = store::orgs(&case);
    op.permit("case.task_add", &Target { area: &case.area, orgs: &target_orgs })?;
    if case.state.is_over() || case.parent.is_some() {
        return Err(Error::Conflict("case-takes-no-task"));
    }
    Ok(())
}

/// A part of the work of a case, for one organisation; the reporter sees only the whole.
#[derive(Debug, Clone)]
pub struct NewTask {
    /// One line.
    pub title: String,
    /// What is to be done.
    pub text: String,
    /// By whom.
    pub lead: OrgId,
}

/// Gives a part of a case to an organisation as a case of its own (内部任务). The caller commits.
pub async fn add_task(op: &mut Op, parent: CaseId, task: NewTask) -> Result<Receipt> {
    let record = store::load(&mut op.tx, parent).await?;
    let point = record.lat.zip(record.lng);
    let address = record.address.clone();
    let receipt = report(
        op,
        NewReport {
            source: record.source,
            nature: record.nature,
            title: task.title,
            text: task.text,
            category: record.category.clone(),
            point,
            area: Some(record.area.clone()),
            address,
            reporter: ReporterInput { anonymous: true, ..ReporterInput::default() },
            urgent: false,
            photos: Vec::new(),
            parent: Some(parent),
            external: None,
            reported_at: None,
        },
    )
    .await?;
    let atlas = op.district.port::<AtlasPort>()?.get();
    let own = store::chain(&atlas, &record.area)?.at(crate::model::Level::of_area(record.area.level()));
    let whistle = if task.lead == own { WhistleLevel::Regular } else { WhistleLevel::Joint };
    let decision =
        TriageDecision { category: None, whistle, lead: task.lead, assisting: Vec::new(), note: None };
    triage(op, receipt.id, decision).await?;
    op.tx.execute("UPDATE case_file SET updated_at = $2 WHERE id = $1", params![parent, op.now]).await?;
    op.announce("case", record.area.as_str(), parent);
    Ok(receipt)
}
