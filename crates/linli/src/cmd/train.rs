//! `linli train`: a model from labelled cases, kept with its scores, replaced only by a better one.
//!
//! A fifth of the cases, chosen by their words and so the same ones at every training, is never
//! trained on. The new model and the one in use are judged on it; the better one stays in use.
//! `DIR/NAME/` holds `NNNN.model`, its scores `NNNN.json`, and `current`, the list of versions that
//! have been in use, the last line being the one now.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use linli_text::metrics::{Judged, Scores, judge};
use linli_text::{DecodeError, Suggester, is_held_back};
use serde_json::json;

use super::evaluate::Options;
use crate::table::Table;

/// What to train, or what to roll back.
#[derive(Args)]
pub struct TrainArgs {
    /// Labelled cases (CSV, UTF-8 or GB18030)
    #[arg(required_unless_present_any = ["rollback", "district"])]
    pub(super) file: Option<PathBuf>,
    /// Column with the text
    #[arg(long, default_value = "text")]
    pub(super) text: String,
    /// Column with the label
    #[arg(long, default_value = "category")]
    pub(super) label: String,
    /// Work on the models of this district, in its database: from FILE, or without one from its own closed
    /// cases
    #[arg(long, value_name = "NAME", conflicts_with = "models")]
    pub(super) district: Option<String>,
    /// Directory of the models
    #[arg(long, default_value = "var/models")]
    models: PathBuf,
    /// Name of the model: what it suggests
    #[arg(long, default_value = "category")]
    pub(super) name: String,
    /// Below this confidence the model keeps silent
    #[arg(long, default_value_t = 0.4)]
    silence: f64,
    /// Put the version that was in use before back into use, and train nothing
    #[arg(long)]
    pub(super) rollback: bool,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    options: Options,
}

/// The versions of one model.
struct Shelf {
    dir: PathBuf,
}

impl Shelf {
    fn history(&self) -> std::io::Result<Vec<u32>> {
        match fs::read_to_string(self.dir.join("current")) {
            Ok(text) => Ok(text.lines().filter_map(|l| l.trim().parse().ok()).collect()),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(e) => Err(e),
        }
    }

    fn model_file(&self, version: u32) -> PathBuf {
        self.dir.join(format!("{version:04}.model"))
    }

    fn load(&self, version: u32) -> Result<Suggester, Box<dyn std::error::Error>> {
        Ok(Suggester::from_bytes(&fs::read(self.model_file(version))?)?)
    }

    /// A version to compare with; nothing where another program's format keeps it from being read: a new model then takes
    /// its place.
    fn comparable(&self, version: u32) -> Result<Option<Suggester>, Box<dyn std::error::Error>> {
        match self.load(version) {
            Ok(model) => Ok(Some(model)),
            Err(error) if matches!(error.downcast_ref(), Some(DecodeError::Version(_))) => Ok(None),
            Err(error) => Err(self.named(version, error)),
        }
    }

    fn named(&self, version: u32, error: Box<dyn std::error::Error>) -> Box<dyn std::error::Error> {
        format!("{}: {error}", self.model_file(version).display()).into()
    }

    /// Writes a file so that it is there whole or not at all.
    fn write(&self, file: &Path, bytes: &[u8]) -> std::io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        let half = file.with_extension("half");
        fs::write(&half, bytes)?;
        fs::File::open(&half)?.sync_all()?;
        fs::rename(half, file)
    }

    fn set_history(&self, history: &[u32]) -> std::io::Result<()> {
        let lines: Vec<String> = history.iter().map(u32::to_string).collect();
        self.write(&self.dir.join("current"), lines.join("\n").as_bytes())
    }

    fn next_version(&self) -> std::io::Result<u32> {
        if !self.dir.exists() {
            return Ok(1);
        }
        let mut last = 0;
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            if let Some(n) = path.file_stem().and_then(|s| s.to_str()).and_then(|s| s.parse::<u32>().ok()) {
                last = last.max(n);
            }
        }
        Ok(last + 1)
    }
}

fn scores(model: &Suggester, cases: &[(String, String)]) -> Scores {
    let mut names: Vec<&str> = model.labels().iter().map(String::as_str).collect();
    for (_, label) in cases {
        if !names.contains(&label.as_str()) {
            names.push(label);
        }
    }
    let number = |label: &str| names.iter().position(|n| *n == label).unwrap_or(0);
    let answers: Vec<Judged> = cases
        .iter()
        .map(|(text, truth)| {
            let (answer, confidence) = model.best(text);
            Judged { truth: number(truth), answer: number(answer), confidence }
        })
        .collect();
    judge(&answers, names.len())
}

fn rollback(args: &TrainArgs, shelf: &Shelf) -> Result<(), Box<dyn std::error::Error>> {
    let mut history = shelf.history()?;
    let Some(dropped) = history.pop() else {
        return Err(format!("no model «{}» in {}", args.name, args.models.display()).into());
    };
    let Some(&back) = history.last() else {
        return Err(format!(
            "version {dropped} of «{}» is the first in use; there is none before it",
            args.name
        )
        .into());
    };
    shelf.load(back).map_err(|e| shelf.named(back, e))?;
    shelf.set_history(&history)?;
    if args.json {
        println!("{}", json!({"rolled_back": dropped, "in_use": back}));
    } else {
        println!("version {back} of «{}» is in use again instead of {dropped}", args.name);
    }
    Ok(())
}

