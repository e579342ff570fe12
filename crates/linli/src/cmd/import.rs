//! `linli import`

use std::{path::PathBuf, sync::Arc};

use linli_cases::hotline::{
    batch::{self, Batch, BatchId, BatchState},
    columns::{Field, Mapping},
    import, known, preset, sheets,
};
use linli_kernel::Error;
use linli_store::District;
use linli_web::{Locale, i18n::Language};

use super::{
    Done,
    import_residents::{Residents, residents},
};
use crate::{config::Config, wiring};

/// What to bring in.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Messages as the 12345 hotline exports them: CSV (UTF-8 or GB18030) or xlsx.
    Hotline(Hotline),
    /// Residents with their homes: CSV (UTF-8 or GB18030) or xlsx.
    Residents(Residents),
}

/// Options of `linli import hotline`.
#[derive(clap::Args)]
pub struct Hotline {
    /// The file.
    file: PathBuf,
    /// The columns that were kept under this name; without it they are guessed from the headings.
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// Which heading a field is under, for example `number=工单编号`; may be given several times.
    #[arg(long, value_name = "FIELD=HEADING")]
    map: Vec<String>,
    /// Keep the columns under this name.
    #[arg(long, value_name = "NAME")]
    save_preset: Option<String>,
    /// Only say what would happen.
    #[arg(long)]
    dry_run: bool,
    /// Write the wrong rows, with what is wrong, to this xlsx file.
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
    /// Which district, if the settings list several.
    #[arg(long, value_name = "NAME")]
    district: Option<String>,
}

pub(super) async fn run(config: Config, command: Command) -> Done {
    let name = match &command {
        Command::Hotline(args) => &args.district,
        Command::Residents(args) => &args.district,
    };
    let settings = match (name, config.district.as_slice()) {
        (Some(name), all) => {
            all.iter().find(|d| d.name == *name).ok_or("no such district in the settings")?
        }
        (None, [only]) => only,
        (None, _) => return Err("the settings list several districts; say which with --district".into()),
    };
    let file = match &command {
        Command::Hotline(args) => &args.file,
        Command::Residents(args) => args.file(),
    };
    // Said before a database is opened: a slip in the path is the usual mistake.
    std::fs::File::open(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let locale = wiring::catalog()?.locale(Language::English);
    let district = wiring::open(&config, settings).await?;
    let outcome = match &command {
        Command::Hotline(args) => hotline(&district, args, &locale).await,
        Command::Residents(args) => residents(&district, args, &locale).await,
    };
    district.db.close().await;
    outcome.map_err(|e| said(&e, &locale).into())
}

/// An input error in words.
fn said(error: &Error, locale: &Locale) -> String {
    match error {
        Error::Invalid(fields) => fields
            .iter()
            .map(|f| format!("{}: {}", f.field, locale.field_error(f)))
            .collect::<Vec<_>>()
            .join("; "),
        Error::TooLarge(key) | Error::Conflict(key) | Error::Unavailable(key) => locale.t(key),
        other => other.to_string(),
    }
}

async fn hotline(district: &Arc<District>, args: &Hotline, locale: &Locale) -> Result<(), Error> {
    let kept = match &args.preset {
        Some(name) => Some(preset::get(&mut district.db.read().await?, name).await?),
        None => None,
    };
    let name = args.file.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let id = import::stage(district.op("import").await?, &args.file, &name, kept.clone()).await?;
    let noted = batch::get(&mut district.db.read().await?, id).await?;
    let mapping = mapped(noted.mapping()?, &args.map)?;
    for (field, heading) in kept.unwrap_or_default().absent(&noted.headings()?) {
        println!("{field:<10} the preset's column “{heading}” is not in this file");
    }
    for (field, heading) in &mapping.0 {
        println!("{field:<10} {heading}");
    }
    if args.dry_run {
        let survey = import::survey(district, id, &mapping).await?;
        println!(
            "{} rows: {} new, {} already here, {} with a reply, {} wrong",
            noted.total, survey.fresh, survey.known, survey.answered, survey.faulty
        );
        if survey.twins > 0 {
            println!("{}", locale.t_with("hotline-survey-twins", &[("twins", survey.twins.to_string())]));
        }
        if let Some(text) = survey.unknown_said(locale) {
            println!("{text}");
        }
        for fault in &survey.faults {
            println!("  row {}: {}", fault.line, sheets::what(fault, locale));
        }
        return import::discard(district, id, district.op("import").await?).await;
    }
    let mut op = district.op("import").await?;
    if let Some(name) = &args.save_preset {
        preset::keep(&mut op, name, &mapping).await?;
    }
    import::start(&mut op, id, mapping).await?;
    op.commit().await?;
    let batch = drive(district, id).await?;
    println!(
        "{} rows: {} new, {} already here, {} given their reply, {} wrong",
        batch.done, batch.added, batch.known, batch.answered, batch.faulty
    );
    let twins = known::twins(&mut district.db.read().await?, id).await?;
    if !twins.is_empty() {
        let pairs: Vec<String> = twins.iter().map(|(number, here)| format!("{number} → {here}")).collect();
        println!("{} {}", locale.t("hotline-twins"), pairs.join(", "));
    }
    if let Some(file) = &args.errors {
        let access = district.port::<linli_access::Access>()?;
        let faults = batch::faults(&mut district.db.read().await?, &access, id, 10_000).await?;
        let sheet = sheets::faults(&batch.headings()?, &faults, locale)?;
        std::fs::write(file, sheet).map_err(Error::internal)?;
        println!("wrong rows in {}", file.display());
    }
    if batch.state == BatchState::Failed {
        return Err(Error::Conflict("hotline-batch-state-failed"));
    }
    Ok(())
}

/// Writes piece after piece. If this process dies, a server goes on; both at once share the work.
async fn drive(district: &Arc<District>, id: BatchId) -> Result<Batch, Error> {
    let mut told = 0;
    loop {
        let mut op = district.op("import").await?;
        let batch = import::step(&mut op, id).await?;
        op.commit().await?;
        if batch.percent() / 10 > told {
            told = batch.percent() / 10;
            eprintln!("{:>3} %  {} of {} rows", batch.percent(), batch.done, batch.total);
        }
        if batch.state != BatchState::Running {
            return Ok(batch);
        }
    }
}

fn mapped(mut mapping: Mapping, pairs: &[String]) -> Result<Mapping, Error> {
    for pair in pairs {
        let (field, heading) =
            pair.split_once('=').ok_or_else(|| Error::field(pair.clone(), "hotline-column-needed"))?;
        let field: Field = field.parse().map_err(|_| Error::field(field, "hotline-column-needed"))?;
        mapping.0.insert(field, heading.to_owned());
    }
    Ok(mapping)
}
