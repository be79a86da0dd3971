//! Customers in a closed loop: each waits for the answer before the next message, all of them together keep the server busy.
//! Closed, because that is what finds both servers' capacity by the same rule; latency under a given rate is what
//! `charla-loadtest run` measures.

use super::{
    charla::APP_SECRET,
    graph::{Arrived, Choice, Desk},
    judge,
    texts::{Conversation, SCRIPT, Step, Writer},
    usage::{Cores, Reading},
};
use crate::sim::signature;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// How long a customer waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long they look for the rest of an answer whose first part was not the one expected.
const SECOND_PART: Duration = Duration::from_millis(500);
/// Examples kept of what was not answered as meant, for each turn and language.
const EXAMPLES: u64 = 2;

/// Whom they talk to.
#[derive(Debug, Clone)]
pub(super) enum Side {
    /// Charla's webhook; answers come to the desk.
    Charla { url: String, desk: Arc<Desk> },
    /// Rasa's REST channel.
    Rasa { url: String },
}

/// How much is said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    /// Conversations at the same time.
    pub conversations: usize,
    pub warm_up: Duration,
    pub measure: Duration,
}

/// A turn that was answered, or not.
#[derive(Debug, Clone)]
struct Sample {
    /// When it was answered; when it was said, where nothing came: whoever waits until the round is over would else be none of
    /// its turns, although all that time they say nothing more.
    at: Instant,
    took: Option<Duration>,
    typed: bool,
    fits: bool,
    step: Step,
    language: String,
    /// What did not fit, for people.
    shown: Option<String>,
}

/// What a round has shown.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub turns_per_s: f64,
    pub turns: u64,
    /// Sorted, milliseconds.
    pub replies_ms: Vec<f64>,
    pub typed: u64,
    pub unanswered: u64,
    /// Answered otherwise than meant, by turn and language.
    pub misfits: BTreeMap<String, u64>,
    pub examples: Vec<String>,
    pub refused: u64,
    pub cores: Cores,
    pub resident_mib: f64,
}

impl Tally {
    /// A reply latency's quantile in milliseconds; 0 without replies.
    pub(super) fn quantile(&self, share: f64) -> f64 {
        let place = (self.replies_ms.len() as f64 * share) as usize;
        let last = self.replies_ms.len().saturating_sub(1);
        self.replies_ms.get(place.min(last)).copied().unwrap_or(0.0)
    }

    /// Turns that were answered as meant.
    pub(super) fn fitting(&self) -> f64 {
        let misfits: u64 = self.misfits.values().sum();
        if self.turns == 0 { 0.0 } else { 1.0 - misfits as f64 / self.turns as f64 }
    }
}

struct Room {
    side: Side,
    http: reqwest::Client,
    writer: Mutex<Writer>,
    stop: AtomicBool,
    refused: AtomicU64,
}

/// Has them talk for a round; `server` is the process that is watched.
///
/// # Errors
/// If the server cannot be reached, or there is nothing more to write.
pub(super) async fn drive(
    side: Side,
    http: reqwest::Client,
    writer: Writer,
    load: Load,
    server: u32,
) -> anyhow::Result<Tally> {
    let room = Arc::new(Room {
        side,
        http,
        writer: Mutex::new(writer),
        stop: AtomicBool::new(false),
        refused: AtomicU64::new(0),
    });
    let talks: Vec<_> = (0..load.conversations).map(|place| tokio::spawn(sit(room.clone(), place))).collect();
    tokio::time::sleep(load.warm_up).await;
    let (begun, before) = (Instant::now(), Reading::take(server));
    tokio::time::sleep(load.measure).await;
    let (ended, after) = (Instant::now(), Reading::take(server));
    let resident_mib = super::usage::resident_mib(server);
    room.stop.store(true, Ordering::Relaxed);
    let mut tally = Tally { cores: after.since(&before), resident_mib, ..Tally::default() };
    for talk in talks {
        for sample in talk.await?? {
            if sample.at >= begun && sample.at < ended {
                tally.count(sample);
            }
        }
    }
    tally.refused = room.refused.load(Ordering::Relaxed);
    tally.replies_ms.sort_by(f64::total_cmp);
    tally.turns_per_s = tally.turns as f64 / (ended - begun).as_secs_f64();
    Ok(tally)
}

