//! Settings: a TOML file, then the environment over it; checked before anything starts.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
};

use linli_kernel::AreaCode;
use linli_store::Target;
use linli_web::outward::Reach;
use serde::Deserialize;

use crate::texting::Gateway;

/// Where the settings come from.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct Source {
    /// Settings file (TOML). Without it, linli.toml in the working folder is read if it is there.
    #[arg(long, global = true, env = "LINLI_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Every variable of the environment that means something to `linli`.
const VARIABLES: &[&str] = &[
    "LINLI_CONFIG",
    "LINLI_LISTEN",
    "LINLI_DATA",
    "LINLI_DATABASE",
    "LINLI_DEVELOPMENT",
    "LINLI_MASTER_KEY_FILE",
    "LINLI_SECOND_FACTOR",
    "LINLI_LOG_FORMAT",
    "LINLI_WEBHOOKS_PRIVATE",
    "LINLI_TEXTING_KEY",
];

/// Variables that look like ours and are not: most often a misspelt name, which would do nothing in silence.
pub fn unknown_variables(names: impl Iterator<Item = String>) -> Vec<String> {
    // Of tests, benchmarks and scripts.
    let other = ["LINLI_TEST_", "LINLI_BENCH_", "LINLI_BIN", "LINLI_PG_", "LINLI_UPDATE"];
    let mut unknown: Vec<String> = names
        .filter(|name| name.starts_with("LINLI_") && !VARIABLES.contains(&name.as_str()))
        .filter(|name| !other.iter().any(|prefix| name.starts_with(prefix)))
        .collect();
    unknown.sort_unstable();
    unknown
}

/// All settings of a process.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address to serve on. Env `LINLI_LISTEN`.
    pub listen: String,
    /// Folder for databases, photos and models. Env `LINLI_DATA`.
    pub data: PathBuf,
    /// Developers' headers and a key made on first start. Env `LINLI_DEVELOPMENT`.
    pub development: bool,
    /// File with the master key that wraps all data keys. Env `LINLI_MASTER_KEY_FILE`.
    pub master_key_file: Option<PathBuf>,
    /// Log-in, sessions, algorithms of sealed fields. Env `LINLI_SECOND_FACTOR` turns the second factor off (demonstrations).
    pub access: linli_access::Limits,
    /// `text` or `json`. Env `LINLI_LOG_FORMAT`; levels by `RUST_LOG`.
    pub log_format: String,
    /// What other systems are told of cases.
    pub webhooks: Webhooks,
    /// The gateway for messages to phones; without it nobody is promised one.
    pub texting: Option<Gateway>,
    /// The districts of this process.
    pub district: Vec<DistrictConfig>,
}

/// Where news of cases may be sent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Webhooks {
    /// Ranges of private addresses that may be called beside the open network, also by plain http:
    /// `["10.20.0.0/16"]`. In development this machine is one. Env `LINLI_WEBHOOKS_PRIVATE`, joined by commas.
    pub private: Vec<String>,
}

/// One district.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistrictConfig {
    /// Short name, letters and digits: files and metrics.
    pub name: String,
    /// Area code, 6 digits.
    pub area: String,
    /// Letters before case numbers.
    pub prefix: String,
    /// `sqlite:PATH` or `postgres://…?schema=NAME`.
    pub database: String,
    /// Host names that this district answers for.
    #[serde(default)]
    pub hosts: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".into(),
            data: "var".into(),
            development: false,
            master_key_file: None,
            access: linli_access::Limits::default(),
            log_format: "text".into(),
            webhooks: Webhooks::default(),
            texting: None,
            district: Vec::new(),
        }
    }
}

impl DistrictConfig {
    /// Where its data is.
    pub fn target(&self) -> Result<Target, String> {
        Target::from_str(&self.database).map_err(|e| format!("district.{}.database: {e}", self.name))
    }

    /// Its area code.
    pub fn area(&self) -> Result<AreaCode, String> {
        self.area.parse().map_err(|e| format!("district.{}.area: {e}", self.name))
    }
}

