//! The interface for other systems, through the router.

use std::collections::BTreeSet;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::{Method, StatusCode, header},
    middleware::{self, Next},
    response::Response,
};
use linli_access::web::guard;
use linli_cases::read;
use linli_testkit::both_engines;
use linli_web::{App, Catalog, Ctx};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;

/// Stands in for the log-in: the request says who asks.
async fn as_told(mut request: Request, next: Next) -> Response {
    let who = request.headers().get("x-test-actor").map(|v| v.to_str().unwrap().to_owned());
    let actor = match who.as_deref() {
        Some("street") => street(),
        Some("other_street") => other_street(),
        Some("water") => water(),
        Some("centre") => centre(),
        Some("desk") => hotline::desk(),
        Some("client") => Actor::Client {
            id: Uuid::from_u128(9),
            name: "热线系统".into(),
            scopes: ["case.report", "case.list", "case.read", "hotline.push"].map(str::to_owned).to_vec(),
            area: STREET.parse().unwrap(),
        },
        _ => Actor::Public,
    };
    if let Some(ctx) = request.extensions_mut().get_mut::<Ctx>() {
        ctx.actor = actor;
    }
    next.run(request).await
}

pub(crate) fn service(d: &Arc<District>) -> Router {
    let manifests = [linli_web::manifest(), linli_access::manifest(), linli_cases::manifest()];
    let files: Vec<_> = manifests.iter().flat_map(|m| m.locales).copied().collect();
    let app = App::new(vec![(d.clone(), vec![])], Catalog::new(&files).unwrap(), true);
    guard::routes(&[linli_cases::manifest()])
        .layer(middleware::from_fn(as_told))
        .layer(middleware::from_fn_with_state(app.clone(), linli_web::entry::entry))
        .with_state(app)
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    kind: String,
    replayed: bool,
    bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }
}

async fn ask(
    d: &Arc<District>,
    who: &str,
    method: Method,
    path: &str,
    body: Option<Value>,
    key: &str,
) -> Answer {
    let mut request =
        Request::builder().method(method).uri(path).header("x-test-actor", who).header(header::HOST, "t");
    if !key.is_empty() {
        request = request.header("idempotency-key", key);
    }
    let body = body.map_or_else(Body::empty, |json| Body::from(json.to_string()));
    let response = service(d).oneshot(request.body(body).unwrap()).await.unwrap();
    let (head, body) = response.into_parts();
    Answer {
        status: head.status,
        kind: head
            .headers
            .get(header::CONTENT_TYPE)
            .map(|v| v.to_str().unwrap().to_owned())
            .unwrap_or_default(),
        replayed: head.headers.contains_key("idempotent-replayed"),
        bytes: to_bytes(body, usize::MAX).await.unwrap().to_vec(),
    }
}

pub(crate) async fn get(d: &Arc<District>, who: &str, path: &str) -> Answer {
    ask(d, who, Method::GET, path, None, "").await
}

async fn post(d: &Arc<District>, who: &str, path: &str, body: Value) -> Answer {
    ask(d, who, Method::POST, path, Some(body), "").await
}

fn told() -> Value {
    json!({
        "source": "hotline", "nature": "complaint", "text": "污水井冒水", "area": GRID, "external": "H-7",
        "lat": 37.51, "lng": 122.11, "reporter_phone": "13800138000", "category": WELL,
    })
}

