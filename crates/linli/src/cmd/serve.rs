//! `linli serve`

use std::{net::SocketAddr, sync::Arc, time::Duration};

use linli_store::worker;
use linli_web::{
    App,
    server::{self, Patience},
};
use tokio::{net::TcpListener, signal, sync::watch, task::JoinSet};
use tracing_subscriber::EnvFilter;

use super::Done;
use crate::{
    config::{Config, unknown_variables},
    wiring,
};

/// Options of `linli serve`.
#[derive(clap::Args)]
pub struct Args {
    /// Address to serve on, over the settings.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
}

/// How long running tasks may take once a stop was asked for.
const GRACE: Duration = Duration::from_secs(20);

pub(super) async fn run(config: Config, args: Args) -> Done {
    log_to_stderr(&config);
    for name in unknown_variables(std::env::vars().map(|(name, _)| name)) {
        tracing::warn!(name, "this variable of the environment means nothing here; is it misspelt?");
    }
    linli_web::health::collect_metrics();
    let (stop, stopped) = watch::channel(false);
    let handlers = Arc::new(wiring::handlers());
    let mut workers = JoinSet::new();
    let mut districts = Vec::new();
    for settings in &config.district {
        let district = wiring::open(&config, settings).await?;
        worker::arm(&district, &handlers).await?;
        linli_cases::follow(&district);
        linli_insight::follow(&district);
        workers.spawn(worker::run(district.clone(), handlers.clone(), stopped.clone()));
        districts.push((district, settings.hosts.clone()));
    }
    let app = App::new(districts, wiring::catalog()?, config.development);
    let address = args.listen.map_or_else(|| config.listen.parse(), Ok)?;
    let listener =
        TcpListener::bind(address).await.map_err(|e| format!("cannot listen on {address}: {e}"))?;
    println!("linli: serving on http://{}", listener.local_addr()?);

    let closing = app.clone();
    let asked = async move {
        asked_to_stop().await;
        closing.stop();
    };
    if !server::serve(listener, wiring::router(&app), Patience::default(), asked).await {
        tracing::warn!("requests still ran after the grace; they were cut");
    }
    let _ = stop.send(true);
    let finish = async { while workers.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, finish).await.is_err() {
        tracing::warn!("tasks still ran; their leases will run out and they are taken up again");
    }
    for district in app.districts() {
        if let Err(error) = linli_insight::stop(district).await {
            tracing::warn!(%error, "the snapshot of the index was not written; the next start reads the cases");
        }
        district.db.close().await;
    }
    tracing::info!("stopped");
    Ok(())
}

async fn asked_to_stop() {
    let terminate = async {
        match signal::unix::signal(signal::unix::SignalKind::terminate()) {
            Ok(mut stream) => drop(stream.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = signal::ctrl_c() => {}
        () = terminate => {}
    }
    tracing::info!("stopping");
}

fn log_to_stderr(config: &Config) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second subscriber in one process (tests) is refused; the first one keeps working.
    let _ = if config.log_format == "json" { builder.json().try_init() } else { builder.try_init() };
}
