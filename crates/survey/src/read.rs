//! What pages and interfaces see, within the scope of who asks.

use std::collections::HashMap;

use linli_access::{Access, Scope};
use linli_forms::{
    Form,
    export::{self, Sent, Table},
};
use linli_kernel::{Actor, AreaCode, Error, Result};
use linli_store::{Conn, Where};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    app,
    model::{Answer, AnswerId, State, Survey, SurveyId, Version, VersionId},
    port::Homes,
    store,
};

/// The most forms of a list.
const FORMS: i64 = 200;
/// The most answers of one export.
const ROWS: i64 = 50_000;

/// The forms that somebody looks after or is asked to fill in, with how many answers each has.
pub async fn list(conn: &mut Conn, scope: &Scope) -> Result<Vec<(Survey, i64)>> {
    let mut rows = Where::new();
    scope.filter(&mut rows, "area", "");
    let mut found = store::surveys(conn, rows, FORMS).await?;
    // A grid's worker sees what the community around asks.
    let asked = store::surveys(conn, store::asked_in(&scope.areas), FORMS).await?;
    found.extend(asked);
    found.sort_by_key(|survey| std::cmp::Reverse((survey.updated_at, survey.id)));
    found.dedup_by_key(|survey| survey.id);
    let mut rows = Where::new();
    scope.filter(&mut rows, "area", "");
    let counts = store::counts(conn, rows).await?;
    let count = |id: SurveyId| counts.iter().find(|(survey, _)| *survey == id).map_or(0, |(_, n)| *n);
    Ok(found.into_iter().map(|survey| (survey.clone(), count(survey.id))).collect())
}

/// A form that somebody looks after or is asked to fill in.
pub async fn survey(conn: &mut Conn, scope: &Scope, id: SurveyId) -> Result<Survey> {
    let survey = store::survey(conn, id).await?;
    if scope.covers(&survey.area, &[]) || is_asked(&survey, scope) {
        Ok(survey)
    } else {
        Err(Error::NotFound)
    }
}

fn is_asked(survey: &Survey, scope: &Scope) -> bool {
    survey.state == State::Published && scope.areas.iter().any(|area| survey.area.contains(area))
}

/// A published form with its definition, for phones that work off line.
#[derive(Debug, Serialize)]
pub struct Asked {
    /// The form.
    pub survey: SurveyId,
    /// Where it is asked: at the homes of this area.
    pub area: AreaCode,
    /// The version to name with the answers.
    pub version: VersionId,
    /// The form as `forms-engine.ts` evaluates it.
    pub form: Form,
}

/// The published forms around or within the places where `actor` may answer.
pub async fn asked(conn: &mut Conn, access: &Access, actor: &Actor) -> Result<Vec<(Survey, Version)>> {
    let scope = access.policy.scope(actor, "survey.fill");
    let surveys = store::surveys(conn, store::asked_in(&scope.areas), FORMS).await?;
    let ids: Vec<VersionId> = surveys.iter().filter_map(|survey| survey.current).collect();
    let versions = store::versions_by_id(conn, &ids).await?;
    let pairs = surveys.into_iter().filter_map(|survey| {
        let version = versions.iter().find(|v| Some(v.id) == survey.current)?.clone();
        Some((survey, version))
    });
    Ok(pairs.collect())
}

/// The latest answers of a form within a scope, without what was said.
pub async fn latest(conn: &mut Conn, scope: &Scope, survey: SurveyId, most: i64) -> Result<Vec<Answer>> {
    let mut rows = Where::new();
    rows.and("survey = ?", vec![survey.into()]);
    scope.filter(&mut rows, "area", "");
    store::answers(conn, rows, most).await
}

/// What heads the columns of an export before the answers.
pub struct Heads {
    /// Who asked.
    pub by: String,
    /// When it came.
    pub at: String,
    /// Where.
    pub area: String,
    /// The home's address.
    pub address: String,
    /// The home's id.
    pub dwelling: String,
    /// The visit's id.
    pub visit: String,
}

/// Homes that are looked up at once.
const AT_ONCE: usize = 500;

/// The addresses of the homes that answers name, as the register calls them now.
async fn addresses(
    conn: &mut Conn,
    homes: Option<&Homes>,
    answers: &[Answer],
) -> Result<HashMap<Uuid, String>> {
    let Some(Homes(find)) = homes else { return Ok(HashMap::new()) };
    let mut ids: Vec<Uuid> = answers.iter().filter_map(|answer| answer.dwelling).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut all = HashMap::with_capacity(ids.len());
    for some in ids.chunks(AT_ONCE) {
        all.extend(find(conn, some.to_vec()).await?.into_iter().map(|(id, home)| (id, home.address)));
    }
    Ok(all)
}

/// The answers of a form as tables. Versions differ: each answer is read by its own, shown under the newest one's
/// columns and any that older ones had.
pub async fn tables(
    conn: &mut Conn,
    access: &Access,
    scope: &Scope,
    survey: SurveyId,
    heads: &Heads,
    homes: Option<&Homes>,
) -> Result<Vec<Table>> {
    let answers = latest(conn, scope, survey, ROWS).await?;
    let addresses = addresses(conn, homes, &answers).await?;
    let versions = store::versions(conn, survey).await?;
    let about = [&heads.by, &heads.at, &heads.area, &heads.address, &heads.dwelling, &heads.visit]
        .map(Clone::clone)
        .to_vec();
    let mut tables: Vec<Table> = Vec::new();
    for version in &versions {
        let form = app::read_form(version)?;
        let mut sent = Vec::new();
        for answer in answers.iter().filter(|answer| answer.version == version.id).rev() {
            let id = |id: Option<Uuid>| id.map_or_else(String::new, |id| id.to_string());
            let by = vec![
                answer.created_by.clone(),
                answer.created_at.cell(),
                answer.area.to_string(),
                answer.dwelling.and_then(|id| addresses.get(&id).cloned()).unwrap_or_default(),
                id(answer.dwelling),
                id(answer.visit),
            ];
            let key = answer.instance.clone();
            sent.push(Sent { key, about: by, answers: app::open_with(access, answer, &form)? });
        }
        // Without answers, only the form that is asked now has a table.
        if !sent.is_empty() || tables.is_empty() {
            export::merge(&mut tables, export::tables(&form, &about, &sent));
        }
    }
    Ok(tables)
}

/// The file of a photo, if its answers lie within the scope.
pub async fn photo(
    conn: &mut Conn,
    scope: &Scope,
    answer: AnswerId,
    name: &str,
    small: bool,
) -> Result<String> {
    let (area, blob, thumbnail) = store::photo(conn, answer, name).await?;
    if !scope.covers(&area, &[]) {
        return Err(Error::NotFound);
    }
    Ok(if small { thumbnail } else { blob })
}
