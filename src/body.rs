//! Bodies of other people's answers, read with a limit so that none of them can fill the memory.

/// The whole body; `None` if it broke off or is longer than `limit` bytes.
pub(crate) async fn read(mut response: reqwest::Response, limit: usize) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > limit {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// What is read of a body that is announced as `announced` bytes long, with a limit of five.
    async fn five(body: &'static str, announced: usize) -> Option<Vec<u8>> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 1024]).await;
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {announced}\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        read(http.get(url).send().await.unwrap(), 5).await
    }

    #[tokio::test]
    async fn whole_within_the_limit_or_not_at_all() {
        assert_eq!(five("", 0).await, Some(vec![]));
        assert_eq!(five("12345", 5).await.as_deref(), Some(&b"12345"[..]));
        assert_eq!(five("123456", 6).await, None, "too long");
        assert_eq!(five("123", 5).await, None, "broken off");
    }
}
