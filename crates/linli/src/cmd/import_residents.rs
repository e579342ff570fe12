//! `linli import residents`

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
    sync::Arc,
};

use linli_access::Access;
use linli_household::import::{self, BatchState, Column, Mapping};
use linli_kernel::Error;
use linli_store::District;
use linli_web::Locale;

/// Options of `linli import residents`.
#[derive(clap::Args)]
pub struct Residents {
    /// The file: CSV (UTF-8 or GB18030) or xlsx.
    file: PathBuf,
    /// Which heading a column is under, for example `id_number=证件号`; may be given several times.
    #[arg(long, value_name = "COLUMN=HEADING")]
    map: Vec<String>,
    /// Only say what would happen.
    #[arg(long)]
    dry_run: bool,
    /// Write the wrong rows, with what is wrong, to this xlsx file.
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
    /// Which district, if the settings list several.
    #[arg(long, value_name = "NAME")]
    pub(super) district: Option<String>,
}

/// Brings a sheet of residents in, or only looks it through.
impl Residents {
    /// The file.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }
}

pub(super) async fn residents(
    district: &Arc<District>,
    args: &Residents,
    locale: &Locale,
) -> Result<(), Error> {
    let name = args.file.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let file = File::open(&args.file).map_err(|_| Error::field("file", "error-sheet-unreadable"))?;
    let (headings, lines) = import::open(BufReader::with_capacity(1 << 16, file), &name)?;
    let mapping = mapped(Mapping::guess(&headings), &args.map)?;
    for (column, heading) in &mapping.0 {
        println!("{column:<10} {heading}");
    }
    let op = district.op("import residents").await?;
    let id = import::stage(op, &name, &headings, Some(mapping.clone()), lines).await?;
    if args.dry_run {
        let mut op = district.op("import residents").await?;
        let survey = import::survey(district, &op.actor, id, &mapping).await?;
        println!(
            "{} new, {} known, {} twice in the file, {} wrong",
            survey.fresh, survey.known, survey.repeated, survey.faulty
        );
        for fault in &survey.faults {
            println!("  row {}: {}", fault.line, import::what(fault, locale));
        }
        if let Some(file) = &args.errors {
            let batch = import::get(&mut op.tx, id).await?;
            let sheet = import::wrong_rows(&mut op.tx, district, &batch, &mapping, locale).await?;
            std::fs::write(file, sheet.finish()?).map_err(Error::internal)?;
            println!("wrong rows in {}", file.display());
        }
        import::discard(&mut op, id).await?;
        return op.commit().await;
    }
    let mut op = district.op("import residents").await?;
    import::start(&mut op, id, &mapping).await?;
    op.commit().await?;
    let mut told = 0;
    let batch = import::run(district, id, |batch| {
        let percent = batch.done * 100 / batch.total.max(1);
        if percent / 10 > told {
            told = percent / 10;
            eprintln!("{percent:>3} %  {} of {} rows", batch.done, batch.total);
        }
    })
    .await?;
    println!(
        "batch {id}: {} rows: {} new people, {} new homes, {} known, {} wrong",
        batch.done, batch.added, batch.homes, batch.known, batch.faulty
    );
    if let Some(file) = &args.errors {
        let access = district.port::<Access>()?;
        let faults = import::faults(&mut district.db.read().await?, &access, id, import::FAULTS).await?;
        let sheet = import::fault_sheet(&batch.headings()?, &faults, locale)?;
        std::fs::write(file, sheet).map_err(Error::internal)?;
        println!("wrong rows in {}", file.display());
    }
    if batch.state == BatchState::Failed {
        return Err(Error::Conflict("household-batch-failed"));
    }
    Ok(())
}

fn mapped(mut mapping: Mapping, pairs: &[String]) -> Result<Mapping, Error> {
    for pair in pairs {
        let (column, heading) =
            pair.split_once('=').ok_or_else(|| Error::field(pair.clone(), "household-column-needed"))?;
        let column: Column = column.parse().map_err(|_| Error::field(column, "household-column-needed"))?;
        mapping.0.insert(column, heading.to_owned());
    }
    Ok(mapping)
}
