//! A small district with the base data of the synthetic one, and its pages without a server.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
};
use http_body_util::BodyExt as _;
use linli_access::{Access, Limits, Master};
use linli_demo::district::District as Plan;
use linli_grid::{Atlas, AtlasPort, seed};
use linli_kernel::{
    Actor, Clock, Ids, Role, Timestamp,
    actor::{AccountId, OrgId, Post},
};
use linli_store::{District, Migration, Op, Ports, migrate};
use linli_testkit::Scratch;
use linli_web::{App, Catalog, Ctx, Manifest};
use tower::ServiceExt as _;

pub(crate) const AT: Timestamp = Timestamp::from_millis(1_792_000_000_000);

fn manifests() -> Vec<Manifest> {
    vec![linli_web::manifest(), linli_access::manifest(), linli_grid::manifest()]
}

/// An empty district whose tables are there.
pub(crate) async fn district(scratch: &Scratch) -> Arc<District> {
    let migrations: Vec<Migration> = linli_store::MIGRATIONS
        .iter()
        .chain(manifests().iter().flat_map(|m| m.migrations))
        .copied()
        .collect();
    migrate::migrate(&scratch.db, &migrations, AT).await.unwrap();
    let ids = Ids::seeded(7);
    let master = Master::create(&scratch.folder.path().join("master.key"), &ids).unwrap();
    let limits = Limits { hash_memory_kib: 64, hash_passes: 1, ..Limits::default() };
    let access = Access::open(&scratch.db, master, limits, Ids::seeded(8), AT).await.unwrap();
    Arc::new(District {
        name: "huancui".to_owned(),
        area: "371002".parse().unwrap(),
        prefix: "HC".to_owned(),
        db: scratch.db.clone(),
        clock: Clock::fixed(AT),
        ids,
        ports: Ports::default().with(AtlasPort::default()).with(access),
    })
}

/// The plan that every seed of these tests uses.
pub(crate) fn plan() -> Plan {
    Plan::generate(7, 0.01).unwrap()
}

/// Writes the whole base and loads it.
pub(crate) async fn settled(scratch: &Scratch) -> Arc<District> {
    let district = district(scratch).await;
    let mut op = district.op("test").await.unwrap();
    seed::write(&mut op, &linli_demo::land(&plan())).await.unwrap();
    op.commit().await.unwrap();
    reload(&district).await;
    district
}

pub(crate) async fn reload(district: &District) {
    let mut conn = district.db.read().await.unwrap();
    district.port::<AtlasPort>().unwrap().reload(&mut conn).await.unwrap();
}

pub(crate) fn atlas(district: &District) -> Arc<Atlas> {
    district.port::<AtlasPort>().unwrap().get()
}

/// Somebody with one post at `area`.
pub(crate) fn person(role: Role, area: &str) -> Actor {
    let org = OrgId(uuid::Uuid::from_u128(1));
    let posts = vec![Post { role, area: area.parse().unwrap(), org }];
    Actor::Account { id: AccountId(uuid::Uuid::from_u128(2)), name: "测试员".to_owned(), posts }
}

pub(crate) async fn op(district: &Arc<District>, actor: Actor) -> Op {
    Op::begin(district.clone(), &district.db, actor, "test".to_owned()).await.unwrap()
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) bytes: Vec<u8>,
}

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
        let router = linli_access::web::guard::routes(&[linli_grid::manifest()])
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

    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let body = serde_urlencoded::to_string(form).unwrap();
        let request = Request::post(path)
            .header(header::HOST, "test")
            .header(header::ORIGIN, "http://test")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.ask(request.body(Body::from(body)).unwrap()).await
    }

    /// Sends a form with one file.
    pub(crate) async fn upload(&self, path: &str, form: &[(&str, &str)], name: &str, bytes: &[u8]) -> Answer {
        let mut body = Vec::new();
        for (field, value) in form {
            body.extend(
                format!("--b\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n").bytes(),
            );
        }
        body.extend(
            format!("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n")
                .bytes(),
        );
        body.extend_from_slice(bytes);
        body.extend(b"\r\n--b--\r\n");
        let request = Request::post(path)
            .header(header::HOST, "test")
            .header(header::ORIGIN, "http://test")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b");
        self.ask(request.body(Body::from(body)).unwrap()).await
    }
}
