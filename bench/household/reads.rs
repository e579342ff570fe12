//! Search and card in a small and in a large register, beside the same statements on the bare engine; the page of
//! freshness; the list that a worker's phone keeps.

use std::time::Instant;

use linli_household::{rules, store::Seal};
use linli_kernel::AreaCode;
use linli_store::{Db, Target};
use serde_json::json;
use uuid::Uuid;

use crate::{
    Outcome, Row,
    bare::{self, Bind, Looked},
    client::Client,
    median,
    service::{Place, Server},
    sheet,
};

const TRIES: usize = 60;
/// The street whose centre asks, and who that is.
const STREET: (&str, &str) = ("371002001", "street001.1");

const BY_NUMBER: &str = "SELECT r.*, d.address FROM resident r LEFT JOIN dwelling d ON d.id = r.dwelling_id
    WHERE r.id_hash = ? AND r.area >= '371002001' AND r.area < '371002002' ORDER BY r.n LIMIT 31";
const BY_WORDS: &str = "SELECT r.*, d.address FROM resident r LEFT JOIN dwelling d ON d.id = r.dwelling_id
    WHERE r.n IN (SELECT w.rowid FROM resident_words w WHERE w.words MATCH ? ORDER BY w.rowid LIMIT 31)
      AND r.area >= '371002001' AND r.area < '371002002' ORDER BY r.n LIMIT 31";
const HOMES_BY_WORDS: &str = "SELECT d.n, d.id, d.address, d.area, d.usage, d.confirmed_at,
           (SELECT count(*) FROM resident r WHERE r.dwelling_id = d.id)
    FROM dwelling d WHERE d.n IN (SELECT w.rowid FROM dwelling_words w WHERE w.words MATCH ? ORDER BY w.rowid LIMIT 31) ORDER BY d.n LIMIT 31";
const CARD: [&str; 6] = [
    "SELECT * FROM dwelling WHERE id = ?",
    "SELECT * FROM resident WHERE dwelling_id = ? ORDER BY n",
    "SELECT * FROM household WHERE dwelling_id = ?",
    "SELECT c.* FROM care_mark c JOIN resident r ON r.id = c.resident_id WHERE r.dwelling_id = ? AND c.ended_at IS NULL",
    "SELECT s.*, r.name FROM residence s JOIN resident r ON r.id = s.resident_id WHERE s.dwelling_id = ? ORDER BY s.until DESC",
    "SELECT b.*, u.name FROM dwelling d JOIN building b ON b.id = d.building_id LEFT JOIN building_unit u ON u.id = d.unit_id WHERE d.id = ?",
];

/// Somebody to look for.
struct Wanted {
    id: String,
    name: String,
    dwelling: Uuid,
    number: Vec<u8>,
}

async fn wanted(place: &Place) -> Outcome<Vec<Wanted>> {
    let district = place.open().await?;
    let access = district.port::<linli_access::Access>()?;
    let seal = Seal::new(&access);
    let mut conn = district.db.read().await?;
    let mut found = Vec::new();
    for home in 0.. {
        if found.len() == TRIES || home > 20_000 {
            break;
        }
        let person = sheet::person(home, 0)?;
        let number = seal.id_hash(&linli_household::model::IdNumber::parse(&person.id).ok_or("a number")?)?;
        let sql = "SELECT dwelling_id FROM resident WHERE id_hash = $1 AND area >= '371002001' AND area < '371002002'";
        let row: Option<(Uuid,)> = conn.optional(sql, vec![number.clone().into()]).await?;
        if let Some((dwelling,)) = row {
            found.push(Wanted { id: person.id, name: person.name, dwelling, number });
        }
    }
    drop(conn);
    district.db.close().await;
    Ok(found)
}

#[derive(Clone, Copy, PartialEq)]
enum Look {
    Number,
    Name,
    Part,
    Card,
}

const LOOKS: [(Look, &str); 4] = [
    (Look::Number, "search by identity number"),
    (Look::Name, "search by name"),
    (Look::Part, "search by part of a name"),
    (Look::Card, "card of a home"),
];

impl Look {
    fn typed(self, w: &Wanted) -> String {
        match self {
            Self::Number => w.id.clone(),
            Self::Name | Self::Card => w.name.clone(),
            Self::Part => w.name.chars().skip(1).collect(),
        }
    }

    fn bare(self, w: &Wanted, words: &dyn Fn(Vec<linli_kernel::text::Term>) -> String) -> Outcome<Looked> {
        let street: AreaCode = STREET.0.parse()?;
        let asks = match self {
            Self::Number => vec![(BY_NUMBER, vec![Bind::Bytes(w.number.clone())])],
            Self::Card => CARD.map(|sql| (sql, vec![Bind::Id(w.dwelling)])).to_vec(),
            Self::Name | Self::Part => {
                let typed = self.typed(w);
                let within = |mut terms: Vec<_>| {
                    terms.extend(rules::area_term(&street));
                    Bind::Text(words(terms))
                };
                let mut asks = vec![(BY_WORDS, vec![within(rules::person_query(&typed))])];
                let homes = rules::address_query(&typed);
                if !homes.is_empty() {
                    asks.push((HOMES_BY_WORDS, vec![within(homes)]));
                }
                asks
            }
        };
        Ok(Looked { asks })
    }

