//! The accept loop: what a slow or greedy peer may take from us, and how we stop.
//!
//! `axum::serve` has no limit of time for a request's head. Here one that does not come in full is cut,
//! a body that stands still is cut, and the number of connections is bounded below what the system
//! allows us, so that the databases can still open their files.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo, http::Request};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tower::{Layer, ServiceExt};
use tower_http::timeout::{RequestBodyDeadlineLayer, RequestBodyTimeoutLayer};

/// What a peer may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the head of a request, also for the next one on an open connection.
    pub head: Duration,
    /// Between two pieces of a body.
    pub pause: Duration,
    /// For a whole body.
    pub body: Duration,
    /// Open connections at the same time.
    pub connections: usize,
    /// For running requests, once a stop was asked for.
    pub grace: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_mins(1),
            pause: Duration::from_secs(30),
            body: Duration::from_mins(15),
            connections: 10_000,
            grace: Duration::from_secs(20),
        }
    }
}

/// Serves until `stop` comes; then takes no new connection, lets running requests finish, and returns.
/// Answers whether all of them did.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    patience: Patience,
    stop: impl Future<Output = ()>,
) -> bool {
    let service = RequestBodyTimeoutLayer::new(patience.pause)
        .layer(RequestBodyDeadlineLayer::new(patience.body).layer(router));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(patience.head);
    let running = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(patience.connections));
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, peer) = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener) => accepted,
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            // Full: the peer hears at once that it has to come again.
            metrics::counter!("http_connections_refused_total").increment(1);
            continue;
        };
        let service = service.clone();
        let answer = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            let service = service.clone();
            async move {
                let Ok(response) = service.oneshot(request).await;
                Ok::<_, Infallible>(response.map(Body::new))
            }
        });
        let connection = running.watch(builder.serve_connection(TokioIo::new(stream), answer));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%peer, %error, "connection ended");
            }
            drop(place);
        });
    }
    drop(listener);
    tokio::time::timeout(patience.grace, running.shutdown()).await.is_ok()
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Small answers must not wait for the next packet.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "no nodelay");
                }
                return (stream, peer);
            }
            Err(error) => {
                // Out of file descriptors, or the peer is gone again: not at full speed.
                tracing::warn!(%error, "cannot take a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}