/// Trains, judges and keeps.
pub(super) fn run(args: &TrainArgs) -> Result<(), Box<dyn std::error::Error>> {
    if args.name.is_empty() || !args.name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_') {
        return Err("a model's name has only letters, digits, - and _".into());
    }
    let shelf = Shelf { dir: args.models.join(&args.name) };
    let Some(file) = args.file.as_ref().filter(|_| !args.rollback) else {
        return rollback(args, &shelf);
    };
    let all = Table::open(file)?.labelled(&args.text, &args.label)?;
    let (held, train): (Vec<_>, Vec<_>) = all.into_iter().partition(|(text, _)| is_held_back(text));
    if held.is_empty() {
        return Err(format!("{}: too few cases to hold some back for judging", file.display()).into());
    }
    let started = Instant::now();
    let model = Suggester::train(&train, args.options.training())?.with_silence(args.silence);
    let train_seconds = started.elapsed().as_secs_f64();
    let new = scores(&model, &held);
    let mut history = shelf.history()?;
    let old = history.last().map(|&v| shelf.comparable(v)).transpose()?.flatten().map(|m| scores(&m, &held));
    let better = old.as_ref().is_none_or(|old| new.macro_f1 > old.macro_f1);
    let version = shelf.next_version()?;
    let report = json!({
        "version": version,
        "in_use": if better { Some(version) } else { history.last().copied() },
        "replaced": better,
        "macro_f1": new.macro_f1,
        "accuracy": new.accuracy,
        "ece": new.ece,
        "macro_f1_before": old.as_ref().map(|o| o.macro_f1),
        "trained_on": train.len(),
        "held_back": held.len(),
        "labels": model.labels(),
        "train_seconds": train_seconds,
    });
    shelf.write(&shelf.model_file(version), &model.to_bytes())?;
    shelf.write(&shelf.dir.join(format!("{version:04}.json")), report.to_string().as_bytes())?;
    if better {
        history.push(version);
        shelf.set_history(&history)?;
    }
    if args.json {
        println!("{report}");
    } else if better {
        println!(
            "version {version} of «{}» is in use: macro-F1 {:.4} on {} held-back cases",
            args.name,
            new.macro_f1,
            held.len()
        );
    } else {
        println!(
            "version {version} of «{}» is kept but not used: macro-F1 {:.4} on {} held-back cases, the one in use has {:.4}",
            args.name,
            new.macro_f1,
            held.len(),
            old.map_or(0.0, |o| o.macro_f1)
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: TrainArgs,
    }

    fn train(dir: &Path, rest: &[&str]) -> Result<(), Box<dyn std::error::Error>> {
        let models = dir.to_str().unwrap();
        run(&Line::parse_from(["train", "--models", models].iter().chain(rest)).args)
    }

    fn table(file: &Path, right: bool) {
        let mut text = String::from("text,category\n");
        for i in 0..120 {
            let (words, label) = if i % 2 == 0 {
                ("路灯坏了晚上很黑", "市政")
            } else {
                ("邻居深夜唱歌很吵", "环境")
            };
            let label = if right || i % 4 < 2 { label } else { "市政" };
            let (one, two) = (char::from_u32(0x4e00 + i).unwrap(), char::from_u32(0x5e00 + i * 3).unwrap());
            text.extend([words, "第", &one.to_string(), "号", &two.to_string(), ",", label, "\n"]);
        }
        fs::write(file, text).unwrap();
    }

    #[test]
    fn a_worse_model_is_not_put_into_use_and_a_better_one_can_be_rolled_back() {
        let dir = tempfile::tempdir().unwrap();
        let (good, bad) = (dir.path().join("good.csv"), dir.path().join("bad.csv"));
        table(&good, true);
        table(&bad, false);
        let shelf = Shelf { dir: dir.path().join("category") };
        assert!(train(dir.path(), &["--rollback"]).is_err());
        train(dir.path(), &[bad.to_str().unwrap()]).unwrap();
        train(dir.path(), &[good.to_str().unwrap()]).unwrap();
        assert_eq!(shelf.history().unwrap(), [1, 2], "the right labels win");
        train(dir.path(), &[good.to_str().unwrap()]).unwrap();
        assert_eq!(shelf.history().unwrap(), [1, 2], "an equal model does not replace");
        assert!(shelf.model_file(3).exists());
        train(dir.path(), &["--rollback"]).unwrap();
        assert_eq!(shelf.history().unwrap(), [1]);
        assert!(train(dir.path(), &["--rollback"]).is_err(), "nothing before the first");
    }

    #[test]
    fn a_model_of_another_format_is_replaced_and_a_damaged_one_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let good = dir.path().join("good.csv");
        table(&good, true);
        let shelf = Shelf { dir: dir.path().join("category") };
        train(dir.path(), &[good.to_str().unwrap()]).unwrap();
        let mut bytes = fs::read(shelf.model_file(1)).unwrap();
        bytes[8] = 2;
        fs::write(shelf.model_file(1), &bytes).unwrap();
        train(dir.path(), &[good.to_str().unwrap()]).unwrap();
        assert_eq!(shelf.history().unwrap(), [1, 2], "the old format cannot be compared with");
        let error = train(dir.path(), &["--rollback"]).unwrap_err().to_string();
        assert!(error.contains("0001.model") && error.contains("format version 2"), "{error}");
        let whole = fs::read(shelf.model_file(2)).unwrap();
        fs::write(shelf.model_file(2), &whole[..whole.len() / 2]).unwrap();
        let error = train(dir.path(), &[good.to_str().unwrap()]).unwrap_err().to_string();
        assert!(error.contains("0002.model"), "{error}");
    }
}
