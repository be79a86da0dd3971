//! The people at the agents' API: they see who waits, take a conversation, answer, and hand it back.

use super::{
    journal::{Journal, Page},
    judge::AGENT,
    stage::Stage,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How to reach the API.
#[derive(Debug)]
pub(super) struct Agents {
    pub http: reqwest::Client,
    /// The engine's address.
    pub url: String,
    pub token: String,
    /// Conversations that they have now.
    pub busy: Mutex<HashSet<String>>,
    /// So long what follows a taking may be refused because that is still to be carried out.
    pub taken_within: Duration,
}

#[derive(Deserialize)]
struct Queue {
    conversations: Vec<Waiting>,
}

#[derive(Deserialize)]
struct Waiting {
    conversation: String,
    language: Option<String>,
}

const WORDS: [(&str, &str); 4] = [
    ("en", "This is Maya from the team. I have looked into it and sorted it out for you"),
    ("es", "Soy Maya, del equipo. Lo he revisado y ya está resuelto"),
    ("hi", "मैं टीम से माया हूँ। मैंने देख लिया है और काम हो गया है"),
    ("hi-Latn", "Main team se Maya hoon. Maine check kar liya hai aur kaam ho gaya hai"),
];

impl Agents {
    fn busy(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first of those who wait, at most as many as the agents can take at once.
    async fn queue(&self, most: u32) -> Option<Vec<Waiting>> {
        let url = format!("{}/api/v1/queue?limit={most}", self.url);
        let answer = self.http.get(url).bearer_auth(&self.token).send().await.ok()?;
        Some(answer.json::<Queue>().await.ok()?.conversations)
    }

    /// Looks at the queue until the run stops, and has conversations answered.
    pub(super) async fn work(self: Arc<Self>, stage: Arc<Stage>) {
        let settings = stage.scenario.agents.clone();
        while !stage.is_stopping() {
            if let Some(waiting) = self.queue(settings.at_once.clamp(1, 500)).await {
                {
                    let mut crowd = stage.crowd();
                    for one in &waiting {
                        crowd.taken_by_people(&one.conversation);
                    }
                }
                for one in waiting {
                    let is_new = {
                        let mut busy = self.busy();
                        busy.len() < settings.at_once as usize && busy.insert(one.conversation.clone())
                    };
                    if is_new {
                        tokio::spawn(Arc::clone(&self).handle(one, Arc::clone(&stage), settings.handle_s));
                    }
                }
            }
            tokio::time::sleep(Duration::from_secs_f64(settings.poll_s.max(0.1))).await;
        }
    }

    /// Has something done, again and again while the engine takes nothing, until the run stops; whether it was accepted. What
    /// is refused is wrong: only they act on these conversations, one after the other.
    async fn act(&self, conversation: &str, act: &str, body: &Value, stage: &Stage) -> bool {
        let url = format!("{}/api/v1/conversations/{conversation}/{act}", self.url);
        let begun = Instant::now();
        while !stage.is_stopping() {
            match self.http.post(&url).bearer_auth(&self.token).json(body).send().await {
                Ok(answer) if answer.status().is_success() => return true,
                // The engine takes nothing now; the key makes the repetition safe.
                Ok(answer) if answer.status().as_u16() == 503 => {}
                // What was accepted is carried out in order with the customer's messages: the taking may be still to come.
                Ok(answer) if answer.status().as_u16() == 409 && begun.elapsed() < self.taken_within => {}
                Ok(answer) => {
                    let status = answer.status();
                    let said: String = answer.text().await.unwrap_or_default().chars().take(200).collect();
                    stage.crowd().wrongs.add("agent refused", || {
                        format!("`{act}` of {conversation} was answered {status}: {said}")
                    });
                    return false;
                }
                Err(_) => {}
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        false
    }

    async fn handle(self: Arc<Self>, one: Waiting, stage: Arc<Stage>, handle_s: f64) {
        let id = &one.conversation;
        let key = |what: &str| json!({"key": format!("{what}-{id}-{}", stage.now())});
        if self.act(id, "take", &key("take"), &stage).await {
            // It may have left the queue meanwhile; now it is theirs all the same.
            stage.crowd().taken_by_people(id);
            tokio::time::sleep(Duration::from_secs_f64(handle_s / 2.0)).await;
            let language = one.language.as_deref().unwrap_or("en");
            let words =
                WORDS.iter().find(|(code, _)| *code == language).map_or(WORDS[0].1, |(_, words)| words);
            let mut reply = key("reply");
            reply["text"] = format!("{AGENT} {words} ({id}).").into();
            if self.act(id, "reply", &reply, &stage).await {
                stage.crowd().agent_wrote(stage.now(), id);
            }
            tokio::time::sleep(Duration::from_secs_f64(handle_s / 2.0)).await;
            let mut back = key("handback");
            back["resolved"] = true.into();
            if self.act(id, "handback", &back, &stage).await {
                stage.crowd().meter.count("handed_back", 1);
            }
        }
        self.busy().remove(id);
    }

    /// Whether a person has that conversation or will; `None` if the engine does not say.
    pub(super) async fn with_people(&self, conversation: &str) -> Option<bool> {
        let url = format!("{}/api/v1/conversations/{conversation}", self.url);
        let answer = self.http.get(url).bearer_auth(&self.token).send().await.ok()?;
        let value: Value = answer.json().await.ok()?;
        let kind = value["owner"]["kind"].as_str()?;
        Some(kind != "bot")
    }

    /// A conversation's journal; `None` if all of it cannot be read.
    pub(super) async fn journal(&self, conversation: &str) -> Option<Journal> {
        let mut journal = Journal::default();
        loop {
            let from = journal.next();
            let url =
                format!("{}/api/v1/conversations/{conversation}/journal?from={from}&limit=500", self.url);
            let answer = self.http.get(url).bearer_auth(&self.token).send().await.ok()?;
            let page: Page = answer.error_for_status().ok()?.json().await.ok()?;
            if page.records.is_empty() {
                return Some(journal);
            }
            journal.add(page)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[tokio::test]
    async fn what_the_engine_refuses_its_agents_is_wrong() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serve = std::thread::spawn(move || {
            for status in ["503 Service Unavailable", "200 OK", "409 Conflict", "409 Conflict"] {
                let mut stream = listener.accept().unwrap().0;
                let _ = stream.read(&mut [0; 2048]).unwrap();
                let head = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}");
                stream.write_all(head.as_bytes()).unwrap();
            }
        });
        let text = "name='x'\nabout='y'\nsessions=1\nwarm_up_s=0\nduration_s=1\n";
        let stage = Stage::silent(text, &url);
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let agents = Agents {
            http,
            url,
            token: String::new(),
            busy: Mutex::default(),
            taken_within: Duration::from_millis(100),
        };
        assert!(agents.act("1@2", "take", &json!({}), &stage).await);
        assert_eq!(stage.crowd().wrongs.total(), 0);
        assert!(!agents.act("1@2", "reply", &json!({}), &stage).await);
        assert_eq!(stage.crowd().wrongs.total(), 1);
        serve.join().unwrap();
    }
}
