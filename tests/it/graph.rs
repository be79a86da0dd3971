//! A Graph API that does what it is told: answers from a script, loses connections, keeps what it was asked.

use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What to do about one request.
pub enum Play {
    /// Answer with this status, these further header lines and this body.
    Answer(u16, &'static str, String),
    /// Read the request and close the connection.
    Close,
    /// Promise a longer body than is sent, then close.
    BreakOff(u16),
    /// Read the request and never answer.
    Hang,
}

impl Play {
    /// Taken, under this id.
    pub fn accepted(wamid: &str) -> Self {
        let body = json!({
            "messaging_product": "whatsapp",
            "contacts": [{"input": "1", "wa_id": "1"}],
            "messages": [{"id": wamid, "message_status": "accepted"}],
        });
        Self::Answer(200, "", body.to_string())
    }

    /// Refused with a code of Meta's.
    pub fn refused(http: u16, code: i64) -> Self {
        let error = json!({"message": "(#1) no", "type": "OAuthException", "code": code, "fbtrace_id": "x"});
        Self::Answer(http, "", json!({"error": error}).to_string())
    }
}

/// One request as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    pub path: String,
    pub authorization: String,
    pub body: Value,
}

/// The server; stops with the test's runtime.
#[derive(Clone)]
pub struct Graph {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    connections: Arc<AtomicUsize>,
}

impl Graph {
    /// Plays the script, one item a request, in order.
    pub async fn start(script: impl IntoIterator<Item = Play>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let graph = Self {
            address: listener.local_addr().unwrap(),
            asked: Arc::default(),
            connections: Arc::default(),
        };
        let script: Arc<Mutex<VecDeque<Play>>> = Arc::new(Mutex::new(script.into_iter().collect()));
        let server = graph.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                server.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(server.clone().serve(stream, script.clone()));
            }
        });
        graph
    }

    /// All requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    async fn serve(self, mut stream: TcpStream, script: Arc<Mutex<VecDeque<Play>>>) {
        let mut buffer = Vec::new();
        while let Some(asked) = request(&mut stream, &mut buffer).await {
            self.asked.lock().unwrap().push(asked);
            let play = script.lock().unwrap().pop_front().expect("the script is over");
            let answer = match play {
                Play::Answer(status, headers, body) => {
                    format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
                }
                Play::BreakOff(status) => {
                    let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 500\r\n\r\n{{\"mess");
                    stream.write_all(answer.as_bytes()).await.unwrap();
                    return;
                }
                Play::Close => return,
                Play::Hang => return std::future::pending().await,
            };
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    }
}

/// Reads one request; `None` at the end of the connection.
async fn request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Asked> {
    loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(buffer[..end].to_vec()).unwrap();
            let header = |name: &str| {
                head.lines().find_map(|line| {
                    let (key, value) = line.split_once(':')?;
                    key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
                })
            };
            let length: usize = header("content-length").map_or(0, |length| length.parse().unwrap());
            if buffer.len() >= end + 4 + length {
                let body = serde_json::from_slice(&buffer[end + 4..end + 4 + length]).unwrap();
                let path = head.split(' ').nth(1).unwrap().to_owned();
                let authorization = header("authorization").unwrap_or_default();
                buffer.drain(..end + 4 + length);
                return Some(Asked { path, authorization, body });
            }
        }
        let mut chunk = [0u8; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => buffer.extend_from_slice(&chunk[..read]),
        }
    }
}
