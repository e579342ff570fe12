//! For operators: is the process alive, can it work, what does it measure.

use std::sync::OnceLock;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use linli_store::outbox;
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

async fn ready(State(app): State<App>) -> Response {
    let mut districts = serde_json::Map::new();
    let mut all = true;
    for district in app.districts() {
        let depth = outbox::depth(&district.db).await;
        all &= depth.is_ok();
        let answer = depth.map_or_else(
            |_| json!({ "database": "unavailable" }),
            |(waiting, failed)| json!({ "database": "ok", "outbox_waiting": waiting, "outbox_failed": failed }),
        );
        districts.insert(district.name.clone(), answer);
    }
    let status = if all { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": all, "districts": districts }))).into_response()
}

async fn prometheus(State(app): State<App>) -> String {
    for district in app.districts() {
        if let Ok((waiting, failed)) = outbox::depth(&district.db).await {
            metrics::gauge!("outbox_waiting", "district" => district.name.clone()).set(waiting as f64);
            metrics::gauge!("outbox_failed", "district" => district.name.clone()).set(failed as f64);
        }
    }
    METRICS.get().map(PrometheusHandle::render).unwrap_or_default()
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/healthz", Access::Public, alive),
        Route::get("/readyz", Access::Public, ready),
        Route::get("/metrics", Access::Public, prometheus),
    ]
}
