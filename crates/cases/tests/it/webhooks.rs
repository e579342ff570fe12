//! News of cases to other systems, told to a catcher on this machine: signed, at least once under one id,
//! in the order of each case, through failures of the receiver.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use hmac::{Hmac, KeyInit, Mac};
use linli_cases::{
    events::ChangesWanted,
    hotline::webhook::{self, Delivery, NewWebhook, WebhookId},
};
use linli_testkit::both_engines;
use linli_web::outward::Reach;
use serde_json::Value;
use sha2::Sha256;
use tokio::task::JoinHandle;

use super::*;

#[derive(Debug, Clone)]
struct Caught {
    id: String,
    timestamp: i64,
    signature: String,
    body: String,
}

impl Caught {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// As a receiver checks it, with its own copy of the secret.
    fn is_genuine(&self, secret: &str, now: i64) -> bool {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("{}.{}", self.timestamp, self.body).as_bytes());
        let own = mac.finalize().into_bytes().iter().fold("v1=".to_owned(), |hex, b| format!("{hex}{b:02x}"));
        own == self.signature && (now - self.timestamp).abs() <= 300
    }
}

/// A receiver that notes what comes and answers as it is told.
#[derive(Clone)]
struct Catcher {
    caught: Arc<Mutex<Vec<Caught>>>,
    answer: Arc<Mutex<StatusCode>>,
    port: u16,
}

async fn heard(State(catcher): State<Catcher>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let text = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
    catcher.caught.lock().unwrap().push(Caught {
        id: text("x-linli-delivery"),
        timestamp: text("x-linli-timestamp").parse().unwrap(),
        signature: text("x-linli-signature"),
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    *catcher.answer.lock().unwrap()
}

impl Catcher {
    /// Listens; on the port where it was before, if it was.
    async fn listen(&mut self) -> JoinHandle<()> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.port = listener.local_addr().unwrap().port();
        let service = Router::new().route("/hook", post(heard)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, service).await.unwrap() })
    }

    fn new() -> Self {
        let answer = Arc::new(Mutex::new(StatusCode::NO_CONTENT));
        Self { caught: Arc::default(), answer, port: 0 }
    }

    fn answers(&self, status: StatusCode) {
        *self.answer.lock().unwrap() = status;
    }

    fn all(&self) -> Vec<Caught> {
        self.caught.lock().unwrap().clone()
    }

    /// States in the order of their coming, with their numbers.
    fn states(&self, number: &str) -> Vec<String> {
        let of_case = |c: &Caught| c.json()["number"] == number;
        self.all()
            .iter()
            .filter(|c| of_case(c))
            .map(|c| c.json()["state"].as_str().unwrap().to_owned())
            .collect()
    }
}

async fn telling(s: &Scratch) -> Arc<District> {
    telling_by(s, Reach::this_machine()).await
}

async fn telling_by(s: &Scratch, reach: Reach) -> Arc<District> {
    let d = Arc::into_inner(district(s).await).unwrap();
    let ports = d.ports.with(ChangesWanted(&[linli_cases::events::CHANGED])).with(reach);
    Arc::new(District { ports, ..d })
}

fn officer() -> Actor {
    person(30, Role::SecurityOfficer, DISTRICT, CENTRE_ORG)
}

async fn hook(d: &Arc<District>, port: u16) -> (WebhookId, String) {
    hook_of(d, port, vec![Source::Hotline]).await
}

async fn hook_of(d: &Arc<District>, port: u16, sources: Vec<Source>) -> (WebhookId, String) {
    let new =
        NewWebhook { name: "热线系统".into(), url: format!("http://127.0.0.1:{port}/hook"), sources };
    let mut op = op(d, officer()).await;
    let made = webhook::create(&mut op, new).await.unwrap();
    op.commit().await.unwrap();
    made
}

async fn pushed(d: &Arc<District>, number: &str) -> CaseId {
    let told = serde_json::json!({ "number": number, "text": "路灯不亮", "area": GRID, "category": LAMP });
    let pushed = serde_json::from_value(told).unwrap();
    let client = Actor::Client {
        id: Uuid::from_u128(9),
        name: "热线系统".into(),
        scopes: vec!["hotline.push".to_owned()],
        area: DISTRICT.parse().unwrap(),
    };
    let mut op = op(d, client).await;
    let receipt = linli_cases::hotline::push::take(&mut op, pushed).await.unwrap().unwrap();
    op.commit().await.unwrap();
    receipt.id
}