impl Config {
    /// Reads and checks everything; the error names the key.
    pub fn load(source: &Source) -> Result<Self, String> {
        let path =
            source.config.clone().or_else(|| Path::new("linli.toml").exists().then(|| "linli.toml".into()));
        let mut config = match path {
            Some(path) => {
                let text = std::fs::read_to_string(&path)
                    .map_err(|e| format!("settings file {}: {e}", path.display()))?;
                toml::from_str(&text).map_err(|e| format!("settings file {}: {e}", path.display()))?
            }
            None => Self::default(),
        };
        config.overlay(|key| std::env::var(key).ok())?;
        config.check()?;
        Ok(config)
    }

    fn overlay(&mut self, env: impl Fn(&str) -> Option<String>) -> Result<(), String> {
        if let Some(v) = env("LINLI_LISTEN") {
            self.listen = v;
        }
        if let Some(v) = env("LINLI_DATA") {
            self.data = v.into();
        }
        if let Some(v) = env("LINLI_DEVELOPMENT") {
            self.development =
                v.parse().map_err(|_| format!("LINLI_DEVELOPMENT: “{v}” is neither true nor false"))?;
        }
        if let Some(v) = env("LINLI_MASTER_KEY_FILE") {
            self.master_key_file = Some(v.into());
        }
        if let Some(v) = env("LINLI_SECOND_FACTOR") {
            self.access.second_factor =
                v.parse().map_err(|_| format!("LINLI_SECOND_FACTOR: “{v}” is neither true nor false"))?;
        }
        if let Some(v) = env("LINLI_LOG_FORMAT") {
            self.log_format = v;
        }
        if let Some(v) = env("LINLI_WEBHOOKS_PRIVATE") {
            self.webhooks.private =
                v.split(',').map(|r| r.trim().to_owned()).filter(|r| !r.is_empty()).collect();
        }
        if let (Some(gateway), Some(v)) = (&mut self.texting, env("LINLI_TEXTING_KEY")) {
            gateway.key = v;
        }
        if self.district.is_empty() {
            let file = self.data.join("huancui.db");
            self.district.push(DistrictConfig {
                name: "huancui".into(),
                area: "371002".into(),
                prefix: "HC".into(),
                database: env("LINLI_DATABASE").unwrap_or_else(|| format!("sqlite:{}", file.display())),
                hosts: Vec::new(),
            });
        } else if env("LINLI_DATABASE").is_some() {
            return Err("LINLI_DATABASE is for a single district; this settings file lists districts".into());
        }
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        self.listen.parse::<SocketAddr>().map_err(|e| format!("listen: “{}”: {e}", self.listen))?;
        if !matches!(self.log_format.as_str(), "text" | "json") {
            return Err(format!("log_format: “{}” is neither text nor json", self.log_format));
        }
        let reach = self.reach()?;
        self.texting.as_ref().map_or(Ok(()), |gateway| gateway.check(&reach))?;
        if self.data.as_os_str().is_empty() {
            return Err("data: a folder is wanted".into());
        }
        let limits = &self.access;
        for (key, value) in [
            ("strict_idle_minutes", limits.strict_idle_minutes),
            ("strict_hours", limits.strict_hours),
            ("idle_hours", limits.idle_hours),
            ("days", limits.days),
            ("hash_memory_kib", limits.hash_memory_kib),
            ("hash_passes", limits.hash_passes),
        ] {
            if value == 0 {
                return Err(format!("access.{key}: 0 would let nobody in"));
            }
        }
        let mut hosts = std::collections::BTreeSet::new();
        for (n, district) in self.district.iter().enumerate() {
            let word = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric());
            if !word(&district.name) {
                return Err(format!("district.name: “{}” may have only letters and digits", district.name));
            }
            if !word(&district.prefix) || district.prefix.len() > 4 {
                return Err(format!(
                    "district.{}.prefix: “{}” may have one to four letters",
                    district.name, district.prefix
                ));
            }
            if district.area()?.as_str().len() != 6 {
                return Err(format!("district.{}.area: a district has 6 digits", district.name));
            }
            district.target()?;
            if self.district[..n].iter().any(|d| d.name == district.name || d.database == district.database) {
                return Err(format!("district.{}: name and database must each be its own", district.name));
            }
            if self.district.len() > 1 && district.hosts.is_empty() {
                return Err(format!(
                    "district.{}.hosts: with several districts each needs its host names",
                    district.name
                ));
            }
            if let Some(taken) = district.hosts.iter().find(|h| !hosts.insert(h.to_ascii_lowercase())) {
                return Err(format!("district.{}.hosts: {taken} is claimed twice", district.name));
            }
        }
        Ok(())
    }

    /// Where news of cases may be sent.
    pub fn reach(&self) -> Result<Reach, String> {
        let ranges = self.webhooks.private.iter().map(|range| range.parse());
        let ranges =
            ranges.collect::<Result<Vec<_>, _>>().map_err(|e: String| format!("webhooks.private: {e}"))?;
        Ok(if self.development && ranges.is_empty() { Reach::this_machine() } else { Reach::with(ranges) })
    }

    /// The master key's file.
    pub fn master_key(&self) -> PathBuf {
        self.master_key_file.clone().unwrap_or_else(|| self.data.join("master.key"))
    }

    /// The folder of a district's photos.
    pub fn blobs(&self, district: &str) -> PathBuf {
        self.data.join("blobs").join(district)
    }

    /// The folder of a district's snapshots of indexes; what is in it can be made again.
    pub fn indexes(&self, district: &str) -> PathBuf {
        self.data.join("indexes").join(district)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, String> {
        let mut config: Config = toml::from_str(text).map_err(|e| e.to_string())?;
        config.overlay(|_| None)?;
        config.check()?;
        Ok(config)
    }

    #[test]
    fn errors_name_the_key() {
        assert!(read("").is_ok());
        for (text, key) in [
            ("listen = 'nowhere'", "listen"),
            ("access = { suite = 'rot13' }", "suite"),
            ("access = { days = 0 }", "access.days"),
            ("data = ''", "data"),
            ("log_format = 'xml'", "log_format"),
            ("lisen = ''", "lisen"),
            ("webhooks = { private = ['ten'] }", "webhooks.private"),
            ("texting = { url = 'http://sms.example/', body = '{phone}{digits}' }", "texting.url"),
            ("[[district]]\nname='a'\narea='37'\nprefix='A'\ndatabase='sqlite:a'", "district.a.area"),
            ("[[district]]\nname='a'\narea='371002'\nprefix='A'\ndatabase='oracle:a'", "district.a.database"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(key), "{error}");
        }
    }

    #[test]
    fn a_misspelt_variable_is_found() {
        let names = ["LINLI_LISTN", "LINLI_LISTEN", "LINLI_TEST_DATA", "HOME"];
        assert_eq!(unknown_variables(names.map(str::to_owned).into_iter()), ["LINLI_LISTN"]);
    }

    #[test]
    fn errors_of_the_environment_name_the_variable() {
        for (name, value) in [("LINLI_DEVELOPMENT", "yes"), ("LINLI_SECOND_FACTOR", "1")] {
            let error = Config::default().overlay(|key| (key == name).then(|| value.to_owned())).unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn the_sample_settings_are_in_order() {
        assert!(read(include_str!("../../../deploy/linli.toml")).is_ok());
    }

    #[test]
    fn several_districts_need_their_own_hosts() {
        let two = |a: &str, b: &str| {
            read(&format!(
                "[[district]]\nname='a'\narea='371002'\nprefix='A'\ndatabase='sqlite:a'\nhosts={a}\n\
                 [[district]]\nname='b'\narea='371003'\nprefix='B'\ndatabase='sqlite:b'\nhosts={b}"
            ))
        };
        assert!(two("['a.example']", "['b.example']").is_ok());
        assert!(two("[]", "['b.example']").unwrap_err().contains("district.a.hosts"));
        assert!(two("['a.example']", "['A.example']").unwrap_err().contains("claimed twice"));
    }
}
