//! `linli evaluate repeats`: how often the likely repeats are found, and how fast.
//!
//! The set is generated from real messages, so that the words are people's. Every case is one
//! message at one of many places on one of many days. A question is a case told again: by its subject line
//! (which people word differently from the body) and the body's sentences in another order with some
//! missing, wrong characters, some days later, at the place, at its neighbour or under another name.
//! Hard negatives come with it: each message stands at dozens of other places (same problem
//! elsewhere), and each place has dozens of other messages (other problem here).

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use linli_text::{Rarity, RepeatCase, RepeatIndex, RepeatOptions, Rng};
use serde_json::json;

use super::insight::messages;
use crate::table::Table;

/// What is generated.
#[derive(Args)]
pub struct RepeatsArgs {
    /// Tables of messages with subject and text (CSV), read together
    #[arg(required = true)]
    messages: Vec<PathBuf>,
    /// Cases in the index
    #[arg(long, default_value_t = 1_000_000)]
    cases: usize,
    /// Places in the district
    #[arg(long, default_value_t = 20_000)]
    places: usize,
    /// Questions asked
    #[arg(long, default_value_t = 2_000)]
    questions: usize,
    /// Days the cases are spread over
    #[arg(long, default_value_t = 730)]
    days: usize,
    /// Seed of the generation
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

struct Message {
    title: String,
    body: String,
    sentences: Vec<String>,
}

struct World {
    messages: Vec<Message>,
    letters: Vec<char>,
    names: Vec<String>,
    side: usize,
}

#[derive(Clone, Copy)]
struct Case {
    message: usize,
    place: usize,
    day: i32,
}

const KINDS: [&str; 6] = ["小区", "花园", "路", "社区", "广场", "苑"];

fn small(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl World {
    fn new(files: &[PathBuf], places: usize, rng: &mut Rng) -> Result<Self, Box<dyn std::error::Error>> {
        let mut list = Vec::new();
        let mut known = std::collections::HashSet::new();
        for file in files {
            for message in messages(&Table::open(file)?)? {
                let sentences: Vec<String> = message
                    .text
                    .split(['，', '。', '！', '？', '；', '\n', ',', '!', '?', ';', '　'])
                    .map(|s| s.trim().to_owned())
                    .filter(|s| s.chars().count() >= 4)
                    .take(12)
                    .collect();
                let body = sentences.join("，");
                if sentences.len() >= 3 && known.insert(body.clone()) {
                    list.push(Message { title: message.title, body, sentences });
                }
            }
        }
        if list.is_empty() {
            return Err("no message with three sentences in these tables".into());
        }
        let letters: Vec<char> =
            list.iter().flat_map(|m| m.body.chars().filter(|&c| linli_text::is_han(c)).take(20)).collect();
        let names = (0..places)
            .map(|i| {
                let mut name: String =
                    (0..2 + rng.below(2)).map(|_| letters[rng.below(letters.len())]).collect();
                name.push_str(KINDS[i % KINDS.len()]);
                name
            })
            .collect();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a root of a count")]
        let side = (places as f64).sqrt().ceil() as usize;
        Ok(Self { messages: list, letters, names, side: side.max(1) })
    }

    fn point(&self, place: usize) -> (f64, f64) {
        ((place % self.side) as f64 * 120.0, (place / self.side) as f64 * 120.0)
    }

    /// The name of a place as people write it: whole, or without its last word.
    fn called(&self, place: usize, rng: &mut Rng) -> &str {
        let name = &self.names[place];
        if rng.below(3) == 0 { KINDS.iter().find_map(|k| name.strip_suffix(k)).unwrap_or(name) } else { name }
    }

    fn told_first(&self, case: Case, rng: &mut Rng) -> String {
        let message = &self.messages[case.message];
        format!("{}{}", self.called(case.place, rng), message.body)
    }

    fn told_again(&self, case: Case, rng: &mut Rng) -> String {
        let message = &self.messages[case.message];
        let mut sentences = message.sentences.clone();
        rng.shuffle(&mut sentences);
        sentences.truncate((sentences.len() / 2).max(2));
        let mut text = sentences.join("。");
        if rng.below(2) == 0 {
            text = format!("{}。{}", message.title, text);
        }
        let wrong: String = text
            .chars()
            .map(|c| {
                if linli_text::is_han(c) && rng.below(100) < 8 {
                    self.letters[rng.below(self.letters.len())]
                } else {
                    c
                }
            })
            .collect();
        format!("你好，{}{wrong}，请尽快解决", self.called(case.place, rng))
    }
}

fn percentile(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index within the list")]
    let at = ((times.len().saturating_sub(1)) as f64 * share).round() as usize;
    times.get(at).map_or(0.0, |t| t.as_secs_f64() * 1e3)
}

/// Resident memory in bytes where the system tells it.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmRSS:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

/// Generates, asks and prints.
pub(super) fn run(args: &RepeatsArgs) -> Result<(), Box<dyn std::error::Error>> {
    let mut rng = Rng::new(args.seed);
    let world = World::new(&args.messages, args.places.max(2), &mut rng)?;
    let mut rarity = Rarity::default();
    for message in &world.messages {
        rarity.learn(&message.body);
    }
    let mut index = RepeatIndex::new(rarity, RepeatOptions::default());
    let before = resident();
    let cases: Vec<Case> = (0..args.cases.max(1))
        .map(|_| Case {
            message: rng.below(world.messages.len()),
            place: rng.below(world.names.len()),
            day: i32::try_from(rng.below(args.days.max(1))).unwrap_or(0),
        })
        .collect();
    let mut inserting = Duration::ZERO;
    for (id, &case) in (0_u64..).zip(&cases) {
        let text = world.told_first(case, &mut rng);
        let name = world.names[case.place].as_str();
        let short = KINDS.iter().find_map(|k| name.strip_suffix(k)).unwrap_or(name);
        let point = world.point(case.place);
        let started = Instant::now();
        index.insert(
            id,
            &RepeatCase {
                text: &text,
                names: &[name, short],
                place: Some(small(case.place)),
                point: Some(point),
                grid: Some(small(case.place / 26)),
                day: case.day,
            },
        );
        inserting += started.elapsed();
    }
    let used = resident().zip(before).map(|(after, before)| after.saturating_sub(before));
    let (mut times, mut first, mut ten, mut asked) = (Vec::new(), 0_usize, 0_usize, 0_usize);
    for _ in 0..args.questions {
        let id = rng.below(cases.len());
        let case = cases[id];
        let text = world.told_again(case, &mut rng);
        // A fifth of the people name the place next door.
        let place = if rng.below(5) == 0 { (case.place + 1) % world.names.len() } else { case.place };
        let name = world.names[case.place].as_str();
        let short = KINDS.iter().find_map(|k| name.strip_suffix(k)).unwrap_or(name);
        let day = case.day + i32::try_from(rng.below(21)).unwrap_or(0);
        let started = Instant::now();
        let found = index.candidates(
            &RepeatCase {
                text: &text,
                names: &[name, short],
                place: Some(small(place)),
                point: Some(world.point(place)),
                grid: Some(small(place / 26)),
                day,
            },
            10,
        );
        times.push(started.elapsed());
        asked += 1;
        first += usize::from(found.first().is_some_and(|c| c.id == id as u64));
        ten += usize::from(found.iter().any(|c| c.id == id as u64));
    }
    let started = Instant::now();
    let bytes = index.to_bytes();
    let saved = started.elapsed();
    let started = Instant::now();
    let restored = RepeatIndex::from_bytes(&bytes)?;
    let loaded = started.elapsed();
    let value = json!({
        "cases": index.len(),
        "places": world.names.len(),
        "messages": world.messages.len(),
        "questions": asked,
        "recall_at_1": first as f64 / asked.max(1) as f64,
        "recall_at_10": ten as f64 / asked.max(1) as f64,
        "p50_ms": percentile(&mut times, 0.5),
        "p99_ms": percentile(&mut times, 0.99),
        "insert_micros": inserting.as_secs_f64() * 1e6 / cases.len() as f64,
        "index_bytes": used,
        "snapshot_bytes": bytes.len(),
        "save_seconds": saved.as_secs_f64(),
        "restore_seconds": loaded.as_secs_f64(),
        "restored_cases": restored.len(),
    });
    if args.json {
        println!("{value}");
    } else {
        for (key, v) in value.as_object().into_iter().flatten() {
            println!("{key:<20} {v}");
        }
    }
    Ok(())
}