both_engines! {
    async fn a_repeated_key_changes_nothing_and_answers_the_same(s) {
        let d = district(&s).await;
        let first = ask(&d, "client", Method::POST, "/api/v1/cases", Some(told()), "push-1").await;
        assert_eq!((first.status, first.replayed), (StatusCode::CREATED, false), "{}", first.json());
        let again = ask(&d, "client", Method::POST, "/api/v1/cases", Some(told()), "push-1").await;
        assert_eq!((again.status, again.replayed, again.json()), (StatusCode::CREATED, true, first.json()));
        // The table of keys, which is kept for weeks, does not hold the secret of the link.
        let url = first.json()["tracking_url"].as_str().unwrap().to_owned();
        let token = url.rsplit('/').next().unwrap();
        assert_eq!(get(&d, "", &format!("/api/v1/tracking/{token}")).await.status, StatusCode::OK);
        let kept: Vec<(String, String)> =
            d.db.read().await.unwrap().all("SELECT key, answer FROM idempotency", vec![]).await.unwrap();
        assert!(!kept.is_empty() && kept.iter().all(|(_, answer)| !answer.contains(token)), "{kept:?}");
        let mut other = told();
        other["text"] = json!("别的事");
        let reused = ask(&d, "client", Method::POST, "/api/v1/cases", Some(other), "push-1").await;
        assert_eq!(reused.status, StatusCode::CONFLICT);
        let bad = ask(&d, "client", Method::POST, "/api/v1/cases", Some(told()), "two words").await;
        assert_eq!((bad.status, bad.kind.as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "application/problem+json"));
        let listed = get(&d, "client", "/api/v1/cases").await.json();
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
        assert_eq!(listed["items"][0]["external"], "H-7");
        // A refused request does not use up its key.
        let number = first.json()["number"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/cases/{number}/actions/dispatch");
        let early = ask(&d, "street", Method::POST, &path, Some(json!({ "lead": org(GRID_ORG) })), "go").await;
        assert_eq!(early.status, StatusCode::CONFLICT, "{}", early.json());
        assert_eq!(post(&d, "street", &format!("/api/v1/cases/{number}/actions/file"), json!({})).await.status, StatusCode::OK);
        let now = ask(&d, "street", Method::POST, &path, Some(json!({ "lead": org(GRID_ORG) })), "go").await;
        assert_eq!((now.status, now.json()["state"].as_str()), (StatusCode::OK, Some("assigned")), "{}", now.json());
    }

    async fn only_the_hotline_s_people_use_its_numbers(s) {
        let d = district(&s).await;
        let wrong = |answer: &Answer| -> BTreeSet<String> {
            let errors = answer.json()["errors"].as_array().cloned().unwrap_or_default();
            errors.iter().map(|e| e["field"].as_str().unwrap().to_owned()).collect()
        };
        let mut mine = told();
        mine["reported_at"] = json!("2026-11-22T08:00:00+08:00");
        let refused = post(&d, "street", "/api/v1/cases", mine.clone()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.json());
        assert_eq!(wrong(&refused), ["external", "reported_at", "source"].map(str::to_owned).into());
        // So the message that the hotline sends under this number is taken.
        let pushed = json!({ "number": "H-7", "nature": "complaint", "text": "污水井冒水", "area": GRID });
        let taken = post(&d, "client", "/api/v1/hotline/cases", pushed).await;
        assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.json());
        // A case of its own, and the hotline's from whoever imports them.
        mine["external"] = json!("H-8");
        for (who, body) in [("street", json!({ "source": "property", "nature": "help", "text": "单元门坏了" })), ("desk", mine)] {
            let made = post(&d, who, "/api/v1/cases", body).await;
            assert_eq!(made.status, StatusCode::CREATED, "{who}: {}", made.json());
        }
    }

    async fn an_export_is_written_down_without_the_words_of_its_search(s) {
        let d = district(&s).await;
        report(&d, well()).await;
        let name = "%E7%8E%8B%E5%B0%8F%E6%98%8E";
        let searches = [("13800138000", "phone"), (name, "name"), ("HC20261123-000001", "number"), ("%E4%BA%95%20x", "words")];
        for (n, (typed, by)) in searches.into_iter().enumerate() {
            for path in [
                format!("/desk/cases/export/cases.csv?text={typed}&state=reported"),
                format!("/api/v1/cases/export?q={typed}&state=reported"),
            ] {
                let file = get(&d, "street", &path).await;
                assert_eq!(file.status, StatusCode::OK, "{path}");
            }
            let log: Vec<(String,)> = d.db.read().await.unwrap()
                .all("SELECT detail FROM activity WHERE action = 'case.export'", vec![]).await.unwrap();
            let told: Vec<Value> = log.iter().map(|(detail,)| serde_json::from_str(detail).unwrap()).collect();
            assert_eq!(told.iter().filter(|t| t["by"] == by).count(), 2, "{log:?}");
            assert_eq!(told.len(), 2 * (n + 1));
            for (detail,) in &log {
                assert!(detail.contains("reported"), "how else it was narrowed: {detail}");
                assert!(!detail.contains("13800138000") && !detail.contains("王小明") && !detail.contains(name), "{detail}");
            }
        }
    }

    async fn a_life_in_json(s) {
        let d = district(&s).await;
        let receipt = report(&d, well()).await;
        let path = |rest: &str| format!("/api/v1/cases/{}{rest}", receipt.id);
        let steps = [
            ("street", "file", json!({})),
            ("street", "blow_joint", json!({ "reason": "要水务局来" })),
            ("street", "recategorise", json!({ "category": LAMP })),
            ("street", "dispatch", json!({ "lead": org(WATER), "assisting": [org(ROADS)] })),
            ("water", "accept", json!({})),
            ("water", "arrive", json!({})),
            ("water", "resolve", json!({ "done": "疏通", "done_by": "李师傅", "extent": "solved", "reply": "好了" })),
            ("street", "start_verification", json!({})),
            ("street", "close", json!({ "outcome": "solved" })),
        ];
        for (who, action, body) in steps {
            let answer = post(&d, who, &path(&format!("/actions/{action}")), body).await;
            assert_eq!(answer.status, StatusCode::OK, "{action}: {}", answer.json());
        }
        let rated = post(&d, "", &format!("/api/v1/tracking/{}/actions/rate", receipt.token), json!({ "satisfaction": "satisfied" })).await;
        assert_eq!((rated.status, rated.json()["state"].as_str()), (StatusCode::OK, Some("rated")), "{}", rated.json());
        let one = get(&d, "street", &path("")).await.json();
        assert_eq!((one["state"].as_str(), one["reply"].as_str()), (Some("rated"), Some("好了")));
        assert_eq!(one["reporter"]["phone"], "138****8000");
        assert!(one["allowed"].as_array().unwrap().contains(&json!("note")));
        let fresh = report(&d, well()).await;
        let may = async || get(&d, "street", &format!("/api/v1/cases/{}", fresh.id)).await.json()["allowed"].as_array().unwrap().clone();
        assert!(!may().await.contains(&json!("clear_urgent")) && may().await.contains(&json!("flag_urgent")), "{:?}", may().await);
        let urgent = post(&d, "street", &format!("/api/v1/cases/{}/actions/flag_urgent", fresh.id), json!({ "reason": "漏电" })).await;
        assert_eq!(urgent.status, StatusCode::OK, "{}", urgent.json());
        assert!(may().await.contains(&json!("clear_urgent")) && !may().await.contains(&json!("flag_urgent")), "{:?}", may().await);
        assert_eq!(get(&d, "street", &path("/timeline")).await.json()["items"].as_array().unwrap().len(), 11);
        let tracked = get(&d, "", &format!("/api/v1/tracking/{}", receipt.token)).await;
        assert_eq!(tracked.json()["state"], "rated");
        let stats = get(&d, "centre", "/api/v1/cases/stats").await.json();
        assert_eq!(stats["board"]["by_state"]["rated"], 1, "{stats}");
        let map = get(&d, "centre", "/api/v1/cases/points?state=rated").await.json();
        assert_eq!(map["features"][0]["geometry"]["coordinates"], json!([122.11, 37.51]));
        for format in ["csv", "xlsx"] {
            let file = get(&d, "street", &format!("/api/v1/cases/export?format={format}")).await;
            assert_eq!(file.status, StatusCode::OK);
            assert!(if format == "csv" { String::from_utf8(file.bytes).unwrap().contains(&receipt.number) } else { file.bytes.starts_with(b"PK") });
        }
    }

    async fn who_holds_the_link_acts_as_the_reporter(s) {
        let d = district(&s).await;
        let receipt = report(&d, well()).await;
        let path = format!("/api/v1/tracking/{}/actions/comment", receipt.token);
        let said = post(&d, "street", &path, json!({ "text": "还在冒水" })).await;
        assert_eq!(said.status, StatusCode::OK, "{}", said.json());
        let sql = "SELECT actor FROM activity WHERE action = 'case.comment'";
        let by: Vec<(String,)> = d.db.read().await.unwrap().all(sql, vec![]).await.unwrap();
        assert_eq!(by, [("public".to_owned(),)]);
    }

    async fn refusals_are_problems(s) {
        let d = district(&s).await;
        let receipt = report(&d, well()).await;
        let path = |rest: &str| format!("/api/v1/cases/{}{rest}", receipt.id);
        let cases = [
            ("", Method::GET, path(""), None, StatusCode::UNAUTHORIZED),
            ("other_street", Method::GET, path(""), None, StatusCode::NOT_FOUND),
            ("water", Method::GET, path("/timeline"), None, StatusCode::NOT_FOUND),
            ("other_street", Method::GET, format!("/api/v1/cases/{}", receipt.number), None, StatusCode::NOT_FOUND),
            ("other_street", Method::POST, path("/actions/file"), None, StatusCode::NOT_FOUND),
            ("street", Method::POST, path("/actions/escalate"), None, StatusCode::NOT_FOUND),
            ("street", Method::POST, path("/actions/fly"), None, StatusCode::NOT_FOUND),
            ("street", Method::POST, path("/actions/dispatch"), Some(json!({ "lead": "x" })), StatusCode::UNPROCESSABLE_ENTITY),
            ("street", Method::POST, path("/actions/accept"), Some(json!({})), StatusCode::FORBIDDEN),
            ("client", Method::POST, "/api/v1/cases".into(), Some(json!({ "source": "hotline" })), StatusCode::UNPROCESSABLE_ENTITY),
            ("client", Method::GET, "/api/v1/cases/export".into(), None, StatusCode::FORBIDDEN),
            ("street", Method::GET, "/api/v1/cases?state=asleep".into(), None, StatusCode::UNPROCESSABLE_ENTITY),
            ("", Method::GET, "/api/v1/tracking/nothing".into(), None, StatusCode::NOT_FOUND),
        ];
        for (who, method, path, body, wanted) in cases {
            let answer = ask(&d, who, method, &path, body, "").await;
            assert_eq!((answer.status, answer.kind.as_str()), (wanted, "application/problem+json"), "{who} {path}");
            let problem = answer.json();
            assert!(problem["title"].as_str().unwrap().contains(' ') || !problem["title"].as_str().unwrap().is_ascii(), "{problem}");
        }
        let mut far = told();
        far["area"] = json!(FAR_GRID);
        // A place in the body that is nowhere, or not this key's, is a wrong field; only the address is “not there”.
        for (place, field) in [(far, "area"), (json!({ "area": "110101" }), "area"), (json!({ "area": null, "lat": 37.9, "lng": 122.9 }), "point")] {
            let mut wrong = told();
            for (name, value) in place.as_object().unwrap() {
                wrong[name] = value.clone();
            }
            let answer = post(&d, "client", "/api/v1/cases", wrong).await;
            assert_eq!((answer.status, answer.json()["errors"][0]["field"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some(field)), "{}", answer.json());
        }
        let mut conn = d.db.read().await.unwrap();
        assert_eq!(read::counts(&mut conn, &d, &scope(&d, &centre()), d.clock.now()).await.unwrap().open, 1);
    }
}

both_engines! {
    // Filters are kept for whoever asks; two at once both stay, and what is no filter is refused at its field.
    async fn filters_are_kept_for_their_keeper(s) {
        let d = district(&s).await;
        let put = |who: &'static str, name: &str, query: &str| {
            let (d, path) = (d.clone(), format!("/api/v1/cases/filters/{name}"));
            let body = json!({ "query": query });
            async move { ask(&d, who, Method::PUT, &path, Some(body), "").await }
        };
        let kept = |who: &'static str| {
            let d = d.clone();
            async move { ask(&d, who, Method::GET, "/api/v1/cases/filters", None, "").await.json() }
        };

        let (one, two) = tokio::join!(put("street", "one", "whistle=joint&open=yes"), put("street", "two", "?sort=due&state=filed"));
        assert_eq!((one.status, two.status), (StatusCode::OK, StatusCode::OK));
        assert_eq!(two.json(), json!({ "name": "two", "query": "state=filed&sort=due" }));
        assert_eq!(put("client", "theirs", "urgent=yes").await.status, StatusCode::OK);

        let all = kept("street").await;
        let names: BTreeSet<_> = all["items"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
        assert_eq!(names, BTreeSet::from(["one", "two"]));
        assert_eq!(kept("client").await["items"][0]["name"], "theirs");
        assert_eq!(kept("water").await, json!({ "items": [] }));

        for strange in ["", "open=yes&colour=red", "done=x", "%zz=1"] {
            let refused = put("street", "three", strange).await;
            assert_eq!((refused.status, refused.json()["errors"][0]["field"].clone()), (StatusCode::UNPROCESSABLE_ENTITY, json!("query")), "{strange}");
        }
        let long = put("street", &"x".repeat(31), "open=yes").await;
        assert_eq!((long.status, long.json()["errors"][0]["field"].clone()), (StatusCode::UNPROCESSABLE_ENTITY, json!("name")));

        let drop = |who: &'static str| ask(&d, who, Method::DELETE, "/api/v1/cases/filters/one", None, "");
        assert_eq!(drop("water").await.status, StatusCode::NOT_FOUND);
        assert_eq!(drop("street").await.status, StatusCode::OK);
        assert_eq!(kept("street").await["items"].as_array().unwrap().len(), 1);
    }
}
