//! A person's own settings of the screen: language, large type (长辈版), colours, single keys. Each in
//! a cookie of its own, changed by a plain form, so that they work before log-in and without script;
//! the page's script sets the same cookies at once.

use axum::http::header;
use axum::{
    extract::Form,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use serde::Deserialize;

use crate::{Access, Route, i18n::Language};

const TYPES: [&str; 1] = ["large"];
pub(crate) const SCALES: [&str; 7] = ["18", "20", "22", "24", "26", "28", "30"];
const THEMES: [&str; 3] = ["dark", "contrast", "auto"];
const KEYS: [&str; 1] = ["off"];

/// The settings, as the attributes of `<html>` carry them; empty means the plain way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefs {
    /// The language (`ui_lang`).
    pub language: Language,
    /// `large` for the elders' version (`ui_type`).
    pub kind: &'static str,
    /// Size of the letters in pixels, where a person chose one (`ui_scale`).
    pub scale: &'static str,
    /// `dark`, `contrast`, `auto` (as the device), or light (`ui_theme`).
    pub theme: &'static str,
    /// `off` when single keys shall do nothing (`ui_keys`).
    pub keys: &'static str,
}

fn known(given: &str, values: &[&'static str]) -> &'static str {
    values.iter().find(|v| **v == given).copied().unwrap_or_default()
}

impl Prefs {
    /// From the cookies; the language else from the browser's languages, else Chinese; colours else
    /// as the device has them.
    pub fn of(headers: &HeaderMap) -> Self {
        let jar = CookieJar::from_headers(headers);
        let cookie = |name: &str| jar.get(name).map(|c| c.value().to_owned());
        let pick = |name: &str, values: &[&'static str]| known(&cookie(name).unwrap_or_default(), values);
        Self {
            language: cookie("ui_lang").and_then(|l| l.parse().ok()).unwrap_or_else(|| preferred(headers)),
            kind: pick("ui_type", &TYPES),
            scale: pick("ui_scale", &SCALES),
            theme: cookie("ui_theme").map_or("auto", |theme| known(&theme, &THEMES)),
            keys: pick("ui_keys", &KEYS),
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
    lang: Option<String>,
    r#type: Option<String>,
    scale: Option<String>,
    theme: Option<String>,
    keys: Option<String>,
    back: Option<String>,
}

async fn change(jar: CookieJar, Form(form): Form<Change>) -> Response {
    let language = form.lang.and_then(|l| l.parse::<Language>().ok()).map(Language::as_str);
    let value = |given: Option<String>, values: &[&'static str]| given.map(|g| known(&g, values));
    let jar = [
        ("ui_lang", language),
        ("ui_type", value(form.r#type, &TYPES)),
        ("ui_scale", value(form.scale, &SCALES)),
        ("ui_theme", value(form.theme, &THEMES)),
        ("ui_keys", value(form.keys, &KEYS)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .fold(jar, |jar, (name, value)| {
        jar.add(Cookie::build((name, value)).path("/").same_site(SameSite::Lax).permanent().build())
    });
    (jar, Redirect::to(&local(form.back.as_deref()))).into_response()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn given(cookie: &str, languages: &str) -> Prefs {
        let pairs = [(header::COOKIE, cookie), (header::ACCEPT_LANGUAGE, languages)];
        Prefs::of(&pairs.into_iter().map(|(n, v)| (n, v.parse().unwrap())).collect())
    }

    #[test]
    fn cookies_are_read_and_rubbish_is_the_plain_way() {
        let set = given("ui_lang=en; ui_type=large; ui_scale=24; ui_theme=dark; ui_keys=off", "zh-CN");
        let (kind, scale, theme, keys) = ("large", "24", "dark", "off");
        assert_eq!(set, Prefs { language: Language::English, kind, scale, theme, keys });
        let odd = given("ui_lang=\"><x; ui_type=\"><script>; ui_scale=99; ui_theme=; ui_keys=on", "en-GB,zh");
        let plain = Prefs { language: Language::English, kind: "", scale: "", theme: "", keys: "" };
        assert_eq!(odd, plain);
        assert_eq!(given("", "zh").theme, "auto");
    }

    #[test]
    fn back_stays_on_this_site() {
        for (back, to) in [("/t/abc?x=1", "/t/abc?x=1"), ("//evil.example", "/"), ("/\\evil", "/"), ("", "/")]
        {
            assert_eq!(local(Some(back)), to);
        }
    }
}