    async fn ours(self, client: &mut Client, cookie: &str, w: &Wanted) -> Outcome<(f64, u32)> {
        let began = Instant::now();
        let answer = if self == Self::Card {
            client.get(&format!("/homes/{}", w.dwelling), cookie).await
        } else {
            let headers = format!("{cookie}content-type: application/x-www-form-urlencoded\r\n");
            let form =
                form_urlencoded::Serializer::new(String::new()).append_pair("q", &self.typed(w)).finish();
            client.send("POST", "/homes/find", &headers, &form).await
        };
        let took = began.elapsed().as_secs_f64() * 1000.0;
        let answer = answer.map_err(|e| e.to_string())?;
        if answer.status != 200 || !answer.body.contains(&w.name) {
            return Err(format!("{} did not find {}: {}", STREET.1, w.name, answer.status).into());
        }
        Ok((took, answer.queries.unwrap_or_default()))
    }
}

struct Seen {
    ours: f64,
    bare: f64,
    queries: u32,
}

async fn looked(place: &Place, server: &Server, look: Look) -> Outcome<Seen> {
    let people = wanted(place).await?;
    if people.len() < TRIES / 2 {
        return Err("too few people of the sheet in the street".into());
    }
    let Target::Sqlite(path) = place.database.parse::<Target>()? else { return Err("SQLite only".into()) };
    let db = Db::open(&place.database.parse()?).await?;
    let conn = db.read().await?;
    let words = |terms: Vec<_>| conn.words_query(&terms);
    let mut plain = bare::open(&path).await?;
    let (mut client, cookie) = server.log_in(STREET.1).await?;
    let (mut ours, mut bare, mut queries) = (Vec::new(), Vec::new(), 0);
    // In turns, so that neither has the warmer cache.
    for w in &people {
        let asked = look.bare(w, &words)?;
        let (took, asks) = look.ours(&mut client, &cookie, w).await?;
        ours.push(took);
        bare.push(bare::look(&mut plain, &asked).await?);
        queries = asks;
    }
    drop(conn);
    db.close().await;
    Ok(Seen { ours: median(&mut ours), bare: median(&mut bare), queries })
}

/// The pages that gather figures, by whoever sees them: only their queries are promised.
async fn page(server: &Server, login: &str, path: &str) -> Outcome<(f64, u32, usize)> {
    let (mut client, cookie) = server.log_in(login).await?;
    let (mut times, mut queries, mut size) = (Vec::new(), 0, 0);
    for _ in 0..11 {
        let began = Instant::now();
        let answer = client.get(path, &cookie).await.map_err(|e| e.to_string())?;
        times.push(began.elapsed().as_secs_f64() * 1000.0);
        if answer.status != 200 {
            return Err(format!("{path} for {login}: {}", answer.status).into());
        }
        (queries, size) = (answer.queries.unwrap_or_default(), answer.body.len());
    }
    Ok((median(&mut times), queries, size))
}

/// The small and the large register, one after the other.
pub(crate) async fn run(small: &Place, large: &Place) -> Outcome<Vec<Row>> {
    let mut rows = Vec::new();
    let (a, b) = (small.serve()?, large.serve()?);
    for (look, what) in LOOKS {
        let (little, much) = (looked(small, &a, look).await?, looked(large, &b, look).await?);
        let detail = json!({ "small": [little.ours, little.bare], "large": [much.ours, much.bare] });
        let unit = format!("({:.2} ÷ {:.2} ms)", much.ours, much.bare);
        rows.push(
            Row::at_most(what, "time ÷ the bare statements, large", much.ours / much.bare, 5.0)
                .unit(&unit)
                .with(detail),
        );
        let unit = format!("({:.2} → {:.2} ms)", little.ours, much.ours);
        rows.push(Row::at_most(what, "time, large ÷ small", much.ours / little.ours, 1.5).unit(&unit));
        rows.push(
            Row::at_most(what, "queries: more", f64::from(much.queries) - f64::from(little.queries), 0.0)
                .unit(&format!("(of {})", much.queries)),
        );
    }
    for (login, path, what) in
        [("centre1", "/homes", "freshness of the district"), (STREET.1, "/homes", "freshness of a street")]
    {
        let ((t1, q1, _), (t2, q2, _)) = (page(&a, login, path).await?, page(&b, login, path).await?);
        rows.push(
            Row::at_most(what, "queries: more", f64::from(q2) - f64::from(q1), 0.0)
                .unit(&format!("(of {q2}; {t1:.1} → {t2:.1} ms)")),
        );
    }
    let (took, _, size) = page(&b, "grid001001001", "/api/v1/offline/pack").await?;
    let megabytes = size as f64 / 1_048_576.0;
    rows.push(
        Row::at_most("list of a grid on a phone", "as it comes", megabytes, 2.0)
            .unit(&format!("MB ({took:.0} ms)")),
    );
    let (now, most) = b.memory()?;
    let what = "server with the large register";
    rows.push(
        Row::figure(what, "memory at its highest (VmHWM)", most, None).unit(&format!("MB (now {now:.0})")),
    );
    Ok(rows)
}
