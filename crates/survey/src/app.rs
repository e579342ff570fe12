//! The use cases: bring a form, publish it, withdraw it, answer it. The caller commits.

use linli_access::{Access, Authorise as _, Purpose, Target};
use linli_forms::{Engine, Fault, Form, Instance, Kind, Now, Reading, xform};
use linli_kernel::{AreaCode, Error, FieldError, Result, Timestamp, hex};
use linli_store::{Conn, Entry, Op};
use md5::{Digest as _, Md5};
use serde_json::json;
use uuid::Uuid;

use crate::{
    events::{ANSWERED, Answered, AnswersWanted},
    model::{Answer, AnswerId, Photo, Source, State, Survey, SurveyId, Version, VersionId},
    place::{self, At},
    store,
};

/// The most photos of one filled-in form.
pub const PHOTOS: usize = 60;

fn entry(action: &'static str, survey: &Survey, detail: serde_json::Value) -> Entry {
    let subject_id = survey.id.to_string();
    Entry { action, subject: "survey", subject_id, area: survey.area.clone(), detail }
}

/// The instant as forms see it: China's wall clock.
pub const fn now_of(at: Timestamp) -> Now {
    Now { local_ms: at.millis() + linli_kernel::time::CHINA_MS, offset: 480 }
}

/// A file that was read without a mistake.
pub struct NewVersion {
    /// Whose form it is.
    pub area: AreaCode,
    /// The form that this is a new version of; its `form_id` must not change.
    pub of: Option<SurveyId>,
    /// The file's name.
    pub file_name: String,
    /// The file.
    pub file: Vec<u8>,
    /// What was read.
    pub reading: Reading,
}

/// Keeps a form that was read, as a draft or as a further version.
pub async fn keep(op: &mut Op, new: NewVersion) -> Result<(SurveyId, VersionId)> {
    let Some(mut form) = new.reading.form else { return Err(Error::field("file", "survey-file-wrong")) };
    let known = match new.of {
        Some(id) => Some(store::locked(&mut op.tx, id).await?),
        None => store::by_name(&mut op.tx, &form.id).await?,
    };
    let survey = match known {
        Some(survey) => {
            op.permit("survey.edit", &Target::at(&survey.area)).map_err(|_| taken(&form.id))?;
            if survey.name != form.id {
                let error = FieldError::new("file", "survey-other-form");
                return Err(Error::Invalid(vec![error.with("given", &form.id).with("wanted", &survey.name)]));
            }
            survey
        }
        None => begin(op, &new.area, &form).await?,
    };
    let versions = store::versions(&mut op.tx, survey.id).await?;
    let number = versions.first().map_or(0, |v| v.number) + 1;
    if form.version.is_empty() {
        form.version = number.to_string();
    }
    if versions.iter().any(|v| v.version == form.version) {
        let error = FieldError::new("file", "survey-version-taken").with("version", &form.version);
        return Err(Error::Invalid(vec![error]));
    }
    let questions = form.nodes.iter().filter(|node| node.kind.is_asked()).count();
    let version = Version {
        id: VersionId(op.uuid()),
        survey: survey.id,
        number,
        version: form.version.clone(),
        title: form.title.clone(),
        file_name: new.file_name,
        definition: serde_json::to_string(&form).map_err(Error::internal)?,
        problems: serde_json::to_string(&new.reading.problems).map_err(Error::internal)?,
        questions: i64::try_from(questions).unwrap_or(i64::MAX),
        md5: hex(Md5::digest(xform::write(&form).as_bytes())),
        created_by: op.actor.name().to_owned(),
        created_at: op.now,
        published_at: None,
    };
    store::insert_version(&mut op.tx, &version, new.file).await?;
    let touched = Survey { updated_at: op.now, ..survey };
    store::update(&mut op.tx, &touched).await?;
    let detail = json!({ "version": version.version, "questions": questions });
    op.log(entry("survey.edit", &touched, detail)).await?;
    Ok((touched.id, version.id))
}

fn taken(name: &str) -> Error {
    Error::Invalid(vec![FieldError::new("file", "survey-id-taken").with("name", name)])
}

async fn begin(op: &mut Op, area: &AreaCode, form: &Form) -> Result<Survey> {
    op.permit("survey.edit", &Target::at(area))?;
    let survey = Survey {
        id: SurveyId(op.uuid()),
        area: area.clone(),
        name: form.id.clone(),
        title: form.title.clone(),
        state: State::Draft,
        current: None,
        created_by: op.actor.name().to_owned(),
        created_at: op.now,
        updated_at: op.now,
    };
    store::insert(&mut op.tx, &survey).await?;
    Ok(survey)
}

