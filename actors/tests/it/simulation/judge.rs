//! What must hold at the end of every simulated run.

use super::{MESSAGES, PEOPLE, World, text};
use charla_actors::accept::Alias;
use charla_actors::core::tx::{Range, Reader, Space};
use charla_actors::inspect::Inspector;
use charla_actors::session::{ConversationId, IdempotencyKey};
use charla_actors::testing::Counter;
use std::collections::{HashMap, VecDeque};

impl World {
    pub(super) fn judge(&self) {
        for space in [Space::Pending, Space::Outbox] {
            let left = self.journal.scan(space, &Range::all(), false, 9).unwrap();
            assert!(left.is_empty(), "{space:?} is not empty");
        }
        let inspector = Inspector::<Counter>::new(self.journal.clone());
        let total = inspector.replay_all(Some(&Counter::default())).unwrap();
        assert_eq!(total.differences, vec![]);
        assert_eq!(total.turns, total.decided);
        assert!(inspector.verify().unwrap().damaged.is_empty());
        for person in 0..PEOPLE {
            let alias = [Alias::Phone(person.to_string())];
            let id = inspector.resolve("1", &alias).unwrap().expect("known");
            let log = inspector.state(&id).unwrap().unwrap().log;
            let heard: Vec<&str> = log
                .iter()
                .map(String::as_str)
                .filter(|it| !it.starts_with("looked") && !it.starts_with("unknown"))
                .collect();
            let said: Vec<String> = (0..MESSAGES).map(|n| text(person, n)).collect();
            assert_eq!(heard, said, "every message once, in order");
            self.judge_sends(&id, &said, &log);
        }
    }

    fn judge_sends(&self, id: &ConversationId, said: &[String], log: &[String]) {
        let mut expected = Vec::new();
        for (n, text) in said.iter().enumerate() {
            match text.split_once(' ').unwrap() {
                ("say", _) => expected.push(format!("{}: {text}", n + 1)),
                ("look", _) => expected.push(format!("found {text}")),
                ("pay", what) => expected.push(what.to_owned()),
                _ => expected.extend((0..3).map(|k| format!("{}.{k}", n + 1))),
            }
        }
        let mine: Vec<_> = self.taken.iter().filter(|(key, _)| key.conversation == *id).collect();
        let mut firsts: Vec<&IdempotencyKey> = Vec::new();
        let mut copies: HashMap<&IdempotencyKey, usize> = HashMap::new();
        for (key, _) in &mine {
            let count = copies.entry(key).or_default();
            *count += 1;
            if *count == 1 {
                firsts.push(key);
            }
        }
        assert!(firsts.is_sorted(), "effects arrive in order: {firsts:?}");
        let text_of = |key: &IdempotencyKey| &mine.iter().find(|(of, _)| of == key).unwrap().1;
        let mut arrived: VecDeque<&String> = firsts.iter().map(|key| text_of(key)).collect();
        for text in &expected {
            if arrived.front() == Some(&text) {
                arrived.pop_front();
            } else {
                // Only what may not be repeated may be missing, and then somebody was told.
                assert!(log.contains(&format!("unknown {text}")), "{text} never arrived");
            }
        }
        assert!(arrived.is_empty(), "{arrived:?} is too much");
        for (key, count) in copies {
            let excuses = self.excused.get(key).copied().unwrap_or(0);
            assert!(count <= 1 + excuses, "{key} arrived {count} times with {excuses} excuses");
            if text_of(key).contains('-') {
                assert_eq!(count, 1, "{key} may not be repeated");
            }
        }
    }
}
