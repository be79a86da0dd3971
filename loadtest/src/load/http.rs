//! A client for one thing: posting webhooks over kept-alive connections, at a few microseconds each. General clients cost
//! several times as much, and on two cores the generator's share is taken from the engine.

use anyhow::Context;
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Semaphore,
};

/// Longest wait for an answer; Meta's own is not published.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Longest head of an answer.
const HEAD: usize = 16 * 1024;

/// Posts to one address.
#[derive(Debug)]
pub struct Client {
    address: String,
    /// The request's head up to the signature's value.
    head: String,
    idle: Mutex<Vec<TcpStream>>,
    places: Semaphore,
}

impl Client {
    /// A client of `url`, an `http://` address, with so many connections at most.
    ///
    /// # Errors
    /// If the address is not such a one.
    pub fn new(url: &str, path: &str, connections: u32) -> anyhow::Result<Self> {
        let address = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
        let address = address.filter(|address| !address.is_empty() && !address.contains('/')).with_context(|| {
            format!("CHARLA-E5406: `{url}` is no address to load; write http://HOST:PORT, behind the proxy that ends TLS")
        })?;
        let full = if address.contains(':') { address.to_owned() } else { format!("{address}:80") };
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\nuser-agent: facebookexternalua\r\n\
             x-hub-signature-256: "
        );
        Ok(Self {
            address: full,
            head,
            idle: Mutex::new(Vec::new()),
            places: Semaphore::new(connections as usize),
        })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<TcpStream>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Posts a body; the answer's status, or 0 without one.
    pub async fn post(&self, body: &str, signature: &str) -> u16 {
        let Ok(_place) = self.places.acquire().await else { return 0 };
        let mut request = Vec::with_capacity(self.head.len() + body.len() + 128);
        request.extend_from_slice(self.head.as_bytes());
        request.extend_from_slice(signature.as_bytes());
        request.extend_from_slice(format!("\r\ncontent-length: {}\r\n\r\n", body.len()).as_bytes());
        request.extend_from_slice(body.as_bytes());
        tokio::time::timeout(TIMEOUT, self.exchange(&request)).await.unwrap_or(0)
    }

    async fn exchange(&self, request: &[u8]) -> u16 {
        loop {
            let kept = self.idle().pop();
            let fresh = kept.is_none();
            let mut stream = match kept {
                Some(stream) => stream,
                None => match TcpStream::connect(&self.address).await {
                    Ok(stream) => {
                        let _ = stream.set_nodelay(true);
                        stream
                    }
                    Err(_) => return 0,
                },
            };
            match talk(&mut stream, request).await {
                Ok((status, keep)) => {
                    if keep {
                        self.idle().push(stream);
                    }
                    return status;
                }
                // The other side has closed it while it was idle.
                Err(_) if !fresh => {}
                Err(_) => return 0,
            }
        }
    }
}

/// One request and its answer: the status, and whether the connection may be used again.
async fn talk(stream: &mut TcpStream, request: &[u8]) -> std::io::Result<(u16, bool)> {
    stream.write_all(request).await?;
    let mut answer = Vec::with_capacity(512);
    let end = loop {
        if let Some(at) = answer.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if answer.len() > HEAD || stream.read_buf(&mut answer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let status = head.get(9..12).and_then(|code| code.parse().ok()).unwrap_or(0);
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    let Some(length) = length else { return Ok((status, false)) };
    while answer.len() < end + length {
        if stream.read_buf(&mut answer).await? == 0 {
            return Ok((status, false));
        }
    }
    Ok((status, !head.contains("connection: close")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    async fn serve(listener: TcpListener, answers: Vec<&'static str>) -> u32 {
        let mut connections = 0;
        let mut answers = answers.into_iter();
        let mut next = answers.next();
        while next.is_some() {
            let (mut stream, _) = listener.accept().await.unwrap();
            connections += 1;
            let mut bytes = [0; 4096];
            while let Some(answer) = next {
                if stream.read(&mut bytes).await.unwrap() == 0 {
                    break;
                }
                stream.write_all(answer.as_bytes()).await.unwrap();
                next = answers.next();
                if answer.contains("close") {
                    break;
                }
            }
        }
        connections
    }

    #[tokio::test]
    async fn connections_are_kept_and_closed_ones_replaced() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        let full = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        let served = tokio::spawn(serve(listener, vec![ok, ok, full, ok]));
        let client = Client::new(&url, "/webhooks/whatsapp", 4).unwrap();
        for expected in [200, 200, 503, 200] {
            assert_eq!(client.post("{}", "sha256=0").await, expected);
        }
        drop(client);
        assert_eq!(served.await.unwrap(), 2);
    }

    #[tokio::test]
    async fn nobody_there_is_no_status() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        assert_eq!(Client::new(&url, "/", 1).unwrap().post("{}", "").await, 0);
        assert!(Client::new("https://example.org", "/", 1).is_err());
    }
}