/// Asks a version from now on.
pub async fn publish(op: &mut Op, id: SurveyId, version: VersionId) -> Result<()> {
    let survey = store::locked(&mut op.tx, id).await?;
    op.permit("survey.edit", &Target::at(&survey.area))?;
    let version = store::version(&mut op.tx, id, version).await?;
    store::set_published(&mut op.tx, version.id, op.now).await?;
    let next = Survey {
        state: State::Published,
        current: Some(version.id),
        title: version.title.clone(),
        updated_at: op.now,
        ..survey
    };
    store::update(&mut op.tx, &next).await?;
    op.log(entry("survey.publish", &next, json!({ "version": version.version }))).await?;
    op.announce("survey", next.area.as_str(), next.id);
    Ok(())
}

/// Asks it no more. What was answered stays.
pub async fn withdraw(op: &mut Op, id: SurveyId) -> Result<()> {
    let survey = store::locked(&mut op.tx, id).await?;
    op.permit("survey.edit", &Target::at(&survey.area))?;
    if survey.state != State::Published {
        return Err(Error::Conflict("survey-not-published"));
    }
    let next = Survey { state: State::Withdrawn, updated_at: op.now, ..survey };
    store::update(&mut op.tx, &next).await?;
    op.log(entry("survey.withdraw", &next, json!({}))).await?;
    op.announce("survey", next.area.as_str(), next.id);
    Ok(())
}

/// Where answers come from.
#[derive(Debug, Clone)]
pub struct Given {
    /// The form.
    pub survey: SurveyId,
    /// The version that was asked.
    pub version: VersionId,
    /// What the device calls this filled-in form.
    pub instance: String,
    /// At which home.
    pub dwelling: At,
    /// On which visit.
    pub visit: Option<Uuid>,
    /// How it came.
    pub source: Source,
    /// The answers.
    pub answers: Instance,
    /// The photos that came with them.
    pub photos: Vec<Photo>,
}

/// What became of answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// They are kept.
    Kept(AnswerId),
    /// They were kept before; photos that were missing then were added.
    Known(AnswerId),
}

