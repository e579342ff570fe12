//! A small district with two communities, and the slice's pages without a server.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http_body_util::BodyExt as _;
use linli_access::{Access, Limits, Master};
use linli_demo::district::District as Plan;
use linli_grid::{AtlasPort, seed};
use linli_kernel::{
    Actor, AreaCode, Clock, Ids, Role, Timestamp,
    actor::{AccountId, OrgId, Post},
};
use linli_store::{Blobs, District, Migration, Ports, migrate};
use linli_survey::{
    events::AnswersWanted,
    port::{Called, Home, Homes},
};
use linli_testkit::Scratch;
use linli_web::{App, Catalog, Ctx, Manifest};
use rust_xlsxwriter::Workbook;
use tower::ServiceExt as _;
use uuid::Uuid;

/// 2026-11-27 08:30 in China.
pub(crate) const AT: Timestamp = Timestamp::from_millis(1_795_739_400_000);
/// The one home that the register of these tests knows, in the first grid of the community.
pub(crate) const HOME: Uuid = Uuid::from_u128(0x0189_0000_0000_7000_8000_0000_0000_0001);
pub(crate) const COMMUNITY: &str = "371002001001";
pub(crate) const GRID: &str = "371002001001001";

pub(crate) fn manifests() -> Vec<Manifest> {
    vec![linli_web::manifest(), linli_access::manifest(), linli_grid::manifest(), linli_survey::manifest()]
}

pub(crate) async fn district(scratch: &Scratch) -> Arc<District> {
    let all = manifests();
    let migrations: Vec<Migration> =
        linli_store::MIGRATIONS.iter().chain(all.iter().flat_map(|m| m.migrations)).copied().collect();
    migrate::migrate(&scratch.db, &migrations, AT).await.unwrap();
    let ids = Ids::seeded(7);
    let master = Master::create(&scratch.folder.path().join("master.key"), &ids).unwrap();
    let limits = Limits { hash_memory_kib: 64, hash_passes: 1, ..Limits::default() };
    let access = Access::open(&scratch.db, master, limits, Ids::seeded(8), AT).await.unwrap();
    let homes = Homes(|_, ids| {
        Box::pin(async move {
            let home = Home { area: GRID.parse().unwrap(), address: "东一街 3 号楼 201".to_owned() };
            Ok(ids.into_iter().filter(|id| *id == HOME).map(|id| (id, home.clone())).collect())
        })
    });
    let district = Arc::new(District {
        name: "huancui".to_owned(),
        area: "371002".parse().unwrap(),
        prefix: "HC".to_owned(),
        db: scratch.db.clone(),
        clock: Clock::fixed(AT),
        ids,
        ports: Ports::default()
            .with(AtlasPort::default())
            .with(access)
            .with(Blobs::open(&scratch.folder.path().join("blobs")).unwrap())
            .with(homes)
            .with(Called(|_, _, area, named| {
                Box::pin(async move {
                    let words = named.words();
                    let known = area.as_str() == COMMUNITY
                        && ["东一街3号楼201", "东一街 3 1 201"].contains(&words.as_str());
                    let home =
                        Home { area: GRID.parse().unwrap(), address: "东一街 3 号楼 201".to_owned() };
                    Ok(known.then_some((HOME, home)).into_iter().collect())
                })
            }))
            .with(AnswersWanted),
    });
    let mut op = district.op("test").await.unwrap();
    seed::write(&mut op, &linli_demo::land(&Plan::generate(7, 0.01).unwrap())).await.unwrap();
    op.commit().await.unwrap();
    let mut conn = district.db.read().await.unwrap();
    district.port::<AtlasPort>().unwrap().reload(&mut conn).await.unwrap();
    drop(conn);
    district
}

/// Somebody with one post at `area`.
pub(crate) fn person(role: Role, area: &str) -> Actor {
    let org = OrgId(Uuid::from_u128(1));
    let area: AreaCode = area.parse().unwrap();
    let posts = vec![Post { role, area, org }];
    Actor::Account { id: AccountId(Uuid::from_u128(2)), name: "测试员".to_owned(), posts }
}

pub(crate) fn worker() -> Actor {
    person(Role::GridWorker, GRID)
}

pub(crate) fn secretary() -> Actor {
    person(Role::CommunitySecretary, COMMUNITY)
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |v| v.to_str().unwrap())
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
}

/// A part of a form: field, file name if it is a file, content.
pub(crate) struct Part<'a>(pub(crate) &'a str, pub(crate) Option<&'a str>, pub(crate) &'a [u8]);

/// The slice's routes behind the real guard, asked by `actor`.
pub(crate) struct Pages(Router);

impl Pages {
    pub(crate) fn new(district: &Arc<District>, actor: Actor) -> Self {
        let files: Vec<_> = manifests().iter().flat_map(|m| m.locales).copied().collect();
        let app = App::new(vec![(district.clone(), vec![])], Catalog::new(&files).unwrap(), true);
        let known = move |mut request: Request, next: Next| {
            let actor = actor.clone();
            async move {
                request.extensions_mut().get_mut::<Ctx>().unwrap().actor = actor;
                next.run(request).await
            }
        };
        let router = linli_access::web::guard::routes(&[linli_survey::manifest()])
            .layer(middleware::from_fn(known))
            .layer(middleware::from_fn_with_state(app.clone(), linli_web::entry::entry))
            .with_state(app);
        Self(router)
    }

