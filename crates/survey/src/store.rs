//! Forms and answers in the database.

use linli_kernel::{AreaCode, Result, Timestamp, params};
use linli_store::{Conn, Tx, Where};
use uuid::Uuid;

use crate::model::{Answer, AnswerId, Photo, State, Survey, SurveyId, Version, VersionId};

const SURVEY: &str = "id, area, name, title, state, current, created_by, created_at, updated_at";
const VERSION: &str = "id, survey, number, version, title, file_name, definition, problems, questions, md5, created_by, created_at, published_at";
const ANSWER: &str = "id, survey, version, instance, area, dwelling, visit, source, sealed, said, named, created_by, created_at";

/// A form.
pub async fn survey(conn: &mut Conn, id: SurveyId) -> Result<Survey> {
    conn.one(&format!("SELECT {SURVEY} FROM survey WHERE id = $1"), params![id]).await
}

/// A form, its row held until the transaction ends.
pub async fn locked(tx: &mut Tx, id: SurveyId) -> Result<Survey> {
    let lock = tx.dialect("", "FOR UPDATE");
    tx.one(&format!("SELECT {SURVEY} FROM survey WHERE id = $1 {lock}"), params![id]).await
}

/// The form of this `form_id`.
pub async fn by_name(conn: &mut Conn, name: &str) -> Result<Option<Survey>> {
    conn.optional(&format!("SELECT {SURVEY} FROM survey WHERE name = $1"), params![name]).await
}

/// The forms that fit, the latest changed first.
pub async fn surveys(conn: &mut Conn, rows: Where, most: i64) -> Result<Vec<Survey>> {
    let mut rows = rows;
    let limit = rows.bind(most);
    let sql =
        format!("SELECT {SURVEY} FROM survey{} ORDER BY updated_at DESC, id DESC LIMIT {limit}", rows.text());
    conn.all(&sql, rows.args()).await
}

/// Keeps a new form.
pub async fn insert(tx: &mut Tx, survey: &Survey) -> Result<()> {
    tx.execute(
        &format!("INSERT INTO survey ({SURVEY}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"),
        params![
            survey.id,
            &survey.area,
            &survey.name,
            &survey.title,
            survey.state,
            survey.current,
            &survey.created_by,
            survey.created_at,
            survey.updated_at
        ],
    )
    .await?;
    Ok(())
}

/// Writes what changes in a form's life.
pub async fn update(tx: &mut Tx, survey: &Survey) -> Result<()> {
    tx.execute(
        "UPDATE survey SET title = $2, state = $3, current = $4, updated_at = $5 WHERE id = $1",
        params![survey.id, &survey.title, survey.state, survey.current, survey.updated_at],
    )
    .await?;
    Ok(())
}

/// Keeps a version with its file.
pub async fn insert_version(tx: &mut Tx, version: &Version, file: Vec<u8>) -> Result<()> {
    tx.execute(
        &format!("INSERT INTO survey_version ({VERSION}, file) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"),
        params![
            version.id,
            version.survey,
            version.number,
            &version.version,
            &version.title,
            &version.file_name,
            &version.definition,
            &version.problems,
            version.questions,
            &version.md5,
            &version.created_by,
            version.created_at,
            version.published_at,
            file
        ],
    )
    .await?;
    Ok(())
}

/// The versions of a form, the newest first.
pub async fn versions(conn: &mut Conn, survey: SurveyId) -> Result<Vec<Version>> {
    let sql = format!("SELECT {VERSION} FROM survey_version WHERE survey = $1 ORDER BY number DESC");
    conn.all(&sql, params![survey]).await
}

/// Several versions by id.
pub async fn versions_by_id(conn: &mut Conn, ids: &[VersionId]) -> Result<Vec<Version>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = Where::new();
    rows.any("id", ids);
    conn.all(&format!("SELECT {VERSION} FROM survey_version{}", rows.text()), rows.args()).await
}

/// A version of a form.
pub async fn version(conn: &mut Conn, survey: SurveyId, id: VersionId) -> Result<Version> {
    let sql = format!("SELECT {VERSION} FROM survey_version WHERE survey = $1 AND id = $2");
    conn.one(&sql, params![survey, id]).await
}

/// The version that field apps call this, if it was ever published.
pub async fn version_called(conn: &mut Conn, survey: SurveyId, version: &str) -> Result<Option<Version>> {
    let sql = format!(
        "SELECT {VERSION} FROM survey_version WHERE survey = $1 AND version = $2 AND published_at IS NOT NULL"
    );
    conn.optional(&sql, params![survey, version]).await
}

/// The file of a version.
pub async fn file(conn: &mut Conn, survey: SurveyId, id: VersionId) -> Result<(String, Vec<u8>)> {
    conn.one("SELECT file_name, file FROM survey_version WHERE survey = $1 AND id = $2", params![survey, id])
        .await
}

/// Notes when a version was first published.
pub async fn set_published(tx: &mut Tx, id: VersionId, at: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE survey_version SET published_at = $2 WHERE id = $1 AND published_at IS NULL",
        params![id, at],
    )
    .await?;
    Ok(())
}

/// The answers that the device sent under this name.
pub async fn answer_of(conn: &mut Conn, survey: SurveyId, instance: &str) -> Result<Option<Answer>> {
    let sql = format!("SELECT {ANSWER} FROM survey_answer WHERE survey = $1 AND instance = $2");
    conn.optional(&sql, params![survey, instance]).await
}