/// As many turns as there is something due; failures of the receiver are expected.
async fn work(d: &Arc<District>) {
    let handlers = (linli_cases::manifest().handlers)();
    while worker::turn(d, &handlers).await.unwrap() > 0 {}
}

async fn deliveries(d: &Arc<District>, hook: WebhookId) -> Vec<Delivery> {
    webhook::deliveries(&mut d.db.read().await.unwrap(), hook, None, 100).await.unwrap().items
}

/// A case from its first triage to its end.
async fn ended(d: &Arc<District>, case: CaseId) {
    act(d, &street(), case, Command::File).await;
    triage(d, &street(), case, joint(WATER)).await;
    act(d, &water(), case, Command::Accept).await;
    act(d, &water(), case, Command::Arrive { plan: None }).await;
    act(d, &water(), case, resolution()).await;
    act(d, &street(), case, Command::StartVerification).await;
    act(d, &street(), case, Command::Close { outcome: linli_cases::model::Outcome::Solved, note: None })
        .await;
}

both_engines! {
    async fn one_that_never_answers_holds_up_no_other(s) {
        const CASES: usize = 6;
        let patience = Duration::from_secs(3);
        let d = telling_by(&s, Reach::this_machine().waiting(patience)).await;
        // It takes the call and says nothing.
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = silent.local_addr().unwrap().port();
        let held = tokio::spawn(async move {
            let mut open = Vec::new();
            loop {
                open.push(silent.accept().await.unwrap());
            }
        });
        let (hanging, _) = hook(&d, port).await;
        let mut catcher = Catcher::new();
        let server = catcher.listen().await;
        hook(&d, catcher.port).await;
        for n in 0..CASES {
            pushed(&d, &format!("W-{n}")).await;
        }
        let began = std::time::Instant::now();
        work(&d).await;
        assert_eq!(catcher.all().len(), CASES, "everybody else has heard");
        assert!(began.elapsed() < patience * 4, "not one wait for each letter: {:?}", began.elapsed());
        assert!(deliveries(&d, hanging).await.iter().all(|one| one.delivered_at.is_none() && one.failed_at.is_none()));
        held.abort();
        server.abort();
    }

    async fn other_systems_hear_no_more_than_everybody_who_asks(s) {
        let d = telling(&s).await;
        let mut catcher = Catcher::new();
        let server = catcher.listen().await;
        let (id, _) = hook_of(&d, catcher.port, vec![Source::Hotline, Source::Open311]).await;
        let told = async |source, hidden, external: &str| {
            let reporter = ReporterInput { hidden, ..well().reporter };
            let mut op = op(&d, Actor::System).await;
            let (external, category) = (Some(external.to_owned()), Some(LAMP.into()));
            let new = NewReport { source, reporter, external, category, ..well() };
            let receipt = app::report(&mut op, new).await.unwrap();
            op.commit().await.unwrap();
            receipt.id
        };
        for (source, hidden, number) in [
            (Source::Open311, false, "open"),
            (Source::Open311, true, "shy"),
            (Source::Hotline, true, "hotline"),
        ] {
            let case = told(source, hidden, number).await;
            ended(&d, case).await;
        }
        work(&d).await;
        let last = |number: &str| {
            let caught = catcher.all();
            let news = caught.iter().map(Caught::json).rfind(|news| news["number"] == number).unwrap();
            assert_eq!(news["state"], "closed", "{news}");
            news["reply"].clone()
        };
        assert_eq!(last("open"), "井已疏通，请放心");
        assert_eq!(last("shy"), Value::Null, "as a list of requests tells it");
        assert_eq!(last("hotline"), "井已疏通，请放心", "the hotline's own message has its reply");
        for one in deliveries(&d, id).await {
            assert!(serde_json::to_value(&one).unwrap().get("body").is_none(), "who looks after addresses reads no case");
        }
        server.abort();
    }

    async fn what_happens_to_a_case_is_told_signed_in_its_order(s) {
        let d = telling(&s).await;
        let mut catcher = Catcher::new();
        let server = catcher.listen().await;
        let (_, secret) = hook(&d, catcher.port).await;
        let case = pushed(&d, "W-1").await;
        work(&d).await;
        act(&d, &street(), case, Command::File).await;
        work(&d).await;
        triage(&d, &street(), case, joint(WATER)).await;
        work(&d).await;
        act(&d, &water(), case, Command::Accept).await;
        act(&d, &water(), case, Command::Arrive { plan: None }).await;
        act(&d, &water(), case, resolution()).await;
        work(&d).await;
        act(&d, &street(), case, Command::StartVerification).await;
        act(&d, &street(), case, Command::Close { outcome: linli_cases::model::Outcome::Solved, note: None }).await;
        work(&d).await;

        let states = catcher.states("W-1");
        assert_eq!(states.first().map(String::as_str), Some("reported"), "{states:?}");
        assert_eq!(states.last().map(String::as_str), Some("closed"), "{states:?}");
        let caught = catcher.all();
        let now = d.clock.now().millis() / 1000;
        let places: Vec<i64> = caught.iter().map(|c| c.json()["sequence"].as_i64().unwrap()).collect();
        assert!(places.is_sorted_by(|a, b| a < b), "each place once, in order: {places:?}");
        let ids: BTreeSet<&str> = caught.iter().map(|c| c.id.as_str()).collect();
        assert_eq!(ids.len(), caught.len());
        for c in &caught {
            assert!(c.is_genuine(&secret, now), "signed with the secret that was shown");
            assert!(!c.is_genuine("another", now) && !c.is_genuine(&secret, now + 301));
            assert_eq!(c.json()["id"], c.id.as_str());
        }
        assert_eq!(caught.last().unwrap().json()["reply"], "井已疏通，请放心");
        assert_eq!(outbox::depth(&d.db).await.unwrap().1, 0);
        server.abort();
    }

    async fn who_was_merged_hears_of_the_case_that_is_worked_on(s) {
        let d = telling(&s).await;
        let mut catcher = Catcher::new();
        let server = catcher.listen().await;
        hook(&d, catcher.port).await;
        let (main, follower) = (pushed(&d, "W-1").await, pushed(&d, "W-2").await);
        for case in [main, follower] {
            act(&d, &street(), case, Command::File).await;
        }
        work(&d).await;
        act(&d, &street(), follower, Command::Merge { into: main }).await;
        work(&d).await;
        triage(&d, &street(), main, joint(WATER)).await;
        work(&d).await;
        act(&d, &water(), main, Command::Accept).await;
        work(&d).await;
        assert_eq!(catcher.states("W-2"), ["filed", "filed", "assigned", "accepted"]);
        let theirs: Vec<Value> = catcher.all().iter().map(Caught::json).filter(|c| c["number"] == "W-2").collect();
        let places: Vec<i64> = theirs.iter().map(|c| c["sequence"].as_i64().unwrap()).collect();
        assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
        let (first, last) = (theirs.first().unwrap(), theirs.last().unwrap());
        assert!(first["together_with"].is_null() && last["together_with"].is_string(), "{last}");
        assert_ne!(last["case"], last["together_with"], "their own number stays");
        server.abort();
    }

    async fn a_receiver_that_was_down_hears_everything_in_order(s) {
        let d = telling(&s).await;
        let mut catcher = Catcher::new();
        let server = catcher.listen().await;
        let (hook, secret) = hook(&d, catcher.port).await;
        server.abort();
        assert!(server.await.unwrap_err().is_cancelled());
        // Nobody listens: two cases move on meanwhile.
        let cases = [pushed(&d, "W-1").await, pushed(&d, "W-2").await];
        work(&d).await;
        for case in cases {
            act(&d, &street(), case, Command::File).await;
            work(&d).await;
            triage(&d, &street(), case, joint(WATER)).await;
            work(&d).await;
        }
        assert_eq!(catcher.all().len(), 0);
        assert!(deliveries(&d, hook).await.iter().all(|one| one.delivered_at.is_none() && one.failed_at.is_none()));
        // It is back, but overloaded for a while.
        let server = catcher.listen().await;
        catcher.answers(StatusCode::SERVICE_UNAVAILABLE);
        d.clock.advance(Duration::from_mins(1));
        work(&d).await;
        let tried = catcher.all();
        assert!(!tried.is_empty());
        catcher.answers(StatusCode::OK);
        for _ in 0..8 {
            d.clock.advance(Duration::from_mins(2));
            work(&d).await;
        }
        let after = catcher.all().split_off(tried.len());
        for number in ["W-1", "W-2"] {
            let of_case: Vec<&Caught> = after.iter().filter(|c| c.json()["number"] == number).collect();
            let states: Vec<Value> = of_case.iter().map(|c| c.json()["state"].clone()).collect();
            assert_eq!(states, ["reported", "filed", "assigned"], "{number}");
        }
        // The id of the failed tries is the id of those that came through.
        let ids: BTreeSet<&str> = after.iter().map(|c| c.id.as_str()).collect();
        assert!(tried.iter().all(|c| ids.contains(c.id.as_str())));
        let now = d.clock.now().millis() / 1000;
        assert!(after.iter().rev().take(1).all(|c| c.is_genuine(&secret, now) || now - c.timestamp > 300));
        assert!(deliveries(&d, hook).await.iter().all(|one| one.delivered_at.is_some()));
        assert_eq!(outbox::depth(&d.db).await.unwrap().1, 0);
        server.abort();
    }

    async fn what_is_refused_is_shown_and_can_be_sent_again(s) {
        let d = telling(&s).await;
        let mut catcher = Catcher::new();
        let server = catcher.listen().await;
        catcher.answers(StatusCode::BAD_REQUEST);
        let (hook, _) = hook(&d, catcher.port).await;
        let case = pushed(&d, "W-1").await;
        work(&d).await;
        let dead = deliveries(&d, hook).await;
        assert_eq!((dead.len(), dead[0].status, dead[0].attempts), (1, Some(400), 1));
        assert!(dead[0].failed_at.is_some());
        assert_eq!(outbox::depth(&d.db).await.unwrap().1, 1, "seen among what was set aside");
        // What comes later is not held up by it.
        catcher.answers(StatusCode::OK);
        act(&d, &street(), case, Command::File).await;
        work(&d).await;
        assert_eq!(catcher.states("W-1"), ["reported", "filed"]);
        let mut again = op(&d, officer()).await;
        webhook::resend(&mut again, dead[0].id).await.unwrap();
        again.commit().await.unwrap();
        work(&d).await;
        assert_eq!(catcher.states("W-1"), ["reported", "filed", "reported"]);
        assert!(deliveries(&d, hook).await.iter().all(|one| one.delivered_at.is_some()));
        let mut twice = op(&d, officer()).await;
        assert!(matches!(webhook::resend(&mut twice, dead[0].id).await, Err(Error::Conflict(_))));
        drop(twice);
        server.abort();
    }

    async fn a_stopped_address_hears_the_last_state_when_it_goes_on(s) {
        let d = telling(&s).await;
        let mut catcher = Catcher::new();
        let server = catcher.listen().await;
        let (hook, _) = hook(&d, catcher.port).await;
        let active = async |on: bool| {
            let mut op = op(&d, officer()).await;
            webhook::set_active(&mut op, hook, on).await.unwrap();
            op.commit().await.unwrap();
        };
        active(false).await;
        let case = pushed(&d, "W-1").await;
        work(&d).await;
        act(&d, &street(), case, Command::File).await;
        work(&d).await;
        assert!(catcher.all().is_empty());
        active(true).await;
        work(&d).await;
        assert_eq!(catcher.states("W-1"), ["filed"]);
        server.abort();
    }

    async fn an_address_inside_is_refused_unless_the_settings_name_it(s) {
        let d = telling(&s).await;
        let d = Arc::into_inner(d).unwrap();
        let d = Arc::new(District { ports: d.ports.with(Reach::default()), ..d });
        let mut op = op(&d, officer()).await;
        for url in ["http://127.0.0.1:9/hook", "https://169.254.169.254/", "https://10.0.0.1/"] {
            let new = NewWebhook { name: "x".into(), url: url.into(), sources: vec![Source::Hotline] };
            let refused = webhook::create(&mut op, new).await;
            assert!(matches!(&refused, Err(Error::Invalid(f)) if f[0].key == "webhook-url-bad"), "{url} {refused:?}");
        }
        // An address that was allowed once is looked at again when something is sent.
        let kept = serde_json::json!(["hotline"]);
        op.tx
            .execute(
                "INSERT INTO webhook (id, name, url, secret, sources, active, created_by, created_at, updated_at)
                 VALUES ($1, 'x', 'http://127.0.0.1:9/hook', $2, $3, $4, 'x', $5, $5)",
                linli_kernel::params![
                    Uuid::from_u128(77),
                    d.port::<Access>().unwrap().keyring.seal(linli_access::Purpose::Partner, &format!("webhook/{}/secret", Uuid::from_u128(77)), b"s").unwrap(),
                    kept,
                    true,
                    d.clock.now()
                ],
            )
            .await
            .unwrap();
        op.commit().await.unwrap();
        pushed(&d, "W-1").await;
        work(&d).await;
        let dead = deliveries(&d, WebhookId(Uuid::from_u128(77))).await;
        assert!(dead[0].failed_at.is_some() && dead[0].error.as_deref().unwrap().contains("settings"), "{dead:?}");
    }
}