    pub(crate) async fn ask(&self, request: Request) -> Answer {
        let answer = self.0.clone().oneshot(request).await.unwrap();
        let (head, body) = answer.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: head.status, headers: head.headers, text, bytes }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path).header(header::HOST, "test").body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str) -> Answer {
        self.send(path, &[], None).await
    }

    pub(crate) async fn json(&self, path: &str, body: &serde_json::Value) -> Answer {
        let request = Request::post(path)
            .header(header::HOST, "test")
            .header(header::ORIGIN, "http://test")
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/json");
        self.ask(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// Sends a form of a page.
    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = Request::post(path)
            .header(header::HOST, "test")
            .header(header::ORIGIN, "http://test")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let body: Vec<String> =
            fields.iter().map(|(name, text)| format!("{name}={}", percent(text))).collect();
        self.ask(request.body(Body::from(body.join("&"))).unwrap()).await
    }

    /// Sends a form with files, as a field app would when there is a password.
    pub(crate) async fn send(&self, path: &str, parts: &[Part<'_>], password: Option<&str>) -> Answer {
        let mut body = Vec::new();
        for Part(field, file, content) in parts {
            let named = file.map(|name| format!("; filename=\"{name}\"")).unwrap_or_default();
            let head = format!("--b\r\nContent-Disposition: form-data; name=\"{field}\"{named}\r\n\r\n");
            body.extend(head.bytes());
            body.extend_from_slice(content);
            body.extend(b"\r\n");
        }
        body.extend(b"--b--\r\n");
        let mut request = Request::post(path)
            .header(header::HOST, "test")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b");
        if let Some(password) = password {
            request = request.header(header::AUTHORIZATION, basic(password));
        }
        self.ask(request.body(Body::from(body)).unwrap()).await
    }

    /// A request of a field app.
    pub(crate) async fn app(&self, method: &str, path: &str, password: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "test")
            .header("x-openrosa-version", "1.0")
            .header(header::AUTHORIZATION, basic(password));
        self.ask(request.body(Body::empty()).unwrap()).await
    }
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat()
}

fn basic(password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("网格员:{password}")))
}

/// A workbook of these sheets; cells are divided by `|`.
pub(crate) fn workbook(survey: &[&str], choices: &[&str], settings: &[&str]) -> Vec<u8> {
    let mut book = Workbook::new();
    for (name, rows) in [("survey", survey), ("choices", choices), ("settings", settings)] {
        let sheet = book.add_worksheet();
        sheet.set_name(name).unwrap();
        for (row, line) in (0_u32..).zip(rows) {
            for (column, cell) in (0_u16..).zip(line.split('|')) {
                sheet.write_string(row, column, cell.trim()).unwrap();
            }
        }
    }
    book.save_to_buffer().unwrap()
}

/// Pets of a home: a select, a relevant text, a photo, a repeat with a constraint.
pub(crate) fn pets(version: &str) -> Vec<u8> {
    workbook(
        &[
            "type|name|label|relevant|constraint|constraint_message|required",
            "select_one yn|has|家里养宠物吗||||yes",
            "text|why|为什么不养|${has} = 'no'|||",
            "image|photo|合影|${has} = 'yes'|||",
            "begin_repeat|pet|宠物|${has} = 'yes'|||",
            "text|kind|什么宠物||||yes",
            "integer|age|几岁||. >= 0 and . < 60|年龄不对|",
            "image|portrait|照片||||",
            "end_repeat||||||",
        ],
        &["list_name|name|label", "yn|yes|养", "yn|no|不养"],
        &["form_title|form_id|version", &format!("宠物登记|pets|{version}")],
    )
}

pub(crate) fn png() -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    image::DynamicImage::new_rgb8(40, 30).write_to(&mut out, image::ImageFormat::Png).unwrap();
    out.into_inner()
}

pub(crate) async fn number(district: &District, sql: &str) -> i64 {
    district.db.read().await.unwrap().scalar(sql, vec![]).await.unwrap()
}

/// Uploads the form and publishes it; answers its address and the version's id.
pub(crate) async fn published(district: &Arc<District>) -> (String, String) {
    published_file(district, pets("1")).await
}

/// As [`published`] with another file.
pub(crate) async fn published_file(district: &Arc<District>, file: Vec<u8>) -> (String, String) {
    let desk = Pages::new(district, secretary());
    let parts = [Part("area", None, COMMUNITY.as_bytes()), Part("file", Some("宠物.xlsx"), &file)];
    let kept = desk.send("/surveys", &parts, None).await;
    assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.text);
    let address = kept.location().to_owned();
    let page = desk.get(&address).await;
    let version = page.text.split("/versions/").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let done = desk.post(&format!("{address}/versions/{version}/publish")).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
    (address, version)
}