/// Keeps answers; false when they were kept before.
pub async fn insert_answer(tx: &mut Tx, answer: &Answer) -> Result<bool> {
    let rows = tx
        .execute(
            &format!("INSERT INTO survey_answer ({ANSWER}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (survey, instance) DO NOTHING"),
            params![
                answer.id,
                answer.survey,
                answer.version,
                &answer.instance,
                &answer.area,
                answer.dwelling,
                answer.visit,
                answer.source,
                answer.sealed.clone(),
                answer.said.clone(),
                answer.named.clone(),
                &answer.created_by,
                answer.created_at
            ],
        )
        .await?;
    Ok(rows == 1)
}

/// An answer, its row held until the transaction ends.
pub async fn locked_answer(tx: &mut Tx, id: AnswerId) -> Result<Answer> {
    let lock = tx.dialect("", "FOR UPDATE");
    tx.one(&format!("SELECT {ANSWER} FROM survey_answer WHERE id = $1 {lock}"), params![id]).await
}

/// Notes at which home answers were given.
pub async fn set_home(tx: &mut Tx, id: AnswerId, home: Uuid, area: &AreaCode) -> Result<()> {
    let sql = "UPDATE survey_answer SET dwelling = $2, area = $3, named = NULL WHERE id = $1";
    tx.execute(sql, params![id, home, area]).await?;
    Ok(())
}

/// The answers that fit, the newest first.
pub async fn answers(conn: &mut Conn, rows: Where, most: i64) -> Result<Vec<Answer>> {
    let mut rows = rows;
    let limit = rows.bind(most);
    let sql = format!(
        "SELECT {ANSWER} FROM survey_answer{} ORDER BY created_at DESC, id DESC LIMIT {limit}",
        rows.text()
    );
    conn.all(&sql, rows.args()).await
}

/// How many answers each form has, within the rows.
pub async fn counts(conn: &mut Conn, rows: Where) -> Result<Vec<(SurveyId, i64)>> {
    let sql = format!("SELECT survey, COUNT(*) FROM survey_answer{} GROUP BY survey", rows.text());
    conn.all(&sql, rows.args()).await
}

/// Keeps a photo under its name; false when the name was there before.
pub async fn insert_photo(tx: &mut Tx, answer: AnswerId, photo: &Photo) -> Result<bool> {
    let rows = tx
        .execute(
            "INSERT INTO survey_photo (answer, name, blob, small) VALUES ($1, $2, $3, $4) ON CONFLICT (answer, name) DO NOTHING",
            params![answer, &photo.name, &photo.blob, &photo.small],
        )
        .await?;
    Ok(rows == 1)
}

/// The photos of some answers.
pub async fn photos(conn: &mut Conn, answers: &[AnswerId]) -> Result<Vec<(AnswerId, String)>> {
    if answers.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = Where::new();
    rows.any("answer", answers);
    conn.all(&format!("SELECT answer, name FROM survey_photo{} ORDER BY name", rows.text()), rows.args())
        .await
}

/// The files of one photo, with the area of its answers.
pub async fn photo(conn: &mut Conn, answer: AnswerId, name: &str) -> Result<(AreaCode, String, String)> {
    conn.one(
        "SELECT a.area, p.blob, p.small FROM survey_photo p JOIN survey_answer a ON a.id = p.answer WHERE p.answer = $1 AND p.name = $2",
        params![answer, name],
    )
    .await
}

/// Keeps a field token's hash.
pub async fn insert_token(tx: &mut Tx, id: Uuid, account: Uuid, hash: Vec<u8>, at: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO survey_token (id, account, hash, created_at) VALUES ($1, $2, $3, $4)",
        params![id, account, hash, at],
    )
    .await?;
    Ok(())
}

/// The account of a token that was not ended, and when it was made.
pub async fn token_account(conn: &mut Conn, hash: Vec<u8>) -> Result<Option<(Uuid, Timestamp)>> {
    conn.optional(
        "SELECT account, created_at FROM survey_token WHERE hash = $1 AND revoked_at IS NULL",
        params![hash],
    )
    .await
}

/// When the token of an account was made, if it was not ended.
pub async fn token_since(conn: &mut Conn, account: Uuid) -> Result<Option<Timestamp>> {
    let found: Option<(Timestamp,)> = conn
        .optional(
            "SELECT created_at FROM survey_token WHERE account = $1 AND revoked_at IS NULL ORDER BY created_at DESC LIMIT 1",
            params![account],
        )
        .await?;
    Ok(found.map(|(at,)| at))
}

/// Ends the tokens of an account.
pub async fn revoke_tokens(tx: &mut Tx, account: Uuid, at: Timestamp) -> Result<u64> {
    tx.execute(
        "UPDATE survey_token SET revoked_at = $2 WHERE account = $1 AND revoked_at IS NULL",
        params![account, at],
    )
    .await
}

/// Only published forms whose area lies around or within one of these.
pub fn asked_in(areas: &[AreaCode]) -> Where {
    let mut rows = Where::new();
    rows.and("state = ?", vec![State::Published.into()]);
    let mut around: Vec<AreaCode> = Vec::new();
    for area in areas {
        let mut at = Some(area.clone());
        while let Some(code) = at {
            at = code.parent();
            around.push(code);
        }
    }
    around.sort();
    around.dedup();
    let marks = vec!["?"; around.len()].join(", ");
    let mut either: Vec<String> = Vec::new();
    let mut values = Vec::new();
    if !around.is_empty() {
        either.push(format!("area IN ({marks})"));
        values.extend(around.into_iter().map(Into::into));
    }
    for area in areas {
        let (low, high) = area.range();
        either.push("area >= ? AND area < ?".to_owned());
        values.extend([low.into(), high.into()]);
    }
    if either.is_empty() {
        rows.and("1 = 0", Vec::new());
    } else {
        rows.and(&either.join(" OR "), values);
    }
    rows
}
