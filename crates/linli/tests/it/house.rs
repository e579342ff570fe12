//! A service with a small demo district, and a browser to visit it.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
};
use http_body_util::BodyExt;
use linli::{
    cmd::demo,
    config::{Config, DistrictConfig},
    wiring,
};
use linli_kernel::{Clock, Ids};
use linli_store::{District, Target};
use linli_testkit::Scratch;
use linli_web::App;
use tower::ServiceExt;

/// Enough for a few cases in every street.
const SCALE: f64 = 0.001;

pub(crate) struct House {
    pub(crate) router: Router,
    pub(crate) districts: Vec<Arc<District>>,
}

pub(crate) fn database(scratch: &Scratch) -> String {
    match &scratch.target {
        Target::Sqlite(path) => format!("sqlite:{}", path.display()),
        Target::Postgres { url, schema } => {
            let joint = if url.contains('?') { '&' } else { '?' };
            format!("{url}{joint}schema={schema}")
        }
    }
}

/// The district of this database, as a process opens it at its start.
pub(crate) async fn opened(scratch: &Scratch, name: &str, seed: u64, second_factor: bool) -> Arc<District> {
    let mut config =
        Config { data: scratch.folder.path().to_owned(), development: true, ..Config::default() };
    config.access.hash_memory_kib = 64;
    config.access.hash_passes = 1;
    config.access.second_factor = second_factor;
    let settings = DistrictConfig {
        name: name.to_owned(),
        area: "371002".into(),
        prefix: "HC".into(),
        database: database(scratch),
        hosts: vec![format!("{name}.example")],
    };
    let clock = Clock::fixed("2026-11-23T09:00:00+08:00".parse().unwrap());
    wiring::open_at(&config, &settings, clock, Ids::seeded(seed)).await.unwrap()
}

/// A service over these databases; with several, each answers to `NAME.example`.
pub(crate) async fn house(scratches: &[(&Scratch, &str, u64)], second_factor: bool) -> House {
    let mut districts = Vec::new();
    for (scratch, name, seed) in scratches {
        let district = opened(scratch, name, *seed, second_factor).await;
        demo::fill(&district, SCALE, *seed, false).await.unwrap();
        districts.push((district, vec![format!("{name}.example")]));
    }
    let app = App::new(districts, wiring::catalog().unwrap(), true);
    House { router: wiring::router(&app), districts: app.districts().to_vec() }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) location: String,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: String,
}

/// The kind of what [`multipart`] makes.
pub(crate) const MULTIPART: &str = "multipart/form-data; boundary=b";

/// A form with files, as it goes over the wire.
pub(crate) fn multipart(fields: &[(&str, &str)], files: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(
            format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
        );
    }
    for (field, name, bytes) in files {
        let head =
            format!("--b\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\r\n");
        body.extend(head.bytes().chain(bytes.iter().copied()).chain(*b"\r\n"));
    }
    body.extend(b"--b--\r\n");
    body
}

/// Somebody with cookies.
pub(crate) struct Browser<'h> {
    house: &'h House,
    host: String,
    pub(crate) cookies: BTreeMap<String, String>,
}

impl House {
    pub(crate) fn visit(&self, host: &str) -> Browser<'_> {
        Browser { house: self, host: host.to_owned(), cookies: BTreeMap::new() }
    }

    /// Somebody of the demo, logged in.
    pub(crate) async fn as_(&self, host: &str, login: &str) -> Browser<'_> {
        let mut browser = self.visit(host);
        let answer = browser.log_in(login, demo::PASSWORD).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{login} comes in: {}", answer.body);
        browser
    }
}

impl Browser<'_> {
    pub(crate) async fn log_in(&mut self, login: &str, password: &str) -> Answer {
        self.post("/login", &format!("login={login}&password={password}")).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, "", &[]).await
    }

    pub(crate) async fn post(&mut self, path: &str, form: &str) -> Answer {
        self.send("POST", path, form, &[]).await
    }

    /// Sends the resident's form, with files as (field, name, content).
    pub(crate) async fn report(&mut self, text: &str, files: &[(&str, &str, &[u8])]) -> Answer {
        self.form("/report", &[("text", text), ("address", "怡园小区北门")], files).await
    }

    /// Sends a form with files.
    pub(crate) async fn form(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        files: &[(&str, &str, &[u8])],
    ) -> Answer {
        self.send_bytes("POST", path, multipart(fields, files), &[("content-type", MULTIPART)]).await
    }

    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        form: &str,
        more: &[(&str, &str)],
    ) -> Answer {
        self.send_bytes(method, path, form.as_bytes().to_vec(), more).await
    }

    async fn send_bytes(&mut self, method: &str, path: &str, body: Vec<u8>, more: &[(&str, &str)]) -> Answer {
        let cookies: Vec<String> = self.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.host)
            .header(header::ACCEPT, "text/html")
            .header(header::COOKIE, cookies.join("; "));
        if more.iter().all(|(name, _)| *name != "content-type") {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body)).unwrap();
        let response = self.house.router.clone().oneshot(request).await.unwrap();
        let text = |name: header::HeaderName| {
            response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned)
        };
        let (status, location) = (response.status(), text(header::LOCATION).unwrap_or_default());
        let retry_after = text(header::RETRY_AFTER);
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        // A stream of live updates has no end to wait for.
        let endless = text(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/event-stream"));
        let body = if endless {
            String::new()
        } else {
            let bytes = response.into_body().collect().await.unwrap().to_bytes();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        Answer { status, location, retry_after, body }
    }
}

/// `path` with every `{…}` replaced by `id`.
pub(crate) fn filled(path: &str, id: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { id } else { part }).collect::<Vec<_>>().join("/")
}
