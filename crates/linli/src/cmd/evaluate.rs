//! `linli evaluate`: figures of the readers on cases they have not seen.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, Subcommand};
use linli_text::hot::HotOptions;
use linli_text::metrics::{Judged, Scores, judge, pairwise};
use linli_text::{Rng, Suggester, TrainOptions};
use serde_json::{Value, json};

use crate::table::Table;

/// Which reader to measure.
#[derive(Subcommand)]
pub enum Evaluate {
    /// Suggested labels: train on one labelled table, judge on another (or by cross-validation)
    Suggest(SuggestArgs),
    /// Hot issues: against pairs of messages that people judged
    Hot(HotArgs),
    /// Likely repeats among many cases: a generated set with hard negatives
    Repeats(super::evaluate_repeats::RepeatsArgs),
}

/// What is trained on and judged.
#[derive(Args)]
pub struct SuggestArgs {
    /// Labelled cases to train on (CSV, UTF-8 or GB18030)
    #[arg(long)]
    train: PathBuf,
    /// Labelled cases to judge on; without it, --folds parts of the training table are used
    #[arg(long)]
    test: Option<PathBuf>,
    /// Parts for cross-validation when there is no test table
    #[arg(long, default_value_t = 5)]
    folds: usize,
    /// Column with the text
    #[arg(long, default_value = "text")]
    text: String,
    /// Column with the label
    #[arg(long, default_value = "category")]
    label: String,
    /// Print one JSON object instead of lines for reading
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    options: Options,
}

/// Choices that training may be told.
#[derive(Args, Clone)]
pub(super) struct Options {
    /// Longest run of characters read as a feature
    #[arg(long, default_value_t = TrainOptions::default().longest_run)]
    longest_run: usize,
    /// Power of the inverse document frequency
    #[arg(long, default_value_t = TrainOptions::default().idf_power)]
    idf_power: f32,
    /// Price of a training error
    #[arg(long, default_value_t = TrainOptions::default().cost)]
    cost: f32,
    /// How much more the beginning of a text counts than its end; 0 for evenly
    #[arg(long, default_value_t = TrainOptions::default().lead)]
    lead: f32,
    /// Leave the votes of the nearest cases out
    #[arg(long)]
    no_neighbours: bool,
    /// Seed of all shuffling
    #[arg(long, default_value_t = TrainOptions::default().seed)]
    seed: u64,
    /// Use only this share of the training cases (for a learning curve)
    #[arg(long, default_value_t = 1.0)]
    share: f64,
}

impl Options {
    /// As the library wants them.
    pub(super) fn training(&self) -> TrainOptions {
        TrainOptions {
            longest_run: self.longest_run,
            idf_power: self.idf_power,
            cost: self.cost,
            neighbours: !self.no_neighbours,
            lead: self.lead,
            seed: self.seed,
            ..TrainOptions::default()
        }
    }
}

type Labelled = (String, String);

/// One training and judging.
struct Round {
    answers: Vec<Judged>,
    train_seconds: f64,
    predict_seconds: f64,
    model_bytes: usize,
}

fn names(sets: &[&[Labelled]]) -> Vec<String> {
    let all: std::collections::BTreeSet<&str> =
        sets.iter().flat_map(|s| s.iter().map(|(_, l)| l.as_str())).collect();
    all.into_iter().map(ToOwned::to_owned).collect()
}

fn round(
    train: &[Labelled],
    test: &[Labelled],
    names: &[String],
    options: TrainOptions,
) -> Result<Round, Box<dyn std::error::Error>> {
    let number: BTreeMap<&str, usize> = names.iter().enumerate().map(|(i, n)| (n.as_str(), i)).collect();
    let started = Instant::now();
    let model = Suggester::train(train, options)?;
    let train_seconds = started.elapsed().as_secs_f64();
    let model_bytes = model.to_bytes().len();
    let started = Instant::now();
    let said: Vec<(&str, f64)> = test.iter().map(|(text, _)| model.best(text)).collect();
    let predict_seconds = started.elapsed().as_secs_f64();
    let answers = said
        .into_iter()
        .zip(test)
        .map(|((label, confidence), (_, truth))| Judged {
            truth: number[truth.as_str()],
            answer: number[label],
            confidence,
        })
        .collect();
    Ok(Round { answers, train_seconds, predict_seconds, model_bytes })
}

fn thinned(mut rows: Vec<Labelled>, share: f64, seed: u64) -> Vec<Labelled> {
    if share < 1.0 {
        Rng::new(seed).shuffle(&mut rows);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a length is a length"
        )]
        rows.truncate((rows.len() as f64 * share.max(0.0)).round() as usize);
    }
    rows
}

fn suggest(args: &SuggestArgs) -> Result<(), Box<dyn std::error::Error>> {
    let train = Table::open(&args.train)?.labelled(&args.text, &args.label)?;
    let options = args.options.training();
    let share = args.options.share;
    let (names, rounds) = if let Some(test) = &args.test {
        let test = Table::open(test)?.labelled(&args.text, &args.label)?;
        let train = thinned(train, share, options.seed);
        let names = names(&[&train, &test]);
        let rounds = vec![round(&train, &test, &names, options)?];
        (names, rounds)
    } else {
        let names = names(&[&train]);
        let mut order: Vec<usize> = (0..train.len()).collect();
        Rng::new(options.seed ^ 0x5eed).shuffle(&mut order);
        order.sort_by(|&a, &b| train[a].1.cmp(&train[b].1));
        let folds = args.folds.clamp(2, train.len().max(2));
        let mut rounds = Vec::new();
        for fold in 0..folds {
            let pick = |inside: bool| -> Vec<Labelled> {
                order
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| (at % folds == fold) == inside)
                    .map(|(_, &i)| train[i].clone())
                    .collect()
            };
            rounds.push(round(&thinned(pick(false), share, options.seed), &pick(true), &names, options)?);
        }
        (names, rounds)
    };
    report(args, &names, &rounds);
    Ok(())
}

