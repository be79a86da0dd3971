//! Everything that the simulator remembers: customers, threads, media, templates. Bounded: old messages of long threads
//! and old media are forgotten.

use super::{
    clock::{Millis, rfc3339},
    customer::Customer,
    limits::WINDOW_MS,
    message::{Content, From, Message, Quote, Reaction, Status},
    rate::Rates,
    templates::Template,
};
use std::collections::{BTreeMap, HashMap, VecDeque};
use tokio::sync::watch;

/// Messages that a thread keeps.
const THREAD_MESSAGES: usize = 2_000;
/// Media files that are kept.
const MEDIA_FILES: usize = 500;

/// Business number's id and customer's `wa_id`.
pub(crate) type ThreadKey = (String, String);

/// A file that a customer or the engine has uploaded.
#[derive(Debug, Clone)]
pub(crate) struct MediaFile {
    pub mime_type: String,
    pub bytes: actix_web::web::Bytes,
}

/// What one customer and one business number have said to each other.
#[derive(Debug)]
pub(crate) struct Thread {
    pub messages: VecDeque<Message>,
    next: u64,
    /// When the customer wrote last.
    pub last_inbound: Option<Millis>,
    /// Until when the customer sees "typing…".
    pub typing_until: Millis,
    /// The number of the newest message, for those who wait.
    pub newest: watch::Sender<u64>,
}

impl Default for Thread {
    fn default() -> Self {
        Self {
            messages: VecDeque::new(),
            next: 1,
            last_inbound: None,
            typing_until: 0,
            newest: watch::Sender::new(0),
        }
    }
}

impl Thread {
    pub(crate) fn window_open(&self, now: Millis) -> bool {
        self.last_inbound.is_some_and(|last| now - last < WINDOW_MS)
    }

    pub(crate) fn get(&self, n: u64) -> Option<&Message> {
        let first = self.messages.front()?.n;
        self.messages.get(usize::try_from(n.checked_sub(first)?).ok()?)
    }

    pub(crate) fn get_mut(&mut self, n: u64) -> Option<&mut Message> {
        let first = self.messages.front()?.n;
        self.messages.get_mut(usize::try_from(n.checked_sub(first)?).ok()?)
    }

    pub(crate) fn after(&self, n: u64) -> Vec<Message> {
        let first = self.messages.front().map_or(1, |message| message.n);
        let skip = usize::try_from((n + 1).saturating_sub(first)).unwrap_or(usize::MAX);
        self.messages.iter().skip(skip).cloned().collect()
    }
}

/// Everything.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub customers: BTreeMap<String, Customer>,
    by_user_id: HashMap<String, String>,
    pub threads: HashMap<ThreadKey, Thread>,
    by_wamid: HashMap<String, (ThreadKey, u64)>,
    pub media: HashMap<String, MediaFile>,
    media_order: VecDeque<String>,
    pub templates: Vec<Template>,
    pub rates: Rates,
}

impl World {
    pub(crate) fn with_templates(templates: Vec<Template>) -> Self {
        Self { templates, ..Self::default() }
    }

    /// The customer, made at first use.
    pub(crate) fn customer(&mut self, wa_id: &str) -> &mut Customer {
        let by_user_id = &mut self.by_user_id;
        self.customers.entry(wa_id.to_owned()).or_insert_with(|| {
            let customer = Customer::new(wa_id);
            by_user_id.insert(customer.user_id.clone(), wa_id.to_owned());
            customer
        })
    }

    /// Who has that business-scoped id.
    pub(crate) fn by_user_id(&self, user_id: &str) -> Option<&Customer> {
        self.customers.get(self.by_user_id.get(user_id)?)
    }

    pub(crate) fn thread(&mut self, key: &ThreadKey) -> &mut Thread {
        self.threads.entry(key.clone()).or_default()
    }

    /// Appends a message and wakes those who wait for it.
    pub(crate) fn append(
        &mut self,
        key: &ThreadKey,
        now: Millis,
        from: From,
        wamid: String,
        content: Content,
        reply_to: Option<Quote>,
    ) -> Message {
        let thread = self.threads.entry(key.clone()).or_default();
        let message = Message {
            n: thread.next,
            wamid: wamid.clone(),
            from,
            content,
            reply_to,
            reactions: Vec::new(),
            status: Status::Sent,
            error: None,
            at: rfc3339(now),
            callback: None,
        };
        thread.next += 1;
        thread.messages.push_back(message.clone());
        match from {
            From::Customer => thread.last_inbound = Some(now),
            From::Business => thread.typing_until = 0,
        }
        thread.newest.send_replace(message.n);
        let forgotten =
            (thread.messages.len() > THREAD_MESSAGES).then(|| thread.messages.pop_front()).flatten();
        if let Some(old) = forgotten {
            self.by_wamid.remove(&old.wamid);
        }
        self.by_wamid.insert(wamid, (key.clone(), message.n));
        message
    }