impl Tally {
    fn count(&mut self, sample: Sample) {
        let Some(took) = sample.took else {
            self.unanswered += 1;
            self.examples.extend(sample.shown);
            return;
        };
        self.turns += 1;
        self.typed += u64::from(sample.typed);
        self.replies_ms.push(took.as_secs_f64() * 1_000.0);
        if !sample.fits {
            let count = self.misfits.entry(format!("{:?} {}", sample.step, sample.language)).or_default();
            *count += 1;
            if *count <= EXAMPLES {
                self.examples.extend(sample.shown);
            }
        }
    }
}

/// One conversation after the other in one place.
async fn sit(room: Arc<Room>, place: usize) -> anyhow::Result<Vec<Sample>> {
    let mut samples = Vec::new();
    while !room.stop.load(Ordering::Relaxed) {
        let conversation = room.writer.lock().unwrap_or_else(PoisonError::into_inner).next()?;
        talk(&room, place, conversation, &mut samples).await?;
    }
    Ok(samples)
}

async fn talk(
    room: &Room,
    place: usize,
    conversation: Conversation,
    samples: &mut Vec<Sample>,
) -> anyhow::Result<()> {
    let mut chat = Chat::new(room, place, &conversation);
    for (step, text) in SCRIPT.into_iter().zip(&conversation.texts) {
        if room.stop.load(Ordering::Relaxed) {
            break;
        }
        let begun = Instant::now();
        let heard = chat.say(room, step, text.as_deref(), begun).await?;
        let (said, answered) = (heard.said.clone(), heard.answered);
        samples.push(Sample {
            at: answered.unwrap_or(begun),
            took: answered.map(|at| at.duration_since(begun)),
            typed: text.is_some(),
            fits: heard.fits,
            step,
            language: conversation.language.clone(),
            shown: (!heard.fits).then(|| {
                format!(
                    "{step:?} ({}): {:?} → {said:?}",
                    conversation.language,
                    text.as_deref().unwrap_or("[tap]")
                )
            }),
        });
        // Nobody waits for what will not come: a thread that a person has taken over is silent.
        if answered.is_none() || (!heard.fits && matches!(room.side, Side::Charla { .. })) {
            break;
        }
    }
    Ok(())
}

/// What came back.
struct Heard {
    answered: Option<Instant>,
    fits: bool,
    said: String,
}

enum Chat {
    Charla(Box<Thread>),
    Rasa { sender: String },
}

/// A customer's thread on WhatsApp.
struct Thread {
    wa_id: String,
    number: String,
    wamids: u64,
    receiver: UnboundedReceiver<Arrived>,
    /// The newest turn that something came from.
    turn: u64,
    /// What can be tapped, and the message that offers it.
    choices: Vec<(Choice, String)>,
}

impl Chat {
    fn new(room: &Room, place: usize, conversation: &Conversation) -> Self {
        match &room.side {
            Side::Rasa { .. } => Chat::Rasa { sender: format!("{place}-{}", conversation.n) },
            Side::Charla { desk, .. } => {
                let (sender, receiver) = unbounded_channel();
                let wa_id = Desk::wa_id(place, conversation.n);
                desk.seat(place, &wa_id, sender);
                let number = conversation.number.clone();
                Chat::Charla(Box::new(Thread {
                    wa_id,
                    number,
                    wamids: 0,
                    receiver,
                    turn: 0,
                    choices: Vec::new(),
                }))
            }
        }
    }

