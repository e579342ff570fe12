//! The interface against its own document: every route is described, and a bounded, seeded fuzz sends what the
//! document allows and what it forbids, as everybody, and holds each answer to what was promised.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use linli::wiring;
use linli_testkit::{
    both_engines,
    schema::{Schemas, faults},
};
use serde_json::{Map, Value, json};

use crate::{
    call::{Caller, made_key},
    house::{House, house},
};

/// SplitMix64: the same sequence on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.roll() % u64::try_from(n.max(1)).unwrap()).unwrap()
    }

    fn one<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    fn sometimes(&mut self) -> bool {
        self.below(2) == 0
    }
}

/// Texts that have broken programs before.
const ODD: &[&str] = &[
    "",
    " ",
    "\u{0}",
    "'; DROP TABLE case_file; --",
    "%00",
    "../../etc/passwd",
    "\u{202e}abc",
    "👩‍👩‍👧",
    "NaN",
    "9999999999999999999999",
    "-1",
    "null",
    "[]",
    "<script>alert(1)</script>",
    "ｆｕｌｌ",
    "a\r\nb: c",
];

/// What was seen in answers and can be asked for again.
#[derive(Default)]
struct Pool {
    by_kind: BTreeMap<String, BTreeSet<String>>,
    anywhere: BTreeSet<String>,
}

impl Pool {
    /// Keeps ids and codes of an answer under the first part of the path that told them.
    fn keep(&mut self, kind: &str, value: &Value) {
        match value {
            Value::Object(map) => {
                for (name, part) in map {
                    if let (true, Some(text)) =
                        (["id", "number", "code", "token"].contains(&name.as_str()), part.as_str())
                    {
                        self.by_kind.entry(format!("{kind}.{name}")).or_default().insert(text.to_owned());
                        self.anywhere.insert(text.to_owned());
                    }
                    self.keep(kind, part);
                }
            }
            Value::Array(all) => all.iter().take(20).for_each(|part| self.keep(kind, part)),
            _ => {}
        }
    }

    fn pick(&self, dice: &mut Dice, kind: &str, name: &str) -> Option<String> {
        let known: Vec<&String> = self.by_kind.get(&format!("{kind}.{name}"))?.iter().collect();
        (!known.is_empty()).then(|| (*dice.one(&known)).clone())
    }
}

struct Fuzz {
    dice: Dice,
    schemas: Schemas,
    pool: Pool,
    orgs: Vec<String>,
    areas: Vec<String>,
}

