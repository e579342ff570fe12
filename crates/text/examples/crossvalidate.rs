//! Cross-validation of the suggestion with its log-loss, which `linli evaluate` does not print, and what
//! each message was told, for paired comparisons (交叉验证).
//!
//! `crossvalidate FILE [folds=10] [seed=1] [share=1] [out=FILE]`: a table with the columns `text` and `category`. The folds are those of
//! `linli evaluate suggest`. `out` gets a line per message: its number, its label's number, the answer's, the label's probability.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::time::Instant;

use linli_text::metrics::{Judged, judge};
use linli_text::{Rng, Suggester, TrainOptions};

/// Seconds that this process has computed, or that have passed where the system does not say.
fn seconds(started: Instant) -> f64 {
    let told = std::fs::read_to_string("/proc/self/schedstat").ok();
    told.and_then(|s| s.split(' ').next()?.parse::<f64>().ok())
        .map_or_else(|| started.elapsed().as_secs_f64(), |nanos| nanos * 1e-9)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let started = Instant::now();
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("which file?")?;
    let settings: BTreeMap<String, String> =
        arguments.filter_map(|a| a.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned()))).collect();
    let set = |key: &str, default: f64| settings.get(key).map_or(Ok(default), |v| v.parse::<f64>());
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut table = csv::Reader::from_path(file)?;
    let heads = table.headers()?.clone();
    let column = |name: &str| heads.iter().position(|h| h.trim_start_matches('\u{feff}') == name);
    let (text, label) = column("text").zip(column("category")).ok_or("no columns text and category")?;
    for record in table.records() {
        let record = record?;
        rows.push((record[text].to_owned(), record[label].to_owned()));
    }
    let names: Vec<&str> =
        rows.iter().map(|(_, l)| l.as_str()).collect::<BTreeSet<_>>().into_iter().collect();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small whole numbers")]
    let (folds, seed) = ((set("folds", 10.0)? as usize).max(2), set("seed", 1.0)? as u64);
    let share = set("share", 1.0)?;
    let options = TrainOptions { seed, ..TrainOptions::default() };
    let mut order: Vec<usize> = (0..rows.len()).collect();
    Rng::new(seed ^ 0x5eed).shuffle(&mut order);
    order.sort_by(|&a, &b| rows[a].1.cmp(&rows[b].1));
    let mut out = settings.get("out").map(std::fs::File::create).transpose()?;
    let (mut all, mut loss, mut training, mut answering, mut size) = (Vec::new(), 0.0, 0.0, 0.0, 0);
    let (mut f1, mut ece) = (0.0, 0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounds of a few")]
    let rounds = (set("rounds", folds as f64)? as usize).min(folds);
    for fold in 0..rounds {
        let pick = |inside: bool| -> Vec<usize> {
            let at = order.iter().enumerate().filter(|(at, _)| (at % folds == fold) == inside);
            at.map(|(_, &i)| i).collect()
        };
        let mut train: Vec<&(String, String)> = pick(false).into_iter().map(|i| &rows[i]).collect();
        if share < 1.0 {
            Rng::new(seed).shuffle(&mut train);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "share of a length")]
            train.truncate((train.len() as f64 * share).round() as usize);
        }
        let train: Vec<(&str, &str)> = train.into_iter().map(|(t, l)| (t.as_str(), l.as_str())).collect();
        let test = pick(true);
        let before = seconds(started);
        let model = Suggester::train(&train, options)?;
        let trained = seconds(started);
        let said: Vec<Vec<f64>> = test.iter().map(|&i| model.probabilities(&rows[i].0)).collect();
        training += trained - before;
        answering += seconds(started) - trained;
        size = size.max(model.to_bytes().len());
        let mut judged = Vec::new();
        for (p, &i) in said.iter().zip(&test) {
            let at = (0..p.len()).max_by(|&a, &b| p[a].total_cmp(&p[b])).unwrap_or(0);
            let number = |label: &str| names.binary_search(&label).unwrap_or(usize::MAX);
            let (truth, answer) = (number(&rows[i].1), number(&model.labels()[at]));
            let own = model.labels().iter().position(|l| *l == rows[i].1).map_or(1e-9, |at| p[at]);
            loss -= own.max(1e-9).ln();
            judged.push(Judged { truth, answer, confidence: p[at] });
            if let Some(out) = &mut out {
                writeln!(out, "{i} {truth} {answer} {own:.6}")?;
            }
        }
        let scores = judge(&judged, names.len());
        f1 += scores.macro_f1 / rounds as f64;
        ece += scores.ece / rounds as f64;
        all.extend(judged);
    }
    let pooled = judge(&all, names.len());
    println!(
        "macro-F1 {f1:.4} (pooled {:.4})  log-loss {:.4}  ECE {ece:.4} (pooled {:.4})  training {:.2} s  message {:.0} µs  model {:.1} MB",
        pooled.macro_f1,
        loss / all.len() as f64,
        pooled.ece,
        training / rounds as f64,
        answering * 1e6 / all.len() as f64,
        size as f64 / 1e6,
    );
    Ok(())
}