    async fn say(
        &mut self,
        room: &Room,
        step: Step,
        text: Option<&str>,
        begun: Instant,
    ) -> anyhow::Result<Heard> {
        match (self, &room.side) {
            (Chat::Charla(thread), Side::Charla { url, .. }) => {
                thread.say(room, url, step, text, begun).await
            }
            (Chat::Rasa { sender }, Side::Rasa { url }) => {
                let intent =
                    || judge::intents(step).first().map_or(String::new(), |intent| format!("/{intent}"));
                let message = text.map_or_else(intent, str::to_owned);
                ask_rasa(room, url, sender, &message, step).await
            }
            // A chat is made for the room's side.
            _ => anyhow::bail!("a chat of the other side"),
        }
    }
}

/// An element of the REST channel's answer.
#[derive(Debug, Deserialize)]
struct RestReply {
    #[serde(default)]
    text: String,
}

/// The texts of the REST channel's answer.
fn rest_replies(body: &[u8]) -> Result<Vec<String>, serde_json::Error> {
    let replies: Vec<RestReply> = serde_json::from_slice(body)?;
    Ok(replies.into_iter().map(|reply| reply.text).collect())
}

async fn ask_rasa(room: &Room, url: &str, sender: &str, message: &str, step: Step) -> anyhow::Result<Heard> {
    let request = room
        .http
        .post(format!("{url}/webhooks/rest/webhook"))
        .timeout(PATIENCE)
        .json(&json!({"sender": sender, "message": message}));
    let answer = match request.send().await {
        Ok(answer) if answer.status().is_success() => answer.bytes().await,
        Ok(answer) => anyhow::bail!("CHARLA-E5506: Rasa answered {} to a message", answer.status()),
        Err(error) => Err(error),
    };
    let body = match answer {
        Ok(body) => body,
        Err(error) if error.is_timeout() => {
            return Ok(Heard { answered: None, fits: false, said: String::new() });
        }
        Err(error) => anyhow::bail!("CHARLA-E5506: Rasa cannot be reached: {error}"),
    };
    let at = Instant::now();
    let texts = rest_replies(&body)?;
    let fits = texts.iter().any(|text| judge::rasa(step, text));
    // An empty answer is none.
    Ok(Heard { answered: (!texts.is_empty()).then_some(at), fits, said: texts.join(" | ") })
}

impl Thread {
    async fn say(
        &mut self,
        room: &Room,
        url: &str,
        step: Step,
        text: Option<&str>,
        begun: Instant,
    ) -> anyhow::Result<Heard> {
        // Further parts of the answer before.
        while let Ok(arrived) = self.receiver.try_recv() {
            self.hear(arrived);
        }
        let message = match text {
            Some(text) => json!({"type": "text", "text": {"body": text}}),
            None => match self.tap(step) {
                Some(message) => message,
                None => {
                    return Ok(Heard { answered: None, fits: false, said: "nothing to tap".into() });
                }
            },
        };
        let last = begun + PATIENCE;
        self.post(room, url, message, last).await?;
        let mut first: Option<Arrived> = None;
        let mut fits = false;
        while !fits {
            let most =
                if first.is_some() { SECOND_PART } else { last.saturating_duration_since(Instant::now()) };
            let Ok(Some(arrived)) = tokio::time::timeout(most, self.receiver.recv()).await else { break };
            let new = arrived.turn > self.turn || first.as_ref().is_some_and(|f| f.turn <= arrived.turn);
            fits = new && judge::charla(step, &arrived);
            let shown = arrived.clone();
            if new && first.is_none() {
                self.choices.clear();
            }
            self.hear(arrived);
            if new && first.is_none() {
                first = Some(shown);
            }
        }
        Ok(Heard {
            answered: first.as_ref().map(|arrived| arrived.at),
            fits,
            said: first.map_or_else(String::new, |arrived| arrived.text.chars().take(160).collect()),
        })
    }

    fn hear(&mut self, arrived: Arrived) {
        self.turn = self.turn.max(arrived.turn);
        self.choices.extend(arrived.choices.into_iter().map(|choice| (choice, arrived.wamid.clone())));
    }

