//! Requests that another site makes a browser send (CSRF) are refused by what browsers say of a
//! request's origin, so that plain forms need no hidden token: `Sec-Fetch-Site`, or `Origin` for older
//! ones. A caller that sends neither is no browser with our cookie in a form (cookies are SameSite=Lax).

use axum::http::{HeaderMap, Method, header};

/// Whether this request changes something and comes from a foreign page.
pub fn foreign(method: &Method, headers: &HeaderMap, own: &str) -> bool {
    if method.is_safe() {
        return false;
    }
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    let host = |url: &str| url.split_once("://").map_or(url, |(_, rest)| rest).to_ascii_lowercase();
    text(header::ORIGIN.as_str()).is_some_and(|origin| host(origin) != host(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect()
    }

    #[test]
    fn only_our_own_pages_change_things() {
        let own = "http://huancui.example:8080";
        for (method, given, refused) in [
            (Method::GET, vec![("sec-fetch-site", "cross-site")], false),
            (Method::POST, vec![("sec-fetch-site", "cross-site")], true),
            (Method::POST, vec![("sec-fetch-site", "same-site")], true),
            (Method::POST, vec![("sec-fetch-site", "same-origin")], false),
            (Method::POST, vec![("origin", "http://evil.example")], true),
            (Method::POST, vec![("origin", "null")], true),
            (Method::POST, vec![("origin", "https://huancui.example:8080")], false),
            (Method::POST, vec![], false),
        ] {
            assert_eq!(foreign(&method, &headers(&given), own), refused, "{method} {given:?}");
        }
    }
}
