//! At which home answers were given: a visit of ours knows it, a field app only says what the form asks.
//!
//! An app cannot be asked again, so what it sends is kept also where nobody knows the home. It waits in the area of
//! whoever sent it, until somebody places it by hand.

use linli_access::{Access, Authorise as _, Purpose, Scope, Target};
use linli_forms::{Form, Instance, render};
use linli_kernel::{Actor, AreaCode, Error, Result};
use linli_store::{Conn, Entry, Op, Where};
use serde_json::json;
use uuid::Uuid;

use crate::{
    events::{ANSWERED, Answered, AnswersWanted},
    model::{Answer, AnswerId, Survey, SurveyId},
    port::{Called, Home, Homes, Named},
    store,
};

/// At which home answers were given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// At none, or at one whose id we gave out.
    Known(Option<Uuid>),
    /// At one that a form asked for.
    Named(Named),
}

/// Where answers belong.
pub(crate) struct Spot {
    pub(crate) area: AreaCode,
    pub(crate) dwelling: Option<Uuid>,
    /// What the home was called, where nobody knows it.
    pub(crate) lost: Option<Named>,
}

/// Answers that wait for their home, shown at most.
const WAITING: i64 = 50;

/// Where answers belong: the grid of the home, else where the acting person serves.
pub(crate) async fn spot(op: &mut Op, survey: &Survey, at: &At) -> Result<Spot> {
    let (dwelling, area, lost) = match at {
        At::Known(Some(id)) => {
            let home = home(&mut op.tx, op.district.ports.get::<Homes>().as_deref(), *id).await?;
            (Some(*id), home.area, None)
        }
        At::Named(named) if named.is_said() => match recognised(op, survey, named).await? {
            Some((id, home)) => (Some(id), home.area, None),
            None => (None, own_area(op, &survey.area)?, Some(named.clone())),
        },
        At::Known(None) | At::Named(_) => (None, own_area(op, &survey.area)?, None),
    };
    if !survey.area.contains(&area) {
        return Err(Error::NotFound);
    }
    op.permit("survey.fill", &Target::at(&area))?;
    Ok(Spot { area, dwelling, lost })
}

/// The home of the form's area that is called so, if the acting person may answer there.
async fn recognised(op: &mut Op, survey: &Survey, named: &Named) -> Result<Option<(Uuid, Home)>> {
    let district = op.district.clone();
    let found = match (named.text.trim().parse::<Uuid>(), district.ports.get::<Called>()) {
        (Ok(id), _) => match district.ports.get::<Homes>() {
            Some(homes) => (homes.0)(&mut op.tx, vec![id]).await?,
            None => Vec::new(),
        },
        (Err(_), Some(called)) => (called.0)(&district, &mut op.tx, &survey.area, named).await?,
        (Err(_), None) => Vec::new(),
    };
    let may = |home: &Home| {
        survey.area.contains(&home.area) && op.permit("survey.fill", &Target::at(&home.area)).is_ok()
    };
    Ok(found.into_iter().next().filter(|(_, home)| may(home)))
}

/// A home of the register.
pub async fn home(conn: &mut Conn, homes: Option<&Homes>, id: Uuid) -> Result<Home> {
    let find = homes.ok_or(Error::NotFound)?.0;
    let found = find(conn, vec![id]).await?;
    found.into_iter().map(|(_, home)| home).next().ok_or(Error::NotFound)
}

fn own_area(op: &Op, survey: &AreaCode) -> Result<AreaCode> {
    let scope = op.scope("survey.fill")?;
    let within = scope.areas.iter().find(|area| survey.contains(area)).cloned();
    let around = || scope.areas.iter().any(|area| area.contains(survey)).then(|| survey.clone());
    within.or_else(around).ok_or(if matches!(op.actor, Actor::Public) {
        Error::Unauthorised
    } else {
        Error::NotFound
    })
}

