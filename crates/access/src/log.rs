//! Reading the activity log (操作日志): filters, pages, and the words for what stands in it.

use chrono::NaiveDate;
use linli_kernel::{
    Actor, AreaCode, Cursor, Page, Result, Timestamp,
    actor::AccountId,
    export::uuid::{Builder, Uuid},
    params,
};
use linli_store::{
    Conn, Where,
    activity::{Activity, COLUMNS},
};
use linli_web::Locale;
use serde_json::Value as Json;

use crate::Access;

/// What narrows the log.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// From this day on.
    pub from: Option<NaiveDate>,
    /// Up to this day.
    pub to: Option<NaiveDate>,
    /// Part of the actor's name.
    pub who: Option<String>,
    /// Only this act, or all acts on one kind of thing (`case.`).
    pub action: Option<String>,
    /// Only what was done to this thing.
    pub subject: Option<String>,
    /// Only in this area.
    pub area: Option<AreaCode>,
}

/// Ids begin with their time, so that a day is a range of the primary key.
fn first_id(day: NaiveDate) -> Uuid {
    let millis = u64::try_from(Timestamp::china_midnight(day).millis()).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

fn like(words: &str) -> String {
    words.chars().flat_map(|c| matches!(c, '%' | '_' | '\\').then_some('\\').into_iter().chain([c])).collect()
}

/// A page of what `actor` may read, newest first.
pub async fn page(
    conn: &mut Conn,
    access: &Access,
    actor: &Actor,
    filter: &Filter,
    after: Option<Uuid>,
    size: usize,
) -> Result<Page<Activity>> {
    access.policy.require_somewhere(actor, "audit.read")?;
    let mut rows = Where::new();
    access.policy.scope(actor, "audit.read").filter(&mut rows, "area", "");
    rows.and_some("id < ?", after);
    rows.and_some("id >= ?", filter.from.map(first_id));
    rows.and_some("id < ?", filter.to.and_then(|day| day.succ_opt()).map(first_id));
    rows.and_some(r"actor LIKE ? ESCAPE '\'", filter.who.as_deref().map(|who| format!("%{}%", like(who))));
    match filter.action.as_deref() {
        Some(noun) if noun.ends_with('.') => {
            rows.and(r"action LIKE ? ESCAPE '\'", vec![format!("{}%", like(noun)).into()]);
        }
        action => {
            rows.and_some("action = ?", action);
        }
    }
    rows.and_some("subject_id = ?", filter.subject.as_deref());
    if let Some(area) = &filter.area {
        rows.within("area", std::slice::from_ref(area));
    }
    let limit = rows.bind(i64::try_from(size + 1).unwrap_or(i64::MAX));
    let sql = format!("SELECT {COLUMNS} FROM activity{} ORDER BY id DESC LIMIT {limit}", rows.text());
    let found = conn.all(&sql, rows.args()).await?;
    Ok(Page::cut(found, size, |row: &Activity| Cursor { key: 0, id: row.id }))
}

/// What `account` did last: everybody may see the own part.
pub async fn own(conn: &mut Conn, account: AccountId, size: i64) -> Result<Vec<Activity>> {
    let sql = format!("SELECT {COLUMNS} FROM activity WHERE actor_id = $1 ORDER BY id DESC LIMIT $2");
    conn.all(&sql, params![account, size]).await
}

/// The words of a key if the texts have it.
fn known(locale: &Locale, key: &str) -> Option<String> {
    Some(locale.t(key)).filter(|text| text != key)
}

/// The words for an act: the policy's, else this slice's, else its code.
pub fn act(locale: &Locale, access: &Access, action: &str) -> String {
    let chinese = locale.language == linli_store::op::Language::Chinese;
    let of_policy = access.policy.actions().find(|(code, ..)| *code == action);
    of_policy
        .map(|(_, zh, en)| if chinese { zh.to_owned() } else { en.to_owned() })
        .or_else(|| known(locale, &format!("act-{}", action.replace(['.', '_'], "-"))))
        .or_else(|| known(locale, &format!("desk-act-{}", action.strip_prefix("case.")?)))
        .unwrap_or_else(|| action.to_owned())
}

/// Who acted, in words where it was no person.
pub fn actor(locale: &Locale, name: &str) -> String {
    match name {
        "system" => locale.t("log-by-system"),
        "public" => locale.t("log-by-public"),
        name => name.to_owned(),
    }
}

/// The detail as pairs of words; what is nested is one pair per leaf.
pub fn pairs(locale: &Locale, detail: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let json = serde_json::from_str(detail).unwrap_or(Json::String(detail.to_owned()));
    collect(locale, "", &json, &mut found);
    // The first pair is the summary; ids say nothing to a reader.
    found.sort_by_key(|(_, value)| value.parse::<Uuid>().is_ok());
    found
}

fn collect(locale: &Locale, name: &str, json: &Json, found: &mut Vec<(String, String)>) {
    let word = |key: &str| {
        known(locale, &format!("log-{}", key.replace('_', "-"))).unwrap_or_else(|| key.to_owned())
    };
    match json {
        Json::Null => {}
        Json::Object(fields) => fields.iter().for_each(|(key, value)| {
            let name = if name.is_empty() { word(key) } else { format!("{name} · {}", word(key)) };
            collect(locale, &name, value, found);
        }),
        Json::Array(values) => {
            let texts: Vec<String> = values.iter().map(plain).collect();
            found.push((name.to_owned(), texts.join(" → ")));
        }
        value => found.push((name.to_owned(), plain(value))),
    }
}

fn plain(json: &Json) -> String {
    match json {
        Json::Null => "—".to_owned(),
        Json::String(text) => text.clone(),
        Json::Bool(true) => "✓".to_owned(),
        Json::Bool(false) => "✗".to_owned(),
        other => other.to_string(),
    }
}
