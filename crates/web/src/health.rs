//! For operators: is the process alive, can it work, what does it measure.

use std::{sync::OnceLock, time::Duration};

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use linli_store::{District, outbox};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde_json::json;

use crate::{Access, App, Route};

static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

/// Starts to collect metrics; once per process, later calls change nothing.
pub fn collect_metrics() {
    if METRICS.get().is_none()
        && let Ok(handle) = PrometheusBuilder::new().install_recorder()
    {
        let _ = METRICS.set(handle);
    }
}

async fn alive() -> &'static str {
    "ok"
}

/// Who asks wants to know now, not when the pool gives up.
const PATIENCE: Duration = Duration::from_secs(2);

/// Waiting and failed tasks; nothing where the database does not answer.
async fn depth(district: &District) -> Option<(i64, i64)> {
    match tokio::time::timeout(PATIENCE, outbox::depth(&district.db)).await {
        Ok(Ok(depth)) => Some(depth),
        Ok(Err(error)) => {
            tracing::warn!(district = %district.name, %error, "not ready");
            None
        }
        Err(_) => {
            tracing::warn!(district = %district.name, "not ready: the database does not answer");
            None
        }
    }
}

async fn ready(State(app): State<App>) -> Response {
    let mut districts = serde_json::Map::new();
    let mut all = true;
    for district in app.districts() {
        let depth = depth(district).await;
        all &= depth.is_some();
        let answer = depth.map_or_else(
            || json!({ "database": "unavailable" }),
            |(waiting, failed)| json!({ "database": "ok", "outbox_waiting": waiting, "outbox_failed": failed }),
        );
        districts.insert(district.name.clone(), answer);
    }
    let status = if all { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": all, "districts": districts }))).into_response()
}

async fn prometheus(State(app): State<App>) -> String {
    for district in app.districts() {
        let depth = depth(district).await;
        let up = if depth.is_some() { 1.0 } else { 0.0 };
        metrics::gauge!("database_up", "district" => district.name.clone()).set(up);
        if let Some((waiting, failed)) = depth {
            metrics::gauge!("outbox_waiting", "district" => district.name.clone()).set(waiting as f64);
            metrics::gauge!("outbox_failed", "district" => district.name.clone()).set(failed as f64);
        }
    }
    METRICS.get().map(PrometheusHandle::render).unwrap_or_default()
}

/// Whether the page is about the process and not about a district.
pub(crate) fn is_watch(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/metrics")
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/healthz", Access::Public, alive),
        Route::get("/readyz", Access::Public, ready),
        Route::get("/metrics", Access::Public, prometheus),
    ]
}