impl Fuzz {
    /// A value that the schema allows, as likely as not one that means something here.
    fn valid(&mut self, schema: &Value, name: &str, depth: usize) -> Value {
        if let Some(other) = schema.get("$ref").and_then(Value::as_str) {
            let other = self.schemas[other].clone();
            return self.valid(&other, name, depth);
        }
        if let Some(all) = schema.get("enum").and_then(Value::as_array) {
            return self.dice.one(all).clone();
        }
        if let Some(any) = schema.get("anyOf").and_then(Value::as_array) {
            let one = self.dice.one(any).clone();
            return self.valid(&one, name, depth);
        }
        let kind = match schema.get("type") {
            Some(Value::String(kind)) => kind.clone(),
            Some(Value::Array(kinds)) => self.dice.one(kinds).as_str().unwrap().to_owned(),
            _ => return Value::Null,
        };
        match kind.as_str() {
            "null" => Value::Null,
            "boolean" => self.dice.sometimes().into(),
            "integer" => {
                let least = schema.get("minimum").and_then(Value::as_i64).unwrap_or(0);
                let most = schema.get("maximum").and_then(Value::as_i64).unwrap_or(least + 20);
                (least + i64::try_from(self.dice.below(usize::try_from(most - least + 1).unwrap())).unwrap())
                    .into()
            }
            "number" => match name {
                "lat" => json!(37.5),
                "lng" => json!(122.1),
                _ => json!(self.dice.below(100)),
            },
            "array" => {
                let items = schema.get("items").cloned().unwrap_or(json!({}));
                let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0);
                let n = usize::try_from(least).unwrap()
                    + if depth > 4 || least > 0 { 0 } else { self.dice.below(3) };
                (0..n).map(|_| self.valid(&items, name.trim_end_matches('s'), depth + 1)).collect()
            }
            "object" => self.object(schema, depth),
            _ => self.text(schema, name).into(),
        }
    }

    fn object(&mut self, schema: &Value, depth: usize) -> Value {
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut made = Map::new();
        for (name, part) in schema["properties"].as_object().into_iter().flatten() {
            if required.contains(&name.as_str()) || self.dice.sometimes() {
                made.insert(name.clone(), self.valid(part, name, depth + 1));
            }
        }
        made.into()
    }

    fn text(&mut self, schema: &Value, name: &str) -> String {
        let most = schema.get("maxLength").and_then(Value::as_u64).unwrap_or(200);
        let fresh = self.dice.roll();
        match (schema.get("format").and_then(Value::as_str), name) {
            (Some("uuid"), "lead" | "to" | "org" | "assisting") => self.dice.one(&self.orgs.clone()).clone(),
            (Some("uuid"), "case" | "into" | "parent") => self
                .pool
                .pick(&mut self.dice, "cases", "id")
                .unwrap_or_else(|| self.dice.one(&self.orgs.clone()).clone()),
            (Some("uuid"), _) => {
                let known: Vec<String> =
                    self.pool.anywhere.iter().filter(|t| t.len() == 36).cloned().collect();
                if known.is_empty() {
                    format!("01890000-0000-7000-8000-{:012x}", fresh & 0xffff_ffff_ffff)
                } else {
                    self.dice.one(&known).clone()
                }
            }
            (Some("date-time"), "expires_at" | "until" | "review") => "2027-03-01T09:00:00+08:00".into(),
            (Some("date-time"), _) => format!("2026-11-{:02}T08:00:00+08:00", 1 + self.dice.below(22)),
            (Some("date"), _) => format!("2026-11-{:02}", 1 + self.dice.below(22)),
            _ if schema.get("pattern").is_some() => self.dice.one(&self.areas.clone()).clone(),
            (_, "login") => format!("new.{:x}", fresh & 0xffff_ffff),
            (_, "area" | "within") => self.dice.one(&self.areas.clone()).clone(),
            (_, "url") => "http://127.0.0.1:9/hook".into(),
            (_, "reporter_phone" | "phone" | "worker_phone") => "13800138000".into(),
            (_, "scope") => "case.read".into(),
            (_, "from" | "to") => "08:30:00".into(),
            (_, "number" | "external") => format!("W{:x}", fresh & 0xffff),
            _ => {
                let words = [
                    "路灯不亮",
                    "三号楼门前污水井冒水，路面都是水",
                    "a plain note",
                    "已疏通",
                    "请于周五前办结",
                ];
                (*self.dice.one(&words)).chars().take(usize::try_from(most).unwrap()).collect()
            }
        }
    }

    /// The same with something wrong in it.
    fn spoilt(&mut self, value: &Value) -> Value {
        let mut spoilt = value.clone();
        let wrong = [
            Value::Null,
            json!(-1),
            json!(1.5e300),
            json!([]),
            json!({}),
            json!("x".repeat(30_000)),
            json!(true),
            json!({ "a": { "b": [[[[]]]] } }),
            Value::from(*self.dice.one(ODD)),
            json!(["\u{0}"]),
        ];
        match &mut spoilt {
            Value::Object(map) if !map.is_empty() && self.dice.below(5) > 0 => {
                let names: Vec<String> = map.keys().cloned().collect();
                let name = self.dice.one(&names).clone();
                match self.dice.below(4) {
                    0 => drop(map.remove(&name)),
                    1 => drop(map.insert("nobody_knows_this".into(), json!(1))),
                    2 => {
                        let inner = self.spoilt(&map[&name].clone());
                        map.insert(name, inner);
                    }
                    _ => drop(map.insert(name, self.dice.one(&wrong).clone())),
                }
            }
            Value::Array(all) if !all.is_empty() => {
                let n = self.dice.below(all.len());
                all[n] = self.spoilt(&all[n].clone());
            }
            _ => spoilt = self.dice.one(&wrong).clone(),
        }
        spoilt
    }

    /// The body of an act is told by its name in the path.
    fn of_action(&self, path: &str) -> Option<Value> {
        let name = path.split('?').next()?.split_once("/actions/")?.1;
        self.schemas.get(&format!("#/components/schemas/CaseAction_{name}")).cloned()
    }

    fn path(&mut self, path: &str, parameters: &[Value], odd: bool) -> String {
        let kind = path.split('/').nth(3).unwrap_or_default().to_owned();
        let mut made = path.to_owned();
        let mut query: Vec<String> = Vec::new();
        for parameter in parameters {
            let (name, place) = (parameter["name"].as_str().unwrap(), parameter["in"].as_str().unwrap());
            let value = if odd && self.dice.sometimes() {
                (*self.dice.one(ODD)).to_owned()
            } else if let (true, Some(known)) = (place == "path", self.pool.pick(&mut self.dice, &kind, name))
            {
                known
            } else {
                let schema = parameter["schema"].clone();
                match self.valid(&schema, name, 0) {
                    Value::String(text) => text,
                    other => other.to_string(),
                }
            };
            match place {
                "path" => {
                    let value = if value.trim().is_empty() { "x".to_owned() } else { value };
                    made = made.replace(&format!("{{{name}}}"), &encoded(&value));
                }
                "query" if self.dice.below(3) == 0 => query.push(format!("{name}={}", encoded(&value))),
                _ => {}
            }
        }
        if query.is_empty() { made } else { format!("{made}?{}", query.join("&")) }
    }
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

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

    fn has_key(&self) -> bool {
        self.parameters().iter().any(|p| p["name"] == "Idempotency-Key")
    }

    /// Holds an answer to what the document says.
    fn hold(&self, reply: &crate::call::Reply, schemas: &Schemas, what: &str) {
        let status = reply.status;
        assert!(!status.is_server_error(), "{what}: {status} {}", reply.text());
        let promised = &self.said["responses"][status.as_str()];
        assert!(promised.is_object(), "{what}: {status} is not in the document: {}", reply.text());
        let content = promised["content"].as_object();
        if status.is_client_error() {
            assert_eq!(reply.kind, "application/problem+json", "{what}: {status} {}", reply.text());
            let problem = reply.json();
            assert_eq!(problem["status"], status.as_u16(), "{what}");
        }
        let Some(content) = content else {
            assert!(reply.bytes.is_empty(), "{what}: {status} promises no body");
            return;
        };
        let Some(kind) = content.get(&reply.kind) else {
            panic!("{what}: {status} of kind {}, promised {:?}", reply.kind, content.keys());
        };
        if reply.kind.contains("json") && kind.get("schema").is_some() {
            let wrong = faults(&kind["schema"], schemas, &reply.json());
            assert!(wrong.is_empty(), "{what}: {wrong:#?}\n{}", reply.text());
        }
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

/// What is a query of the same thing ends later: what takes away comes last.
fn order(operation: &Operation) -> (u8, String) {
    let takes_away = operation.verb == "DELETE"
        || ["status", "password", "undo", "settings"].iter().any(|word| operation.path.contains(word));
    let rank = match operation.verb.as_str() {
        "GET" => 0,
        _ if takes_away => 2,
        _ => 1,
    };
    (rank, format!("{} {}", operation.path, operation.verb))
}

const PEOPLE: &[&str] = &["admin", "security", "auditor", "centre1", "street001.1", "hotline1", "housing"];

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
        let officer = Caller::person(&house, "security").await;
        let admin = Caller::person(&house, "admin").await;
        let scopes: BTreeSet<String> = operations
            .iter()
            .filter_map(|o| o.said["x-action"].as_str().map(str::to_owned))
            .filter(|action| grantable(&house, action))
            .collect();
        let mut callers = vec![Caller::nobody(), Caller::key("a wrong key", "lk_wrong_wrong")];
        let every: Vec<&str> = scopes.iter().map(String::as_str).collect();
        callers.push(Caller::key("every scope", &made_key(&house, &officer, &every, "371002").await));
        for scope in &every {
            callers.push(Caller::key(scope, &made_key(&house, &officer, &[scope], "371002").await));
        }
        for login in PEOPLE {
            callers.push(Caller::person(&house, login).await);
        }
        let list = async |path: &str, field: &str| -> Vec<String> {
            let found = admin.get(&house, path).await.json();
            found["items"].as_array().unwrap().iter().map(|row| row[field].as_str().unwrap().to_owned()).collect()
        };
        let (orgs, areas) = (list("/api/v1/orgs", "id").await, list("/api/v1/areas", "code").await);
        let mut fuzz = Fuzz { dice: Dice(20_261_123), schemas, pool: Pool::default(), orgs, areas };
        let (mut sent, mut succeeded) = (0_u32, BTreeSet::new());
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
                    operation.hold(&reply, &fuzz.schemas, &what);
                    if !reply.status.is_success() {
                        continue;
                    }
                    succeeded.insert(format!("{} {}", operation.verb, operation.path));
                    if reply.kind == "application/json" {
                        fuzz.pool.keep(&kind, &reply.json());
                    }
                    if operation.has_key() && operation.verb == "POST" {
                        let again = caller.send(&house, &operation.verb, &path, kind_of, bytes, more).await;
                        assert_eq!(again.status, reply.status, "{what}");
                        assert!(again.headers.contains_key("idempotent-replayed"), "{what}");
                        let same = again.bytes == reply.bytes || again.text().contains(":null");
                        assert!(same, "{what}: {} then {}", reply.text(), again.text());
                    }
                }
            }
        }
        let silent: Vec<String> = operations
            .iter()
            .map(|o| format!("{} {}", o.verb, o.path))
            .filter(|name| !succeeded.contains(name))
            .collect();
        eprintln!("{sent} requests; {} of {} operations succeeded; never: {silent:#?}", succeeded.len(), operations.len());
        assert!(succeeded.len() * 10 >= operations.len() * 6, "the fuzz reaches what it tests: {silent:#?}");
    }

    async fn what_is_no_call_is_refused_as_a_problem(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let admin = Caller::person(&house, "admin").await;
        let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
        let cases: Vec<(&str, &str, &str, Vec<u8>, u16)> = vec![
            ("GET", "/api/v1/nothing", "", vec![], 404),
            ("DELETE", "/api/v1/cases", "", vec![], 405),
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
        assert_eq!(admin.get(&house, "/api/v1/me").await.status, StatusCode::OK);
    }
}

fn grantable(house: &House, action: &str) -> bool {
    house.districts[0].port::<linli_access::Access>().unwrap().policy.grantable(action)
}
