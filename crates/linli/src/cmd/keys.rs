//! `linli keys`

use linli_access::{Purpose, keyring::care};

use super::Done;
use crate::{
    config::{Config, DistrictConfig},
    wiring,
};

/// What to do with the keys of sealed fields.
#[derive(clap::Args)]
pub struct Args {
    /// Only this district, if the settings list several.
    #[arg(long, value_name = "NAME", global = true)]
    district: Option<String>,
    #[command(subcommand)]
    command: Command,
}

/// The two changes.
#[derive(clap::Subcommand)]
enum Command {
    /// Wrap every data key by the first line of the master key file, after a new line was put in front of the old one.
    Rewrap,
    /// Make new data keys: what is sealed five minutes from now and later uses them; what was sealed before still opens.
    Rotate {
        /// Only for this purpose (staff, factor, reporter, partner, resident, entity); all without it.
        #[arg(long, value_name = "PURPOSE")]
        purpose: Option<String>,
    },
}

/// The districts that are meant.
pub(super) fn meant<'c>(
    config: &'c Config,
    name: Option<&str>,
) -> Result<Vec<&'c DistrictConfig>, &'static str> {
    let all = config.district.iter();
    let meant: Vec<_> = all.filter(|one| name.is_none_or(|name| one.name == name)).collect();
    if meant.is_empty() { Err("no such district in the settings") } else { Ok(meant) }
}

pub(super) async fn run(config: Config, args: Args) -> Done {
    let purposes = match &args.command {
        Command::Rotate { purpose: Some(word) } => {
            vec![word.parse::<Purpose>().map_err(|_| format!("“{word}” is no purpose; see --help"))?]
        }
        _ => Purpose::ALL.to_vec(),
    };
    for settings in meant(&config, args.district.as_deref())? {
        let district = wiring::open(&config, settings).await?;
        let mut op = district.op("linli keys").await?;
        let said = match &args.command {
            Command::Rewrap => match care::rewrap(&mut op).await? {
                0 => "every key is wrapped by the first line of the master key file already".to_owned(),
                n => format!("{n} keys wrapped by the first line of the master key file"),
            },
            Command::Rotate { .. } => {
                care::rotate(&mut op, &purposes).await?;
                let words: Vec<_> = purposes.iter().map(ToString::to_string).collect();
                format!("new keys for {}; they seal from five minutes on", words.join(", "))
            }
        };
        op.commit().await?;
        println!("{}: {said}", settings.name);
        district.db.close().await;
    }
    Ok(())
}
