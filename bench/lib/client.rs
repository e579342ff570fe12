//! A plain HTTP/1.1 client that keeps its connection: light, so that it takes little from the server
//! that shares the machine with it.

use std::{error::Error, io};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) cookie: Option<String>,
    /// `x-query-count`, which a server in development tells.
    pub(crate) queries: Option<u32>,
    pub(crate) body: String,
}

/// One connection.
pub(crate) struct Client {
    host: String,
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Client {
    pub(crate) async fn connect(host: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        let (read, writer) = stream.into_split();
        Ok(Self { host: host.to_owned(), reader: BufReader::with_capacity(64 * 1024, read), writer })
    }

    pub(crate) async fn get(
        &mut self,
        path: &str,
        headers: &str,
    ) -> Result<Answer, Box<dyn Error + Send + Sync>> {
        self.send("GET", path, headers, "").await
    }

    /// `headers` are whole lines, each with its end.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> Result<Answer, Box<dyn Error + Send + Sync>> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\n{headers}content-length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        self.writer.write_all(request.as_bytes()).await?;
        let mut answer = Answer { status: 0, cookie: None, queries: None, body: String::new() };
        let mut length = 0;
        let mut first = true;
        loop {
            let line = self.line().await?;
            if first {
                answer.status = line.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or("no status")?;
                first = false;
            } else if line.is_empty() {
                break;
            } else if let Some((name, value)) = line.split_once(": ") {
                match name {
                    "content-length" => length = value.parse()?,
                    "set-cookie" => answer.cookie = value.split(';').next().map(str::to_owned),
                    "x-query-count" => answer.queries = value.parse().ok(),
                    "transfer-encoding" => return Err("a chunked answer; the client asks for none".into()),
                    _ => {}
                }
            }
        }
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body).await?;
        answer.body = String::from_utf8(body)?;
        Ok(answer)
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut bytes = Vec::with_capacity(80);
        loop {
            let byte = self.reader.read_u8().await?;
            if byte == b'\n' {
                break;
            }
            bytes.push(byte);
        }
        bytes.pop();
        String::from_utf8(bytes).map_err(io::Error::other)
    }
}