fn report(args: &SuggestArgs, names: &[String], rounds: &[Round]) {
    let each: Vec<Scores> = rounds.iter().map(|r| judge(&r.answers, names.len())).collect();
    let mean = |f: fn(&Scores) -> f64| each.iter().map(f).sum::<f64>() / each.len().max(1) as f64;
    let count = rounds.len().max(1) as f64;
    let macro_f1 = mean(|s| s.macro_f1);
    let spread = each.iter().map(|s| (s.macro_f1 - macro_f1).powi(2)).sum::<f64>();
    let tested: usize = rounds.iter().map(|r| r.answers.len()).sum();
    let mut confusion = vec![vec![0; names.len()]; names.len()];
    for scores in &each {
        for (sum, row) in confusion.iter_mut().zip(&scores.confusion) {
            for (s, n) in sum.iter_mut().zip(row) {
                *s += n;
            }
        }
    }
    let value = json!({
        "macro_f1": macro_f1,
        "macro_f1_sd": (spread / (count - 1.0).max(1.0)).sqrt(),
        "weighted_f1": mean(|s| s.weighted_f1),
        "accuracy": mean(|s| s.accuracy),
        "ece": mean(|s| s.ece),
        "train_seconds": rounds.iter().map(|r| r.train_seconds).sum::<f64>() / count,
        "micros_per_message": rounds.iter().map(|r| r.predict_seconds).sum::<f64>() * 1e6 / tested.max(1) as f64,
        "model_bytes": rounds.iter().map(|r| r.model_bytes).max().unwrap_or(0),
        "tested": tested,
        "rounds": rounds.len(),
        "labels": names,
        "confusion": confusion,
        "macro_f1_of_rounds": each.iter().map(|s| s.macro_f1).collect::<Vec<_>>(),
    });
    if args.json {
        println!("{value}");
        return;
    }
    for (key, v) in value.as_object().into_iter().flatten() {
        match v {
            Value::Number(n) => println!("{key:<20} {n}"),
            Value::Array(rows) if key == "confusion" => {
                println!("rows: true label, columns: answer");
                for (name, row) in names.iter().zip(rows) {
                    println!("  {row} {name}");
                }
            }
            _ => {}
        }
    }
}

/// What hot issues are judged on.
#[derive(Args)]
pub struct HotArgs {
    /// Messages (CSV)
    messages: PathBuf,
    /// Judged pairs: seed, other, same (1 or 0), by number of the message
    #[arg(long)]
    pairs: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn hot(args: &HotArgs) -> Result<(), Box<dyn std::error::Error>> {
    let cases = super::insight::messages(&Table::open(&args.messages)?)?;
    let started = Instant::now();
    let index = super::insight::index(cases, HotOptions { people: 1, ..HotOptions::default() });
    let issues = index.issues();
    let seconds = started.elapsed().as_secs_f64();
    // A message outside every issue is alone.
    let mut issue_of: BTreeMap<&str, usize> =
        index.cases().iter().enumerate().map(|(i, c)| (c.id.as_str(), issues.len() + i)).collect();
    for (number, issue) in issues.iter().enumerate() {
        for &i in &issue.members {
            issue_of.insert(index.cases()[i].id.as_str(), number);
        }
    }
    let table = Table::open(&args.pairs)?;
    let (seed, other, same) = (table.column("seed")?, table.column("other")?, table.column("same")?);
    let mut pairs = Vec::new();
    let mut around: BTreeMap<&str, Vec<(bool, bool)>> = BTreeMap::new();
    for row in 0..table.len() {
        let find = |column: usize| {
            let id = table.field(row, column);
            issue_of.get(id).ok_or_else(|| table.field_error(row, column, "no such message"))
        };
        let pair = (table.field(row, same) == "1", find(seed)? == find(other)?);
        pairs.push(pair);
        // The seed belongs to its own issue and group.
        around.entry(table.field(row, seed)).or_insert_with(|| vec![(true, true)]).push(pair);
    }
    let (precision, recall, f_half) = pairwise(&pairs, 0.5);
    let seeds = around.len().max(1) as f64;
    let mean =
        |f: fn((f64, f64, f64)) -> f64| around.values().map(|p| f(pairwise(p, 1.0))).sum::<f64>() / seeds;
    let (b_precision, b_recall) = (mean(|m| m.0), mean(|m| m.1));
    let value = json!({
        "messages": index.cases().len(),
        "pairs": pairs.len(),
        "pairs_same": pairs.iter().filter(|p| p.0).count(),
        "pair_precision": precision,
        "pair_recall": recall,
        "pair_f0_5": f_half,
        "b_cubed_precision": b_precision,
        "b_cubed_recall": b_recall,
        "b_cubed_f1": 2.0 * b_precision * b_recall / (b_precision + b_recall).max(f64::MIN_POSITIVE),
        "seconds": seconds,
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

/// Runs one of the measurements.
pub(super) fn run(what: Evaluate) -> Result<(), Box<dyn std::error::Error>> {
    match what {
        Evaluate::Suggest(args) => suggest(&args),
        Evaluate::Hot(args) => hot(&args),
        Evaluate::Repeats(args) => super::evaluate_repeats::run(&args),
    }
}
