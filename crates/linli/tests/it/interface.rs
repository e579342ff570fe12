//! The interface against its own document: every route is described, and a bounded, seeded fuzz sends what the
//! document allows and what it forbids, as everybody, and holds each answer to what was promised.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use linli::wiring;
use linli_testkit::{
    both_engines,
    schema::{Schemas, faults},
};
use serde_json::{Value, json};

use crate::{
    call::{Caller, made_key},
    fuzz::{Dice, Fuzz, Pool},
    house::{House, house},
};

/// One operation of the document.
struct Operation {
    verb: String,
    path: String,
    said: Value,
}

impl Operation {
    fn parameters(&self) -> Vec<Value> {
        self.said["parameters"].as_array().cloned().unwrap_or_default()
    }

    fn body(&self) -> Option<&Value> {
        self.said.pointer("/requestBody/content/application~1json/schema")
    }

    /// Whether it takes files, which these requests do not bring.
    fn takes_files(&self) -> bool {
        self.said.pointer("/requestBody/content/multipart~1form-data").is_some()
    }

    fn has_key(&self) -> bool {
        self.parameters().iter().any(|p| p["name"] == "Idempotency-Key")
    }

    /// Holds an answer to what the document says; what it breaks is told.
    fn hold(&self, reply: &crate::call::Reply, schemas: &Schemas) -> Result<(), String> {
        let status = reply.status;
        if status.is_server_error() {
            return Err(format!("{status} {}", reply.text()));
        }
        let promised = &self.said["responses"][status.as_str()];
        if !promised.is_object() {
            return Err(format!("{status} is not in the document: {}", reply.text()));
        }
        if status.is_client_error() {
            let told = serde_json::from_slice::<Value>(&reply.bytes).unwrap_or_default();
            let problem = reply.kind == "application/problem+json" && told["status"] == status.as_u16();
            return if problem {
                Ok(())
            } else {
                Err(format!("{status} is told as {}: {}", reply.kind, reply.text()))
            };
        }
        let Some(content) = promised["content"].as_object() else {
            return if reply.bytes.is_empty() { Ok(()) } else { Err(format!("{status} promises no body")) };
        };
        let Some(kind) = content.get(&reply.kind) else {
            return Err(format!("{status} of kind {}, promised {:?}", reply.kind, content.keys()));
        };
        let wrong = match kind.get("schema") {
            Some(schema) if reply.kind.contains("json") => {
                faults(schema, schemas, &serde_json::from_slice(&reply.bytes).unwrap_or_default())
            }
            _ => Vec::new(),
        };
        if wrong.is_empty() { Ok(()) } else { Err(format!("{status} {wrong:?}")) }
    }
}

