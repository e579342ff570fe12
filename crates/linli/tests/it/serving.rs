//! The service on a real port: slow peers, a stop while people are at it, a database that goes away.

use std::{net::SocketAddr, time::Duration};

use axum::http::StatusCode;
use linli::wiring;
use linli_testkit::{both_engines, scratch};
use linli_web::{
    App,
    server::{Patience, serve},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

use crate::house::{House, house};

struct Port {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<bool>,
    app: App,
}

impl Port {
    async fn open(house: &House, patience: Patience) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let districts = house.districts.iter().map(|d| (d.clone(), vec!["a.example".to_owned()])).collect();
        let app = App::new(districts, wiring::catalog().unwrap(), true);
        let (stop, stopped) = oneshot::channel();
        let closing = app.clone();
        let asked = async move {
            let _ = stopped.await;
            closing.stop();
        };
        let served = tokio::spawn(serve(listener, wiring::router(&app), patience, asked));
        Self { address, stop: Some(stop), served, app }
    }

    fn ask_to_stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

/// Everything until the peer closes, or nothing more comes for a long while.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await;
    assert!(read.is_ok(), "the connection ends: {}", String::from_utf8_lossy(&bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

const SHORT: Duration = Duration::from_millis(300);

fn short() -> Patience {
    Patience { head: SHORT, pause: SHORT, grace: Duration::from_secs(15), ..Patience::default() }
}

const FORM: &str = "content-type: application/x-www-form-urlencoded\r\n";

both_engines! {
    async fn slow_and_greedy_peers_are_cut(s) {
        let house = house(&[(&s, "a", 1)], false).await;
        let mut port = Port::open(&house, short()).await;
        // A head that never ends.
        let mut slow = port.connect().await;
        slow.write_all(b"GET /login HTTP/1.1\r\nhost: a.example\r\nx-a: ").await.unwrap();
        let said = rest(&mut slow).await;
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{said}");
        // A body that stands still.
        let mut still = port.connect().await;
        let head = format!("POST /login HTTP/1.1\r\nhost: a.example\r\n{FORM}content-length: 500\r\n\r\nlogin=");
        still.write_all(head.as_bytes()).await.unwrap();
        let said = rest(&mut still).await;
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{said}");
        // Two gigabytes are refused before they come, and the memory stays ours.
        let mut greedy = port.connect().await;
        let head = "POST /report HTTP/1.1\r\nhost: a.example\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: 2147483648\r\n\r\n";
        greedy.write_all(head.as_bytes()).await.unwrap();
        let mut first = [0; 12];
        greedy.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 413");
        // Nobody else was kept waiting.
        let mut other = port.connect().await;
        other.write_all(b"GET /healthz HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\n\r\n").await.unwrap();
        assert!(rest(&mut other).await.ends_with("ok"));
        port.ask_to_stop();
        assert!(port.served.await.unwrap());
    }

    async fn a_stop_lets_running_requests_finish_and_ends_streams(s) {
        let house = house(&[(&s, "a", 1)], false).await;
        let centre = house.as_("a.example", "centre1").await;
        let cookie: Vec<String> = centre.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let mut port = Port::open(&house, Patience { grace: Duration::from_secs(15), ..Patience::default() }).await;

        let mut stream = port.connect().await;
        let head = format!("GET /live?kinds=case HTTP/1.1\r\nhost: a.example\r\ncookie: {}\r\n\r\n", cookie.join("; "));
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");

        // Half of a report is on its way when the stop comes.
        let body = "--b\r\ncontent-disposition: form-data; name=\"text\"\r\n\r\n路灯不亮\r\n\
                    --b\r\ncontent-disposition: form-data; name=\"address\"\r\n\r\n怡园小区\r\n--b--\r\n";
        let head = format!(
            "POST /report HTTP/1.1\r\nhost: a.example\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut running = port.connect().await;
        running.write_all(head.as_bytes()).await.unwrap();
        running.write_all(&body.as_bytes()[..60]).await.unwrap();
        // It has reached the handler once an answer to a later connection came.
        let mut probe = port.connect().await;
        probe.write_all(b"GET /healthz HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\n\r\n").await.unwrap();
        rest(&mut probe).await;
        port.ask_to_stop();
        // The stream ends properly, with its last chunk.
        assert!(rest(&mut stream).await.ends_with("0\r\n\r\n"));
        port.app.stopping().await;
        running.write_all(&body.as_bytes()[60..]).await.unwrap();
        let said = rest(&mut running).await;
        assert!(said.starts_with("HTTP/1.1 303"), "{said}");
        assert!(port.served.await.unwrap(), "nothing was cut");
        assert!(TcpStream::connect(port.address).await.is_err(), "nobody new comes in");
        let kept: i64 = house.districts[0].db.read().await.unwrap()
            .scalar("SELECT count(*) FROM case_file WHERE address = '怡园小区'", vec![]).await.unwrap();
        assert_eq!(kept, 1);
    }

    async fn a_database_that_is_away_is_told(s) {
        let house = house(&[(&s, "a", 1)], false).await;
        let mut watcher = house.visit("10.0.0.7:8080");
        let ready = watcher.get("/readyz").await;
        assert_eq!((ready.status, ready.body.contains("\"ready\":true")), (StatusCode::OK, true), "{}", ready.body);
        linli_web::health::collect_metrics();
        let metrics = watcher.get("/metrics").await.body;
        assert!(metrics.contains("database_up{district=\"a\"} 1"), "{metrics}");
        assert!(metrics.contains("outbox_waiting{district=\"a\"}"), "{metrics}");

        house.districts[0].db.close().await;
        let ready = watcher.get("/readyz").await;
        assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE, "{}", ready.body);
        assert!(ready.body.contains("\"database\":\"unavailable\""), "{}", ready.body);
        assert_eq!(watcher.get("/healthz").await.status, StatusCode::OK, "the process lives");
        assert!(watcher.get("/metrics").await.body.contains("database_up{district=\"a\"} 0"));
        // People get a sentence, not a stack.
        let page = house.visit("a.example").get("/t/nothing").await;
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{}", page.body);
        assert!(page.body.contains("<html") && !page.body.contains("sqlx"), "{}", page.body);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_connections_than_places_are_turned_away() {
    let s = scratch(linli_testkit::Engine::Sqlite).await.unwrap();
    let house = house(&[(&s, "a", 1)], false).await;
    let mut port = Port::open(&house, Patience { connections: 2, grace: SHORT, ..Patience::default() }).await;
    let request = b"GET /healthz HTTP/1.1\r\nhost: a.example\r\n\r\n";
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = port.connect().await;
        stream.write_all(request).await.unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.unwrap();
        held.push(stream);
    }
    let mut third = port.connect().await;
    let mut bytes = Vec::new();
    let _ = third.write_all(request).await;
    let _ = third.read_to_end(&mut bytes).await;
    assert!(bytes.is_empty(), "turned away at once");
    drop(held);
    port.ask_to_stop();
    port.served.await.unwrap();
}