    /// Where a message is.
    pub(crate) fn find(&self, wamid: &str) -> Option<(&ThreadKey, &Message)> {
        let (key, n) = self.by_wamid.get(wamid)?;
        Some((key, self.threads.get(key)?.get(*n)?))
    }

    /// A message of a thread, by its id.
    pub(crate) fn quoted(&self, key: &ThreadKey, wamid: &str) -> Option<&Message> {
        self.find(wamid).filter(|(place, _)| *place == key).map(|(_, message)| message)
    }

    /// Puts an emoji on a message, replaces it, or takes it away (empty).
    pub(crate) fn react(&mut self, key: &ThreadKey, n: u64, from: From, emoji: &str) -> Option<Message> {
        let message = self.threads.get_mut(key)?.get_mut(n)?;
        message.reactions.retain(|reaction| reaction.from != from);
        if !emoji.is_empty() {
            message.reactions.push(Reaction { from, emoji: emoji.to_owned() });
        }
        Some(message.clone())
    }

    /// Moves a message's status; the message if that changed it.
    pub(crate) fn advance(&mut self, key: &ThreadKey, n: u64, status: Status) -> Option<Message> {
        let message = self.threads.get_mut(key)?.get_mut(n)?;
        message.advance(status).then(|| message.clone())
    }

    /// Marks a customer's message and those before it as read by the business; the ones that this changed.
    pub(crate) fn read_by_business(&mut self, key: &ThreadKey, n: u64) -> Vec<Message> {
        let Some(thread) = self.threads.get_mut(key) else { return Vec::new() };
        let mut changed = Vec::new();
        for message in thread.messages.iter_mut().rev() {
            if message.n <= n && message.from == From::Customer {
                if message.status == Status::Read {
                    break;
                }
                if message.advance(Status::Read) {
                    changed.push(message.clone());
                }
            }
        }
        changed
    }

    /// Empties a thread. Numbers go on, so that nobody who waits is confused; the window stays.
    pub(crate) fn clear(&mut self, key: &ThreadKey) -> usize {
        let Some(thread) = self.threads.get_mut(key) else { return 0 };
        let gone: Vec<_> = thread.messages.drain(..).collect();
        for message in &gone {
            self.by_wamid.remove(&message.wamid);
        }
        gone.len()
    }

    /// Empties all threads.
    pub(crate) fn clear_all(&mut self) {
        for thread in self.threads.values_mut() {
            thread.messages.clear();
        }
        self.by_wamid.clear();
    }

    pub(crate) fn keep_media(&mut self, id: String, file: MediaFile) {
        self.media.insert(id.clone(), file);
        self.media_order.push_back(id);
        if self.media_order.len() > MEDIA_FILES
            && let Some(old) = self.media_order.pop_front()
        {
            self.media.remove(&old);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(world: &mut World, key: &ThreadKey, from: From, text: &str) -> Message {
        let content = Content { kind: "text".into(), text: text.into(), ..Content::default() };
        world.append(key, 0, from, format!("wamid.{text}"), content, None)
    }

    #[test]
    fn messages_are_numbered_from_one_and_old_ones_are_forgotten() {
        let (mut world, key) = (World::default(), ("1".to_owned(), "2".to_owned()));
        for i in 1..=(THREAD_MESSAGES as u64 + 5) {
            assert_eq!(say(&mut world, &key, From::Customer, &i.to_string()).n, i);
        }
        let thread = &world.threads[&key];
        assert_eq!(thread.messages.len(), THREAD_MESSAGES);
        assert_eq!(thread.after(THREAD_MESSAGES as u64).len(), 5);
        assert_eq!(thread.after(0).len(), THREAD_MESSAGES);
        assert!(thread.get(5).is_none());
        assert_eq!(thread.get(6).map(|message| message.n), Some(6));
        assert!(world.find("wamid.5").is_none());
        assert!(world.find("wamid.6").is_some());
    }

    #[test]
    fn the_business_reads_a_message_and_those_before_it() {
        let (mut world, key) = (World::default(), ("1".to_owned(), "2".to_owned()));
        for text in ["a", "b", "c"] {
            say(&mut world, &key, From::Customer, text);
            say(&mut world, &key, From::Business, &format!("{text}!"));
        }
        let read: Vec<_> = world.read_by_business(&key, 3).iter().map(|message| message.n).collect();
        assert_eq!(read, [3, 1]);
        assert!(world.read_by_business(&key, 3).is_empty());
        assert_eq!(world.threads[&key].get(5).map(|message| message.status), Some(Status::Sent));
    }

    #[test]
    fn the_window_is_open_for_a_day_after_the_customers_message() {
        let (mut world, key) = (World::default(), ("1".to_owned(), "2".to_owned()));
        say(&mut world, &key, From::Business, "a");
        assert!(!world.threads[&key].window_open(0));
        say(&mut world, &key, From::Customer, "b");
        assert!(world.threads[&key].window_open(WINDOW_MS - 1));
        assert!(!world.threads[&key].window_open(WINDOW_MS));
    }
}
