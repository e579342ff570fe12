//! A stand-in peer: it checks signatures, takes each message once, keeps a copy, and can be away, slow or stubborn.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
    routing::post,
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::{sync::Notify, task::JoinHandle};

#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Every try: the message's id, and its changes' numbers.
    pub(super) tries: Vec<(String, Vec<i64>)>,
    /// Messages that were taken.
    taken: BTreeSet<String>,
    /// Changes that were taken, by thing, in the order of their coming.
    pub(super) by_thing: BTreeMap<String, Vec<i64>>,
    /// The peer's copy: things that are there.
    pub(super) copy: BTreeMap<String, Value>,
}

#[derive(Clone)]
pub(super) struct Peer {
    pub(super) kept: Arc<Mutex<Kept>>,
    answer: Arc<Mutex<StatusCode>>,
    /// Takes the message, and answers only when it is told to.
    pub(super) slow: Arc<Mutex<Option<Arc<Notify>>>>,
    pub(super) secret: Arc<Mutex<String>>,
    pub(super) port: u16,
}

fn genuine(secret: &str, headers: &HeaderMap, body: &str) -> bool {
    let text = |name: &str| headers.get(name).unwrap().to_str().unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{}.{body}", text("x-linli-timestamp")).as_bytes());
    let own = mac.finalize().into_bytes().iter().fold("v1=".to_owned(), |hex, b| format!("{hex}{b:02x}"));
    own == text("x-linli-signature")
}

/// No connection outlives an answer: a peer that is away is away.
async fn heard(state: State<Peer>, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    ([(header::CONNECTION, "close")], taken(state, headers, body).await)
}

async fn taken(State(peer): State<Peer>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let body = String::from_utf8(body.to_vec()).unwrap();
    if !genuine(&peer.secret.lock().unwrap(), &headers, &body) {
        return StatusCode::UNAUTHORIZED;
    }
    let id = headers.get("x-linli-delivery").unwrap().to_str().unwrap().to_owned();
    let told: Value = serde_json::from_str(&body).unwrap();
    let changes = told["changes"].as_array().unwrap();
    let answer = *peer.answer.lock().unwrap();
    {
        let mut kept = peer.kept.lock().unwrap();
        kept.tries.push((id.clone(), changes.iter().map(|c| c["seq"].as_i64().unwrap()).collect()));
        // An answer that says no means that nothing was taken.
        if answer.is_success() && kept.taken.insert(id) {
            for change in changes {
                let thing =
                    format!("{} {}", change["kind"].as_str().unwrap(), change["id"].as_str().unwrap());
                kept.by_thing.entry(thing.clone()).or_default().push(change["seq"].as_i64().unwrap());
                if change["deleted"] == true {
                    kept.copy.remove(&thing);
                } else {
                    kept.copy.insert(thing, change["fields"].clone());
                }
            }
        }
    }
    let slow = peer.slow.lock().unwrap().clone();
    if let Some(go_on) = slow {
        go_on.notified().await;
    }
    answer
}

impl Peer {
    pub(super) fn new() -> Self {
        Self {
            kept: Arc::default(),
            answer: Arc::new(Mutex::new(StatusCode::NO_CONTENT)),
            slow: Arc::default(),
            secret: Arc::default(),
            port: 0,
        }
    }

    /// Listens; on the port where it was before, if it was.
    pub(super) async fn listen(&mut self) -> JoinHandle<()> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.port = listener.local_addr().unwrap().port();
        let service = Router::new().route("/news", post(heard)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, service).await.unwrap() })
    }

    pub(super) fn answers(&self, status: StatusCode) {
        *self.answer.lock().unwrap() = status;
    }

    pub(super) fn tries(&self) -> usize {
        self.kept.lock().unwrap().tries.len()
    }

    pub(super) fn names(&self) -> Vec<String> {
        let kept = self.kept.lock().unwrap();
        let mut names: Vec<String> =
            kept.copy.values().filter_map(|f| Some(f["name"].as_str()?.to_owned())).collect();
        names.sort();
        names
    }

    /// Of one thing no later word came before an earlier one, and none twice.
    pub(super) fn is_in_order(&self) -> bool {
        let kept = self.kept.lock().unwrap();
        kept.by_thing.values().all(|seqs| seqs.windows(2).all(|two| two[0] < two[1]))
    }
}