/// Why answers are not kept.
#[derive(Debug)]
pub enum Refused {
    /// Some are wrong; the form says where.
    Faults(Box<Form>, Vec<Fault>),
    /// Anything else.
    Error(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// A version that is asked, or was when the device loaded it.
pub async fn asked(conn: &mut Conn, survey: SurveyId, version: VersionId) -> Result<(Survey, Version, Form)> {
    let found = store::survey(conn, survey).await?;
    let version = store::version(conn, survey, version).await?;
    if version.published_at.is_none() {
        return Err(Error::NotFound);
    }
    let form = read_form(&version)?;
    Ok((found, version, form))
}

/// The form of a version.
pub fn read_form(version: &Version) -> Result<Form> {
    serde_json::from_str(&version.definition).map_err(Error::internal)
}

/// Keeps answers: once, whatever is sent how often.
pub async fn answer(op: &mut Op, given: Given) -> Result<Outcome, Refused> {
    let (survey, version, form) = asked(&mut op.tx, given.survey, given.version).await?;
    let instance = given.instance.trim().to_owned();
    if instance.is_empty() || instance.chars().count() > 200 {
        return Err(Error::field("instance", "survey-no-instance").into());
    }
    let spot = place::spot(op, &survey, &given.dwelling).await?;
    let (area, dwelling) = (spot.area, spot.dwelling);
    let said = said(op, &survey, &instance, &form, &given.answers)?;
    if let Some(known) = store::answer_of(&mut op.tx, survey.id, &instance).await? {
        // Only whoever may answer there learns that it is there.
        op.permit("survey.fill", &Target::at(&known.area))?;
        // An app that sends other answers under the same name must not be told that they have arrived. Our own pages
        // fill in times as they go, and name what they send by themselves.
        let other = known.said.as_ref().is_some_and(|before| *before != said);
        if other && given.source == Source::OpenRosa {
            return Err(Error::Conflict("survey-app-other").into());
        }
        let form = if known.version == version.id { form } else { form_of(&mut op.tx, &known).await? };
        let kept = open(op, &known, &form)?;
        attach(op, known.id, &form, &kept, given.photos).await?;
        return Ok(Outcome::Known(known.id));
    }
    // A form that was withdrawn meanwhile still takes what was filled in off line.
    if survey.state != State::Published && given.source == Source::Web {
        return Err(Error::Conflict("survey-not-published").into());
    }
    let engine = Engine::new(&form, instant(op.now, &form, &given.answers), form.default_language);
    let mut answers = given.answers;
    if given.source == Source::Web {
        let (name, installation) = (op.actor.name().to_owned(), installation(op)?);
        engine.properties(&mut answers, |word| match word {
            "username" => Some(name.clone()),
            "deviceid" => Some(installation.clone()),
            _ => None,
        });
        engine.finish(&mut answers);
    }
    engine.recompute(&mut answers);
    let faults = engine.faults(&answers);
    if !faults.is_empty() {
        return Err(Refused::Faults(Box::new(form), faults));
    }
    let id = AnswerId(op.uuid());
    let plain = serde_json::to_vec(&answers.to_json(&form)).map_err(Error::internal)?;
    let sealed = op.district.port::<Access>()?.keyring.seal(Purpose::Resident, &seal_place(id), &plain)?;
    let row = Answer {
        id,
        survey: survey.id,
        version: version.id,
        instance,
        area: area.clone(),
        dwelling,
        visit: given.visit,
        source: given.source,
        sealed,
        said: Some(said),
        named: spot.lost.map(|named| place::seal(op, id, &named)).transpose()?,
        created_by: op.actor.name().to_owned(),
        created_at: op.now,
    };
    if !store::insert_answer(&mut op.tx, &row).await? {
        // Somebody was faster with the same: on PostgreSQL it is visible only now.
        return Err(Error::Conflict("error-exists").into());
    }
    attach(op, id, &form, &answers, given.photos).await?;
    let detail = json!({ "survey": survey.name, "version": version.version, "source": given.source, "dwelling": dwelling, "visit": given.visit });
    let subject_id = id.to_string();
    op.log(Entry { action: "survey.fill", subject: "survey_answer", subject_id, area: area.clone(), detail })
        .await?;
    if op.district.ports.get::<AnswersWanted>().is_some() {
        let news =
            Answered { answer: id, survey: survey.id, area: area.to_string(), dwelling, visit: given.visit };
        op.emit(ANSWERED, &news).await?;
    }
    op.announce("survey", area.as_str(), id);
    Ok(Outcome::Kept(id))
}

/// What our own pages call the device: this installation, the same for good and random elsewhere.
fn installation(op: &Op) -> Result<String> {
    let place = format!("survey_installation/{}", op.district.area);
    let bytes = op.district.port::<Access>()?.keyring.lookup(Purpose::Resident, &place)?;
    Ok(bytes.iter().take(8).fold("linli:".to_owned(), |text, byte| format!("{text}{byte:02x}")))
}

/// By what the same answers are known when they come again; it says nothing of them without the key.
fn said(op: &Op, survey: &Survey, instance: &str, form: &Form, answers: &Instance) -> Result<Vec<u8>> {
    let plain = serde_json::to_string(&answers.to_json(form)).map_err(Error::internal)?;
    let place = format!("survey_answer/{}/{instance}/{plain}", survey.id);
    op.district.port::<Access>()?.keyring.lookup(Purpose::Resident, &place)
}

fn seal_place(id: AnswerId) -> String {
    format!("survey_answer:{id}")
}

/// The instant of answering: what the form itself noted, so that `. <= today()` means the day of the visit.
fn instant(now: Timestamp, form: &Form, answers: &Instance) -> Now {
    let noted = [Kind::End, Kind::Start].into_iter().find_map(|kind| {
        let id = form.nodes.iter().position(|node| node.kind == kind && node.repeats.is_empty())?;
        match linli_forms::Value::of_answer(kind, answers.value(id, &[]), 480) {
            linli_forms::Value::Moment(local_ms, offset) => Some(Now { local_ms, offset }),
            _ => None,
        }
    });
    noted.unwrap_or(now_of(now))
}

async fn form_of(conn: &mut Conn, answer: &Answer) -> Result<Form> {
    read_form(&store::version(conn, answer.survey, answer.version).await?)
}

/// The answers of a row.
pub fn open_with(access: &Access, answer: &Answer, form: &Form) -> Result<Instance> {
    let plain = access.keyring.open(Purpose::Resident, &seal_place(answer.id), &answer.sealed)?;
    let json = serde_json::from_slice(&plain).map_err(Error::internal)?;
    let mut instance = Instance::from_json(form, &json);
    Engine::new(form, instant(answer.created_at, form, &instance), form.default_language)
        .recompute(&mut instance);
    Ok(instance)
}

fn open(op: &Op, answer: &Answer, form: &Form) -> Result<Instance> {
    open_with(&*op.district.port::<Access>()?, answer, form)
}

/// Keeps the photos that the answers name; others are left out.
async fn attach(
    op: &mut Op,
    id: AnswerId,
    form: &Form,
    answers: &Instance,
    photos: Vec<Photo>,
) -> Result<()> {
    let named: Vec<&str> = form
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, node)| node.kind == Kind::Image)
        .flat_map(|(node, _)| answers.places(form, node).into_iter().map(move |at| (node, at)))
        .map(|(node, at)| answers.value(node, &at))
        .collect();
    for photo in photos.into_iter().filter(|photo| named.contains(&photo.name.as_str())).take(PHOTOS) {
        store::insert_photo(&mut op.tx, id, &photo).await?;
    }
    Ok(())
}
