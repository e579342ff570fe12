//! The built `linli` as a process of its own: a district made, keys for its interface, served, ended.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use linli::{
    config::{Config, DistrictConfig},
    wiring,
};
use linli_store::District;

use crate::{client::Client, report::Outcome};

/// Where a district of the benchmark lives.
pub(crate) struct Place {
    /// Photos, the key, and the database if it is SQLite.
    pub(crate) folder: PathBuf,
    /// `sqlite:PATH` or `postgres://…?schema=NAME`.
    pub(crate) database: String,
}

/// A running server.
pub(crate) struct Server {
    child: Child,
    pub(crate) host: String,
}

/// The program beside this one: `examples/bench_cases` and `linli` are built together.
fn program() -> Outcome<PathBuf> {
    let own = env::current_exe()?;
    let folder = own.parent().and_then(Path::parent).ok_or("no folder above the examples")?;
    let linli = folder.join("linli");
    if linli.exists() { Ok(linli) } else { Err(format!("{} is not built", linli.display()).into()) }
}

impl Place {
    pub(crate) fn command(&self, arguments: &[&str]) -> Outcome<Command> {
        let mut command = Command::new(program()?);
        command
            .args(arguments)
            .env("LINLI_DATA", &self.folder)
            .env("LINLI_DATABASE", &self.database)
            .env("LINLI_DEVELOPMENT", "true")
            .env("LINLI_SECOND_FACTOR", "false")
            .env("RUST_LOG", "warn");
        Ok(command)
    }

    /// Fills the district as `linli demo` does.
    pub(crate) fn demo(&self, scale: f64) -> Outcome<Duration> {
        let began = Instant::now();
        let made = self
            .command(&["demo", "--if-empty", "--scale", &scale.to_string()])?
            .stdout(Stdio::null())
            .status()?;
        if made.success() { Ok(began.elapsed()) } else { Err("linli demo failed".into()) }
    }

    /// The district itself, as the program opens it.
    pub(crate) async fn open(&self) -> Outcome<Arc<District>> {
        let config = Config { data: self.folder.clone(), development: true, ..Config::default() };
        let settings = DistrictConfig {
            name: "huancui".into(),
            area: "371002".into(),
            prefix: "HC".into(),
            database: self.database.clone(),
            hosts: Vec::new(),
        };
        wiring::open(&config, &settings).await
    }

    pub(crate) fn serve(&self) -> Outcome<Server> {
        let mut child =
            self.command(&["serve", "--listen", "127.0.0.1:0"])?.stdout(Stdio::piped()).spawn()?;
        let out = child.stdout.take().ok_or("no output")?;
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line)?;
        let host = line.trim().rsplit_once("http://").ok_or(format!("linli said {line:?}"))?.1.to_owned();
        Ok(Server { child, host })
    }
}

impl Server {
    /// A connection on which somebody of the demo has logged in, and the header that says so.
    pub(crate) async fn log_in(&self, login: &str) -> Outcome<(Client, String)> {
        let mut client = Client::connect(&self.host).await?;
        let form = format!("login={login}&password={}", linli::cmd::demo::PASSWORD);
        let headers = "content-type: application/x-www-form-urlencoded\r\n";
        let answer = client.send("POST", "/login", headers, &form).await.map_err(|e| e.to_string())?;
        let cookie = answer.cookie.ok_or(format!("{login} did not come in: {}", answer.status))?;
        Ok((client, format!("cookie: {cookie}\r\n")))
    }

    /// The sum of a metric's series.
    pub(crate) async fn metric(&self, name: &str) -> Outcome<f64> {
        let mut client = Client::connect(&self.host).await?;
        let page = client.get("/metrics", "").await.map_err(|e| e.to_string())?.body;
        let lines = page.lines().filter(|l| l.starts_with(name) && !l.starts_with('#'));
        Ok(lines.filter_map(|l| l.rsplit(' ').next()?.parse::<f64>().ok()).sum())
    }

    /// Memory now and at its highest, in MB (`VmRSS`, `VmHWM`).
    pub(crate) fn memory(&self) -> Outcome<(f64, f64)> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let read = |name: &str| {
            let line = text.lines().find(|l| l.starts_with(name)).unwrap_or_default();
            line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or_default() / 1024.0
        };
        Ok((read("VmRSS:"), read("VmHWM:")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGTERM, so that it ends as in life; the child is ours, by its id.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}