/// A question named `visit` that holds an id.
pub fn named_id(form: &Form, answers: &Instance, name: &str) -> Option<Uuid> {
    let (node, at) = render::find_field(form, name)?;
    answers.value(node, &at).trim().parse().ok()
}

/// What a form asks of its home: a question named `dwelling`, or its parts (`dwelling_place` …).
pub fn named(form: &Form, answers: &Instance) -> Named {
    let said = |name: &str| {
        let found = render::find_field(form, name);
        found.map_or_else(String::new, |(node, at)| answers.value(node, &at).trim().to_owned())
    };
    Named {
        text: said("dwelling"),
        community: said("dwelling_community"),
        place: said("dwelling_place"),
        building: said("dwelling_building"),
        unit: said("dwelling_unit"),
        door: said("dwelling_door"),
    }
}

fn seal_place(id: AnswerId) -> String {
    format!("survey_answer:{id}/named")
}

/// Seals what a home was called: it is an address of somebody.
pub(crate) fn seal(op: &Op, id: AnswerId, named: &Named) -> Result<Vec<u8>> {
    let access = op.district.port::<Access>()?;
    access.keyring.seal(Purpose::Resident, &seal_place(id), named.words().as_bytes())
}

/// The answers of a form that wait for their home, with what it was called; the newest first.
pub async fn waiting(
    conn: &mut Conn,
    access: &Access,
    scope: &Scope,
    survey: SurveyId,
) -> Result<Vec<(Answer, String)>> {
    let mut rows = Where::new();
    rows.and("survey = ?", vec![survey.into()]).and("named IS NOT NULL", vec![]);
    scope.filter(&mut rows, "area", "");
    let found = store::answers(conn, rows, WAITING).await?;
    let open = |answer: Answer| {
        let sealed = answer.named.as_deref();
        let words = access.keyring.open_text(Purpose::Resident, &seal_place(answer.id), sealed)?;
        Ok((answer, words.unwrap_or_default()))
    };
    found.into_iter().map(open).collect()
}

/// How many answers of each form wait for their home.
pub async fn counts(conn: &mut Conn, scope: &Scope) -> Result<Vec<(SurveyId, i64)>> {
    let mut rows = Where::new();
    rows.and("named IS NOT NULL", vec![]);
    scope.filter(&mut rows, "area", "");
    store::counts(conn, rows).await
}

/// Places answers at the home that somebody names by its code or address. Answers the form. The caller commits.
///
/// # Errors
///
/// The field `home` where no one home of the form's area is called so; not found where the answers do not wait.
pub async fn settle(op: &mut Op, id: AnswerId, text: &str) -> Result<SurveyId> {
    let answer = store::locked_answer(&mut op.tx, id).await?;
    op.permit("survey.fill", &Target::at(&answer.area))?;
    if answer.named.is_none() {
        return Err(Error::NotFound);
    }
    let survey = store::survey(&mut op.tx, answer.survey).await?;
    let named = Named { text: text.trim().to_owned(), ..Named::default() };
    let found = if named.is_said() { recognised(op, &survey, &named).await? } else { None };
    let (dwelling, home) = found.ok_or_else(|| Error::field("home", "survey-home-unknown"))?;
    store::set_home(&mut op.tx, id, dwelling, &home.area).await?;
    let detail = json!({ "survey": survey.name, "dwelling": dwelling });
    let (subject_id, area) = (id.to_string(), home.area.clone());
    op.log(Entry { action: "survey.place", subject: "survey_answer", subject_id, area, detail }).await?;
    if op.district.ports.get::<AnswersWanted>().is_some() {
        let (dwelling, area) = (Some(dwelling), home.area.to_string());
        let news = Answered { answer: id, survey: survey.id, area, dwelling, visit: answer.visit };
        op.emit(ANSWERED, &news).await?;
    }
    op.announce("survey", home.area.as_str(), id);
    Ok(survey.id)
}