async fn document(house: &House) -> (Vec<Operation>, Schemas) {
    let document = Caller::nobody().get(house, "/api/v1/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let schemas = schemas
        .iter()
        .map(|(name, schema)| (format!("#/components/schemas/{name}"), schema.clone()))
        .collect();
    let mut operations = Vec::new();
    for (path, verbs) in document["paths"].as_object().unwrap() {
        for (verb, said) in verbs.as_object().unwrap() {
            operations.push(Operation { verb: verb.to_uppercase(), path: path.clone(), said: said.clone() });
        }
    }
    (operations, schemas)
}

/// What is a query of the same thing ends later: what takes away comes last, and who is given a post has to log in anew.
fn order(operation: &Operation) -> (u8, String) {
    let takes_away = operation.verb == "DELETE"
        || ["status", "password", "undo", "settings", "posts"]
            .iter()
            .any(|word| operation.path.contains(word));
    let rank = match operation.verb.as_str() {
        "GET" => 0,
        _ if takes_away => 2,
        _ => 1,
    };
    (rank, format!("{} {}", operation.path, operation.verb))
}

/// Nobody, a wrong key, a key with every scope, a key of each scope, and people.
async fn everybody(house: &House, operations: &[Operation]) -> Vec<Caller> {
    let officer = Caller::person(house, "security").await;
    let scopes: BTreeSet<&str> = operations
        .iter()
        .filter_map(|o| o.said["x-action"].as_str())
        .filter(|action| grantable(house, action))
        .collect();
    let every: Vec<&str> = scopes.into_iter().collect();
    let mut callers = vec![Caller::nobody(), Caller::key("a wrong key", "lk_wrong_wrong")];
    callers.push(Caller::key("every scope", &made_key(house, &officer, &every, "371002").await));
    for scope in &every {
        callers.push(Caller::key(scope, &made_key(house, &officer, &[scope], "371002").await));
    }
    for login in PEOPLE {
        callers.push(Caller::person(house, login).await);
    }
    callers
}

/// What is here to be asked for: every list as each person sees it.
async fn harvest(house: &House, operations: &[Operation], callers: &[Caller], fuzz: &mut Fuzz) {
    for operation in operations.iter().filter(|o| o.verb == "GET" && !o.path.contains('{')) {
        let kind = operation.path.split('/').nth(3).unwrap_or_default();
        for caller in callers.iter().rev().take(PEOPLE.len()) {
            let reply = caller.get(house, &operation.path).await;
            if reply.status.is_success() && reply.kind == "application/json" {
                fuzz.pool.keep(kind, &reply.json());
            }
        }
    }
}

const PEOPLE: &[&str] = &[
    "admin",
    "security",
    "auditor",
    "centre1",
    "street001.1",
    "community001001",
    "grid002001001",
    "hotline1",
    "housing",
];

both_engines! {
    async fn every_route_is_described_with_its_parameters_and_answers(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let (operations, _) = document(&house).await;
        let described: BTreeSet<String> = operations.iter().map(|o| format!("{} {}", o.verb, o.path)).collect();
        let routes: BTreeSet<String> = wiring::manifests()
            .iter()
            .flat_map(|m| (m.routes)())
            .filter(|r| r.path.starts_with("/api/"))
            .map(|r| format!("{} {}", r.verb.as_str(), r.path))
            .chain(["GET /api/v1/openapi.json".to_owned()])
            .collect();
        assert_eq!(routes.symmetric_difference(&described).collect::<Vec<_>>(), Vec::<&String>::new());
        let mut ids = BTreeSet::new();
        for o in &operations {
            let what = format!("{} {}", o.verb, o.path);
            assert!(ids.insert(o.said["operationId"].as_str().unwrap().to_owned()), "{what}: an id of its own");
            assert!(!o.said["summary"].as_str().unwrap().is_empty(), "{what}");
            let parameters = o.parameters();
            for part in o.path.split('/').filter_map(|p| p.strip_prefix('{')?.strip_suffix('}')) {
                let said = parameters.iter().find(|p| p["in"] == "path" && p["name"] == part);
                assert!(said.is_some_and(|p| p["required"] == true && p["schema"].is_object()), "{what}: {part}");
            }
            let responses = o.said["responses"].as_object().unwrap();
            assert!(responses.keys().any(|status| status.starts_with('2')), "{what}");
            assert!(responses.keys().any(|status| status.starts_with('4')), "{what}");
            let open = o.said["security"] == json!([]);
            assert!(open || (responses.contains_key("401") && responses.contains_key("403")), "{what}");
        }
    }

    async fn what_the_document_promises_is_kept_whatever_is_sent(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let (mut operations, schemas) = document(&house).await;
        operations.sort_by_key(order);
        let admin = Caller::person(&house, "admin").await;
        let callers = everybody(&house, &operations).await;
        let list = async |path: &str, field: &str| -> Vec<String> {
            let found = admin.get(&house, path).await.json();
            found["items"].as_array().unwrap().iter().map(|row| row[field].as_str().unwrap().to_owned()).collect()
        };
        let (orgs, areas) = (list("/api/v1/orgs", "id").await, list("/api/v1/areas", "code").await);
        let mut fuzz = Fuzz { dice: Dice(20_261_123), schemas, pool: Pool::default(), orgs, areas };
        harvest(&house, &operations, &callers, &mut fuzz).await;
        let (mut sent, mut succeeded) = (0_u32, BTreeSet::new());
        let mut broken: BTreeMap<String, String> = BTreeMap::new();
        for operation in &operations {
            let kind = operation.path.split('/').nth(3).unwrap_or_default().to_owned();
            let right = operation.said["x-action"].as_str();
            for (n, caller) in callers.iter().enumerate() {
                let a_key = n < callers.len() - PEOPLE.len();
                // A key that has nothing to do with it is refused whatever it sends: once is enough.
                let rounds = if a_key && right.is_some_and(|right| right != caller.name) && n != 2 { 1 } else { 4 };
                for round in 0..rounds {
                    let odd = round % 2 == 1;
                    let path = fuzz.path(&operation.path, &operation.parameters(), odd);
                    let schema = fuzz.of_action(&path).or_else(|| operation.body().cloned());
                    let mut body = schema.map(|schema| fuzz.valid(&schema, "body", 0));
                    if let (true, Some(value)) = (odd, &body) {
                        body = Some(fuzz.spoilt(value));
                    }
                    let what = format!("{} {path} by {} with {}", operation.verb, caller.name,
                        body.as_ref().map(|b| b.to_string().chars().take(600).collect::<String>()).unwrap_or_default());
                    let key = format!("k{sent}");
                    let more: &[(&str, &str)] = if operation.has_key() { &[("idempotency-key", &key)] } else { &[] };
                    let bytes = body.as_ref().map(|b| b.to_string().into_bytes()).unwrap_or_default();
                    let kind_of = if body.is_some() { "application/json" } else { "" };
                    let reply = caller.send(&house, &operation.verb, &path, kind_of, bytes.clone(), more).await;
                    sent += 1;
                    if let Err(why) = operation.hold(&reply, &fuzz.schemas) {
                        let name = format!("{} {}", operation.verb, operation.path);
                        broken.entry(name).or_insert_with(|| format!("{what}: {}", why.chars().take(700).collect::<String>()));
                        continue;
                    }
                    if !reply.status.is_success() {
                        continue;
                    }
                    succeeded.insert(format!("{} {}", operation.verb, operation.path));
                    if reply.kind == "application/json" {
                        fuzz.pool.keep(&kind, &reply.json());
                    }
                    if operation.has_key() && operation.verb == "POST" {
                        let again = caller.send(&house, &operation.verb, &path, kind_of, bytes, more).await;
                        let same = again.bytes == reply.bytes || again.text().contains(":null");
                        let replayed = again.headers.contains_key("idempotent-replayed");
                        if again.status != reply.status || !replayed || !same {
                            let name = format!("{} {}", operation.verb, operation.path);
                            broken.insert(name, format!("{what}: repeated {} then {}", reply.text(), again.text()));
                        }
                    }
                }
            }
        }
        let silent: Vec<String> = operations
            .iter()
            .map(|o| format!("{} {}", o.verb, o.path))
            .filter(|name| !succeeded.contains(name))
            .collect();
        let asked = operations.iter().filter(|o| !o.takes_files()).count();
        eprintln!("{sent} requests; {} of {asked} operations succeeded; never: {silent:#?}", succeeded.len());
        assert!(broken.is_empty(), "{broken:#?}");
        assert!(succeeded.len() * 10 >= asked * 6, "the fuzz reaches what it tests: {silent:#?}");
    }

    async fn what_is_no_call_is_refused_as_a_problem(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let admin = Caller::person(&house, "admin").await;
        let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
        let cases: Vec<(&str, &str, &str, Vec<u8>, u16)> = vec![
            ("GET", "/api/v1/nothing", "", vec![], 404),
            ("DELETE", "/api/v1/locate", "", vec![], 405),
            ("POST", "/api/v1/orgs", "application/json", b"{".to_vec(), 422),
            ("POST", "/api/v1/orgs", "text/plain", b"\xff\xfe".to_vec(), 422),
            ("POST", "/api/v1/orgs", "application/json", deep.into_bytes(), 422),
            ("POST", "/api/v1/orgs", "application/json", vec![b' '; 2 << 20], 413),
            ("POST", "/api/v1/imports", "application/json", b"{}".to_vec(), 422),
            ("POST", "/api/v1/imports", "multipart/form-data; boundary=x", b"--x\r\nbroken".to_vec(), 422),
            ("GET", "/api/v1/areas/9?x=1", "", vec![], 404),
            ("GET", "/api/v1/accounts?size=many", "", vec![], 422),
        ];
        for (verb, path, kind, body, wanted) in cases {
            let reply = admin.send(&house, verb, path, kind, body, &[]).await;
            assert_eq!((reply.status.as_u16(), reply.kind.as_str()), (wanted, "application/problem+json"), "{verb} {path}: {}", reply.text());
        }
        // What cannot be read says where; what is of the wrong kind, which field.
        let told = async |body: &str| {
            let reply = admin.send(&house, "POST", "/api/v1/accounts", "application/json", body.as_bytes().to_vec(), &[("accept-language", "en")]).await;
            let error = reply.json()["errors"][0].clone();
            (error["field"].as_str().unwrap().to_owned(), error["message"].as_str().unwrap().to_owned())
        };
        let (field, message) = told("{\n  \"login\": \"a\",\n}").await;
        assert!(field == "body" && message.contains('3') && message.contains('1'), "{message}");
        assert_eq!(told(r#"{ "login": 7, "name": "x", "area": "371002" }"#).await.0, "login");
        assert_eq!(admin.get(&house, "/api/v1/me").await.status, StatusCode::OK);
    }
}

fn grantable(house: &House, action: &str) -> bool {
    house.districts[0].port::<linli_access::Access>().unwrap().policy.grantable(action)
}
