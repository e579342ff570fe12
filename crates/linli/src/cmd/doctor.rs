//! `linli doctor`

use linli_access::Master;
use linli_kernel::Calendar;
use linli_kernel::Clock;
use linli_store::{migrate, outbox};

use super::Done;
use crate::{
    config::{Config, Source},
    wiring,
};

/// Findings of one look around.
#[derive(Default)]
struct Findings(usize);

impl Findings {
    fn good(what: &str) {
        println!("ok    {what}");
    }

    fn bad(&mut self, what: &str, mend: &str) {
        self.0 += 1;
        println!("WRONG {what}\n      {mend}");
    }

    fn note(what: &str) {
        println!("note  {what}");
    }
}

/// Looks at settings, keys, databases and folders, and says what to do about each thing that is wrong.
pub(super) async fn run(source: &Source) -> Done {
    let mut found = Findings::default();
    match Config::load(source) {
        Err(error) => found.bad(&error, "mend this key in the settings file or the environment"),
        Ok(config) => {
            Findings::good("settings");
            key(&config, &mut found);
            folder(&config, &mut found);
            for settings in &config.district {
                database(settings, &mut found).await;
            }
            calendar();
        }
    }
    if found.0 == 0 { Ok(()) } else { Err(format!("{} findings", found.0).into()) }
}

fn key(config: &Config, found: &mut Findings) {
    let path = config.master_key();
    match Master::read(&path) {
        Ok(_) => Findings::good(&format!("master key {}", path.display())),
        Err(fault) if config.development => {
            Findings::note(&format!("{fault} (made at first start in development)"));
        }
        Err(fault) => found.bad(
            &fault.to_string(),
            "put 64 hex digits into that file, readable by its owner only: openssl rand -hex 32",
        ),
    }
}

fn folder(config: &Config, found: &mut Findings) {
    let probe = config.data.join(".doctor");
    match std::fs::create_dir_all(&config.data)
        .and_then(|()| std::fs::write(&probe, b"x"))
        .and_then(|()| std::fs::remove_file(&probe))
    {
        Ok(()) => Findings::good(&format!("data folder {}", config.data.display())),
        Err(error) => found.bad(
            &format!("data folder {}: {error}", config.data.display()),
            "create it and give it to the user that runs linli",
        ),
    }
}

async fn database(settings: &crate::config::DistrictConfig, found: &mut Findings) {
    let name = &settings.name;
    let db = match wiring::database(settings).await {
        Ok(db) => db,
        Err(error) => {
            return found.bad(
                &format!("database of {name}: {error}"),
                "check district.database and that the server runs",
            );
        }
    };
    match migrate::pending(&db, &wiring::migrations()).await {
        Ok(names) if names.is_empty() => {
            Findings::good(&format!("database of {name}"));
            if let Ok((waiting, failed)) = outbox::depth(&db).await {
                let what = format!("outbox of {name}: {waiting} waiting, {failed} set aside");
                if failed > 0 {
                    found.bad(&what, "see the outbox page of the administrator for reasons");
                } else {
                    Findings::good(&what);
                }
            }
        }
        Ok(names) => {
            found.bad(&format!("database of {name} is behind: {}", names.join(", ")), "run: linli migrate");
        }
        Err(error) => found.bad(&format!("database of {name}: {error}"), "is this the right database?"),
    }
    db.close().await;
}

fn calendar() {
    use chrono::Datelike;
    let last = Calendar::shipped().ok().and_then(|c| c.last_year()).unwrap_or_default();
    if last <= Clock::System.now().china_date().year() {
        Findings::note(&format!(
            "the holiday table ends with {last}; enter the next year on the calendar page when it is announced"
        ));
    } else {
        Findings::good("holiday table");
    }
}
