//! Pages of residents, without a server: the pace at the doors, the looks, and the answer that outlives the phone.

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{StatusCode, header},
    middleware::{self, Next},
};
use http_body_util::BodyExt as _;
use linli_household::{
    claims::{self, Proof},
    code::Label,
    model::Basis,
    privacy::{
        self, Rule,
        request::{self, Kind},
    },
};
use linli_testkit::both_engines;
use linli_web::{App, Catalog, Ctx, Manifest, limit::Purpose};
use tower::ServiceExt as _;

use super::*;
use crate::codes::code_of;

/// The pages for anybody with a browser, and the process behind them.
pub(crate) struct Pages(Router, App);

impl Pages {
    pub(crate) fn new(d: &Arc<District>) -> Self {
        Self::by(d, &Actor::Public)
    }

    /// As somebody who is logged in.
    pub(crate) fn by(d: &Arc<District>, actor: &Actor) -> Self {
        let all: [Manifest; 4] = [
            linli_web::manifest(),
            linli_access::manifest(),
            linli_grid::manifest(),
            linli_household::manifest(),
        ];
        let files: Vec<_> = all.iter().flat_map(|m| m.locales).copied().collect();
        let app = App::new(vec![(d.clone(), vec![])], Catalog::new(&files).unwrap(), true);
        let actor = actor.clone();
        let known = move |mut request: Request, next: Next| {
            let actor = actor.clone();
            async move {
                let ctx = request.extensions().get::<Ctx>().cloned().unwrap();
                request.extensions_mut().insert(Ctx { actor, ..ctx });
                next.run(request).await
            }
        };
        let router = linli_access::web::guard::routes(&[linli_household::manifest()])
            .layer(middleware::from_fn(known))
            .layer(middleware::from_fn_with_state(app.clone(), linli_web::entry::entry))
            .with_state(app.clone());
        Self(router, app)
    }

    pub(crate) async fn ask(&self, request: Request) -> (StatusCode, String) {
        let answer = self.0.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8_lossy(&bytes).into_owned())
    }

    pub(crate) async fn get(&self, path: &str, session: &str) -> String {
        let cookie = format!("{}={session}", claims::SESSION);
        let asked = Request::get(path).header(header::HOST, "test").header(header::COOKIE, cookie);
        let (status, text) = self.ask(asked.body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::OK, "{path}: {text}");
        text
    }

    async fn post(&self, path: &str, form: &str) -> StatusCode {
        let asked = Request::post(path)
            .header(header::HOST, "test")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.ask(asked.body(Body::from(form.to_owned())).unwrap()).await.0
    }
}

/// What the browser of somebody keeps who has proven a phone.
async fn session(d: &Arc<District>, phone: &str) -> String {
    let access = d.port::<Access>().unwrap();
    let mut asking = op(d, Actor::Public).await;
    let id = claims::ask(&mut asking, None, phone).await.unwrap().id;
    asking.commit().await.unwrap();
    let digits = claims::digits_of(&mut d.db.read().await.unwrap(), &access, id).await.unwrap();
    let mut proving = op(d, Actor::Public).await;
    let Proof::Right(token) = claims::prove(&mut proving, id, &digits, "").await.unwrap() else {
        panic!("right digits")
    };
    proving.commit().await.unwrap();
    token
}

both_engines! {
    async fn a_script_at_a_door_is_slowed_and_a_resident_is_not(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        add(&d, here, &facts("王小明", ID, PHONE)).await;
        let label = Label(code_of(&d, here).await.n).text(&d.port::<Access>().unwrap(), &d.area).unwrap();
        let path = format!("/d/{label}/same");
        let pages = Pages::new(&d);
        assert_eq!(pages.post(&path, "").await, StatusCode::SEE_OTHER);
        // However slow this machine is: with the measure spent just before, a form is sent away.
        let mut refused = false;
        for _ in 0..50 {
            while pages.1.limits().check(Purpose::Form, "local").is_ok() {}
            refused |= pages.post(&path, "").await == StatusCode::TOO_MANY_REQUESTS;
        }
        assert!(refused, "forms from phones that are not proven have a pace");
        let waiting: i64 = d.db.read().await.unwrap()
            .scalar("SELECT count(*) FROM claim WHERE state = 'waiting'", vec![]).await.unwrap();
        assert_eq!(waiting, 1, "one that nothing has changed for each home");
        // Reading goes on behind the same address.
        assert!(pages.get(&format!("/d/{label}"), "").await.contains("30天内销毁"));
    }

    async fn the_sentence_above_the_form_says_what_the_table_says(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let label = Label(code_of(&d, here).await.n).text(&d.port::<Access>().unwrap(), &d.area).unwrap();
        let mut op = op(&d, actor(Role::SystemAdmin, DISTRICT)).await;
        let rule = Rule { fields: "forms".into(), purpose: None, basis: Basis::Consent, basis_note: None, days: 14 };
        privacy::save(&mut op, rule).await.unwrap();
        op.commit().await.unwrap();
        for page in ["", "/same", "/fill?skip=1"] {
            let shown = Pages::new(&d).get(&format!("/d/{label}{page}"), "").await;
            assert!(shown.contains("14天内销毁") && !shown.contains("30天内销毁"), "{page}: {shown}");
        }
    }

    async fn the_answer_to_an_erasure_is_read_by_the_phone_that_asked(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let id = add(&d, here, &facts("王小明", ID, PHONE)).await.id;
        let mut ask = op(&d, Actor::Public).await;
        let asked = request::ask(&mut ask, id, Kind::Erasure, "").await.unwrap();
        ask.commit().await.unwrap();
        let mut erase = op(&d, secretary()).await;
        request::erase(&mut erase, asked).await.unwrap();
        erase.commit().await.unwrap();
        let pages = Pages::new(&d);
        let page = pages.get("/my", &session(&d, PHONE).await).await;
        for words in ["删除本人信息", "已办结", "联系电话", "已删除 1 项", "住在本区的人的登记信息", "保留，依据：法定职责"] {
            assert!(page.contains(words), "{words}: {page}");
        }
        assert!(!page.contains("王小明"), "the phone is nobody's any more: {page}");
        assert!(!page.contains("迁出、去世人员"), "they live here: {page}");
        // Another phone reads nothing of it, and after a month this one reads nothing either.
        assert!(!pages.get("/my", &session(&d, "10000000009").await).await.contains("删除本人信息"));
        d.clock.advance(std::time::Duration::from_hours(24 * 31));
        assert!(!pages.get("/my", &session(&d, PHONE).await).await.contains("删除本人信息"));
    }

    async fn the_page_names_the_sheet_and_why(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        add(&d, here, &facts("王小明", ID, PHONE)).await;
        d.clock.advance(std::time::Duration::from_mins(1));
        let pages = Pages::new(&d);
        let locale = pages.1.catalog().locale(linli_store::op::Language::Chinese);
        let mut op = op(&d, secretary()).await;
        app::export(&mut op, &area(GRID), "核对疫苗接种", &locale).await.unwrap();
        op.commit().await.unwrap();
        let page = pages.get("/my", &session(&d, PHONE).await).await;
        assert!(page.contains("第1网格居民名单（含证件号和电话）") && page.contains("核对疫苗接种"), "{page}");
    }
}