    /// What WhatsApp tells of the tap that a step is.
    fn tap(&self, step: Step) -> Option<Value> {
        let wanted = match step {
            Step::Consent => "/Consent(yes)",
            Step::Row => "/StartFlow(product_details",
            _ => "/StartFlow(check_stock",
        };
        let (choice, wamid) = self.choices.iter().find(|(choice, _)| choice.id.starts_with(wanted))?;
        let reply = json!({"id": choice.id, "title": choice.title});
        let kind = if choice.row { "list_reply" } else { "button_reply" };
        Some(json!({
            "type": "interactive",
            "interactive": {"type": kind, kind: reply},
            "context": {"from": self.number, "id": wamid},
        }))
    }

    /// Tries again what is refused, as Meta does, until `last`; also where the time of the run is over meanwhile, for what has been
    /// sent wants its answer.
    async fn post(
        &mut self,
        room: &Room,
        url: &str,
        mut message: Value,
        last: Instant,
    ) -> anyhow::Result<()> {
        self.wamids += 1;
        message["id"] = format!("wamid.{}.{}", self.wa_id, self.wamids).into();
        message["from"] = self.wa_id.as_str().into();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        message["timestamp"] = now.to_string().into();
        let value = json!({
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": self.number, "phone_number_id": self.number},
            "contacts": [{"profile": {"name": "Customer"}, "wa_id": self.wa_id}],
            "messages": [message],
        });
        let changes = json!([{"field": "messages", "value": value}]);
        let body = json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]});
        let body = body.to_string().into_bytes();
        let signed = signature(APP_SECRET, &body);
        let mut pause = Duration::from_millis(20);
        loop {
            let request = room
                .http
                .post(format!("{url}/webhooks/whatsapp"))
                .header("content-type", "application/json")
                .header("x-hub-signature-256", &signed)
                .timeout(PATIENCE)
                .body(body.clone());
            let status = match request.send().await {
                Ok(answer) => answer.status().as_u16(),
                Err(error) => anyhow::bail!("CHARLA-E5506: Charla cannot be reached: {error}"),
            };
            match status {
                200 => return Ok(()),
                // The wait counts.
                503 if Instant::now() < last => {
                    room.refused.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(1));
                }
                503 => return Ok(()),
                status => anyhow::bail!("CHARLA-E5506: Charla answered {status} to a webhook"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rest_answers_are_read_with_and_without_text() {
        let body = br#"[{"recipient_id":"1","text":"A"},{"recipient_id":"1","image":"http://x"}]"#;
        assert_eq!(rest_replies(body).unwrap(), ["A", ""]);
        assert!(rest_replies(b"[]").unwrap().is_empty());
        assert!(rest_replies(b"{\"status\":\"failure\"}").is_err());
    }

    #[test]
    fn quantiles_and_shares_are_of_what_was_answered() {
        let sample = |ms: u64, fits: bool| Sample {
            at: Instant::now(),
            took: Some(Duration::from_millis(ms)),
            typed: true,
            fits,
            step: Step::Faq,
            language: "en".into(),
            shown: (!fits).then(|| "x".into()),
        };
        let mut tally = Tally::default();
        assert_eq!((tally.quantile(0.5), tally.fitting()), (0.0, 0.0));
        (1..=99).for_each(|ms| tally.count(sample(ms, true)));
        tally.count(sample(100, false));
        tally.count(Sample { took: None, ..sample(0, false) });
        tally.replies_ms.sort_by(f64::total_cmp);
        assert_eq!((tally.turns, tally.unanswered, tally.typed), (100, 1, 100));
        assert_eq!((tally.quantile(0.5), tally.quantile(0.99), tally.quantile(1.0)), (51.0, 100.0, 100.0));
        assert!((tally.fitting() - 0.99).abs() < 1e-9);
        assert_eq!(tally.misfits["Faq en"], 1);
        assert_eq!(tally.examples, ["x", "x"]);
    }
}
