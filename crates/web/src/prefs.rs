//! A person's own settings of the screen: language, large type (长辈版), colours. Kept in a cookie,
//! changed by a plain form, so that they work before log-in and without script.

use axum::{
    extract::Form,
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use serde::Deserialize;

use crate::{Access, Route, i18n::Language};

/// The name of the cookie.
pub const COOKIE: &str = "linli_prefs";

/// What the cookie holds: `zh-CN.normal.auto`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefs {
    /// The language.
    pub language: Language,
    /// `normal`, or `large` for ≥ 18 px and 60 px targets.
    pub size: String,
    /// `auto`, `light`, `dark` or `contrast`.
    pub theme: String,
}

impl Prefs {
    /// From the cookie, else from the browser's languages, else Chinese.
    pub fn of(headers: &HeaderMap) -> Self {
        let jar = CookieJar::from_headers(headers);
        let cookie = jar.get(COOKIE).map(|c| c.value().to_owned()).unwrap_or_default();
        let mut parts = cookie.split('.');
        let language = parts.next().and_then(|p| p.parse().ok()).unwrap_or_else(|| preferred(headers));
        let pick = |given: Option<&str>, known: &[&str]| {
            known.iter().find(|k| given == Some(**k)).unwrap_or(&known[0]).to_string()
        };
        Self {
            language,
            size: pick(parts.next(), &["normal", "large"]),
            theme: pick(parts.next(), &["auto", "light", "dark", "contrast"]),
        }
    }
}

fn preferred(headers: &HeaderMap) -> Language {
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).unwrap_or("zh");
    if wanted.trim_start().to_ascii_lowercase().starts_with("en") {
        Language::English
    } else {
        Language::Chinese
    }
}

#[derive(Deserialize)]
struct Change {
    language: Option<String>,
    size: Option<String>,
    theme: Option<String>,
    back: Option<String>,
}

async fn change(headers: HeaderMap, jar: CookieJar, Form(form): Form<Change>) -> Response {
    let now = Prefs::of(&headers);
    let value = format!(
        "{}.{}.{}",
        form.language.unwrap_or_else(|| now.language.to_string()),
        form.size.unwrap_or(now.size),
        form.theme.unwrap_or(now.theme)
    );
    let cookie = Cookie::build((COOKIE, value)).path("/").same_site(SameSite::Lax).permanent().build();
    (jar.add(cookie), Redirect::to(&local(form.back.as_deref()))).into_response()
}

/// A place on this site to go back to; anything else is the front page.
pub fn local(back: Option<&str>) -> String {
    back.filter(|b| {
        b.starts_with('/') && !b.starts_with("//") && !b.contains('\\') && !b.chars().any(char::is_control)
    })
    .unwrap_or("/")
    .to_owned()
}

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::post("/prefs", Access::Public, change)]
}
