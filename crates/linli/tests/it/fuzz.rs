//! Bodies and addresses for the fuzz of the interface, by its own document: what it allows, and what it forbids.

use std::collections::{BTreeMap, BTreeSet};

use linli_testkit::schema::Schemas;
use serde_json::{Map, Value, json};

/// SplitMix64: the same sequence on every run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.roll() % u64::try_from(n.max(1)).unwrap()).unwrap()
    }

    pub(crate) fn one<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    pub(crate) fn sometimes(&mut self) -> bool {
        self.below(2) == 0
    }
}

/// Texts that have broken programs before.
pub(crate) const ODD: &[&str] = &[
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
pub(crate) struct Pool {
    by_kind: BTreeMap<String, BTreeSet<String>>,
    anywhere: BTreeSet<String>,
}

impl Pool {
    /// Keeps ids and codes of an answer under the first part of the path that told them.
    pub(crate) fn keep(&mut self, kind: &str, value: &Value) {
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

    pub(crate) fn pick(&self, dice: &mut Dice, kind: &str, name: &str) -> Option<String> {
        let known: Vec<&String> = self.by_kind.get(&format!("{kind}.{name}"))?.iter().collect();
        (!known.is_empty()).then(|| (*dice.one(&known)).clone())
    }
}

pub(crate) struct Fuzz {
    pub(crate) dice: Dice,
    pub(crate) schemas: Schemas,
    pub(crate) pool: Pool,
    pub(crate) orgs: Vec<String>,
    pub(crate) areas: Vec<String>,
}

impl Fuzz {
    /// A value that the schema allows, as likely as not one that means something here.
    pub(crate) fn valid(&mut self, schema: &Value, name: &str, depth: usize) -> Value {
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

    pub(crate) fn object(&mut self, schema: &Value, depth: usize) -> Value {
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

    pub(crate) fn text(&mut self, schema: &Value, name: &str) -> String {
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
    pub(crate) fn spoilt(&mut self, value: &Value) -> Value {
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
    pub(crate) fn of_action(&self, path: &str) -> Option<Value> {
        let name = path.split('?').next()?.split_once("/actions/")?.1;
        self.schemas.get(&format!("#/components/schemas/CaseAction_{name}")).cloned()
    }

    pub(crate) fn path(&mut self, path: &str, parameters: &[Value], odd: bool) -> String {
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

pub(crate) fn encoded(text: &str) -> String {
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
