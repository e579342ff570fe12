//! `linli train --district NAME`: the models that a district's own board uses, kept in its database.

use std::{collections::HashMap, path::Path};

use linli_grid::{Atlas, AtlasPort};
use linli_insight::{
    Kind, app,
    train::{self, Example, Outcome},
};
use serde_json::json;

use super::{Done, train::TrainArgs};
use crate::{config::Config, table::Table, wiring};

/// Trains, or goes one step back.
pub(super) async fn run(config: Config, args: TrainArgs) -> Done {
    let name = args.district.as_deref().unwrap_or_default();
    let known: Vec<&str> = config.district.iter().map(|d| d.name.as_str()).collect();
    let Some(settings) = config.district.iter().find(|d| d.name == name) else {
        return Err(format!("no district «{name}» in the settings; there is: {}", known.join(", ")).into());
    };
    let kind: Kind = args.name.parse().map_err(|_| {
        let kinds: Vec<&str> = Kind::ALL.iter().map(|k| k.as_str()).collect();
        format!("a district has models named {}, none named «{}»", kinds.join(", "), args.name)
    })?;
    let district = wiring::open(&config, settings).await?;
    if args.rollback {
        let (from, to) = app::roll_back_now(&district, kind)
            .await
            .map_err(|_| format!("there is no version of «{kind}» before the one in use"))?;
        if args.json {
            println!("{}", json!({"rolled_back": from, "in_use": to}));
        } else {
            println!("version {to} of «{kind}» is in use again instead of {from}");
        }
        return Ok(());
    }
    let outcomes = match &args.file {
        Some(file) => {
            let rows = Table::open(file)?.labelled(&args.text, &args.label)?;
            let atlas = district.port::<AtlasPort>()?.get();
            let rows = if kind == Kind::Category { coded(file, &atlas, rows)? } else { rows };
            train::train(&district, kind, rows, None).await?.into_iter().collect()
        }
        None => train::own(&district, None).await?,
    };
    if outcomes.is_empty() {
        return Err("too few labelled cases to learn from and to judge on; sixty are the least".into());
    }
    for outcome in &outcomes {
        tell(outcome, args.json);
    }
    Ok(())
}

fn tell(outcome: &Outcome, as_json: bool) {
    let v = &outcome.version;
    if as_json {
        println!("{}", json!({"version": v, "replaced": outcome.replaced}));
        return;
    }
    let use_ = if outcome.replaced { "in use" } else { "kept but not used" };
    let before = v.before_f1.map(|f| format!(", the one in use before has {f:.4}")).unwrap_or_default();
    println!(
        "version {} of «{}» is {use_}: macro-F1 {:.4} on {} held-back cases, learned from {}{before}",
        v.version, v.kind, v.macro_f1, v.held_back, v.trained_on
    );
}

/// Categories as the district's tree knows them: by code, by name where only one has it, or by the whole
/// path.
fn coded(file: &Path, atlas: &Atlas, rows: Vec<Example>) -> Result<Vec<Example>, String> {
    let plain = |name: &str| name.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let mut codes: HashMap<String, Option<&str>> = HashMap::new();
    for category in atlas.categories() {
        codes.insert(category.code.clone(), Some(&category.code));
        codes.insert(plain(&atlas.category_path(&category.code)), Some(&category.code));
        codes
            .entry(plain(&category.name))
            .and_modify(|known| {
                if *known != Some(category.code.as_str()) {
                    *known = None;
                }
            })
            .or_insert(Some(&category.code));
    }
    rows.into_iter()
        .map(|(text, label)| match codes.get(&plain(&label)) {
            Some(Some(code)) => Ok((text, train::label_of(code))),
            Some(None) => Err(format!(
                "{}: «{label}» is the name of several categories; write its code or its whole path",
                file.display()
            )),
            None => Err(format!(
                "{}: «{label}» is no category of the district; write its code, its name or its whole path",
                file.display()
            )),
        })
        .collect()
}
