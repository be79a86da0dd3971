//! Rasa 3.1 stories: conversations turn by turn, what the customer writes and what the bot then does.
//!
//! A step is either `user` (a text with entity markup) with its `intent`, or `action`. `metadata: {split: held_out}` on a
//! story keeps it out of training, for evaluation.

use super::{
    Example, markup,
    node::{Node, line},
    problems::{Kind, Problem},
};
use serde_saphyr::Spanned;
use std::path::Path;

/// A conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Story {
    /// Unique in its language.
    pub name: String,
    /// Variety: the folder's.
    pub lang: String,
    /// Place of the file in [`Dataset::files`](super::Dataset::files).
    pub file: usize,
    /// 1-based.
    pub line: usize,
    /// Not trained on.
    pub held_out: bool,
    /// What the bot does before the customer's first message.
    pub opening: Vec<Action>,
    /// The customer's turns; at least one.
    pub turns: Vec<StoryTurn>,
}

/// A message of the customer and the bot's answer to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoryTurn {
    /// The message.
    pub example: Example,
    /// What the bot then does, in order; nothing while a person has the conversation.
    pub actions: Vec<Action>,
}

/// Something the bot does: `flow_<flow>`, `utter_<response>`, `utter_ask_<slot>`, `action_<name>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Its name.
    pub name: String,
    /// 1-based.
    pub line: usize,
}

impl Story {
    /// All that the bot does, in order.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        self.opening.iter().chain(self.turns.iter().flat_map(|t| &t.actions))
    }
}

/// What is needed to read a file's stories.
pub(super) struct Source<'a> {
    pub path: &'a Path,
    pub file: usize,
    pub lang: &'a str,
    pub lines: &'a [&'a str],
}

/// Reads the value of `stories:`. A story with a mistake is left out as a whole, since its contexts would be wrong, and
/// each of its mistakes is reported.
pub(super) fn read(source: &Source, node: &Spanned<Node>) -> (Vec<Story>, Vec<Problem>) {
    let mut reader = Reader { source, problems: Vec::new() };
    let stories = match &node.value {
        Node::List(list) => list.iter().filter_map(|story| reader.story(story)).collect(),
        Node::Other => Vec::new(),
        other => {
            reader.problem(line(node), format!("`stories` is {}", other.kind()), "write a list of stories");
            Vec::new()
        }
    };
    (stories, reader.problems)
}

const STORY: &str = "a story has `story` (its name), `steps`, and perhaps `metadata`";
const STEP: &str = "a step is `user` with `intent`, or `action`";

struct Reader<'a> {
    source: &'a Source<'a>,
    problems: Vec<Problem>,
}

enum Step {
    User(Example),
    Action(Action),
}

impl Reader<'_> {
    fn problem(&mut self, line: usize, what: String, mend: &str) {
        self.problems.push(Problem {
            kind: Kind::Story,
            file: self.source.path.to_owned(),
            line,
            what,
            mend: mend.to_owned(),
        });
    }

    fn story(&mut self, node: &Spanned<Node>) -> Option<Story> {
        let before = self.problems.len();
        let Node::Map(entries) = &node.value else {
            self.problem(line(node), format!("a story is {}", node.value.kind()), STORY);
            return None;
        };
        let mut story = Story {
            lang: self.source.lang.to_owned(),
            file: self.source.file,
            line: line(node),
            ..Story::default()
        };
        let mut steps = None;
        for (key, value) in entries {
            match key.as_str() {
                "story" => match value.value.text() {
                    Some(name) => (story.name, story.line) = (name.to_owned(), line(value)),
                    None => self.problem(
                        line(value),
                        format!("a story's name is {}", value.value.kind()),
                        "write a text, in quotes if it is a number",
                    ),
                },
                "metadata" => story.held_out = self.held_out(value),
                "steps" => steps = Some(value),
                other => self.problem(line(value), format!("unknown key `{other}` of a story"), STORY),
            }
        }
        if story.name.is_empty() && self.problems.len() == before {
            self.problem(line(node), "a story without a name".into(), "write `story: …`");
        }
        match steps.map(|steps| (&steps.value, line(steps))) {
            Some((Node::List(list), _)) => {
                let mut unread = false;
                for step in list {
                    match self.step(step) {
                        Some(Step::User(example)) => {
                            story.turns.push(StoryTurn { example, actions: Vec::new() });
                        }
                        Some(Step::Action(action)) => match story.turns.last_mut() {
                            Some(turn) => turn.actions.push(action),
                            None => story.opening.push(action),
                        },
                        None => unread = true,
                    }
                }
                if story.turns.is_empty() && !unread {
                    self.problem(
                        story.line,
                        format!("story `{}` has no message of the customer", story.name),
                        "write `user` with `intent`",
                    );
                }
            }
            Some((other, at)) => {
                self.problem(at, format!("`steps` is {}", other.kind()), "write a list of steps")
            }
            None => self.problem(story.line, format!("story `{}` has no `steps`", story.name), STORY),
        }
        let sound = self.problems.len() == before;
        for problem in &mut self.problems[before..] {
            problem.mend.push_str("; until then the story is not used");
        }
        sound.then_some(story)
    }

    /// `split: held_out`; other keys are the builder's own.
    fn held_out(&mut self, node: &Spanned<Node>) -> bool {
        let Node::Map(entries) = &node.value else {
            self.problem(
                line(node),
                format!("`metadata` is {}", node.value.kind()),
                "write `{split: held_out}`",
            );
            return false;
        };
        let Some((_, split)) = entries.iter().find(|(key, _)| key == "split") else { return false };
        match split.value.text() {
            Some("held_out") => true,
            Some("train") => false,
            _ => {
                self.problem(line(split), "an unknown split".into(), "write `held_out` or `train`");
                false
            }
        }
    }

    fn step(&mut self, node: &Spanned<Node>) -> Option<Step> {
        let Node::Map(entries) = &node.value else {
            self.problem(line(node), format!("a step is {}", node.value.kind()), STEP);
            return None;
        };
        let before = self.problems.len();
        let (mut user, mut intent, mut action) = (None, None, None);
        for (key, value) in entries {
            let place = match key.as_str() {
                "user" => &mut user,
                "intent" => &mut intent,
                "action" => &mut action,
                "entities" => {
                    self.problem(
                        line(value),
                        "`entities` of a step".into(),
                        "mark them in the text of `user`: [text](entity)",
                    );
                    continue;
                }
                other => {
                    self.problem(line(value), format!("unknown key `{other}` of a step"), STEP);
                    continue;
                }
            };
            match value.value.text() {
                Some(text) => *place = Some((text, line(value))),
                None => self.problem(
                    line(value),
                    format!(
                        "`{key}` is {}",
                        if let Node::Text(_) = value.value { "empty" } else { value.value.kind() }
                    ),
                    "write a text, in quotes or after `|` if it is a number or begins with `[`",
                ),
            }
        }
        if self.problems.len() > before {
            return None;
        }
        match (user, intent, action) {
            (Some((text, at)), Some((intent, _)), None) => self.user(text, intent, at).map(Step::User),
            (None, None, Some((name, line))) => {
                // A name that holds a blank is a sentence in the wrong place.
                if name.contains(char::is_whitespace) {
                    self.problem(
                        line,
                        format!("`{name}` is no action's name"),
                        "write `utter_<response>`, …",
                    );
                    return None;
                }
                Some(Step::Action(Action { name: name.to_owned(), line }))
            }
            (Some((_, at)), None, None) => {
                self.problem(at, "a message without an intent".into(), "write `intent` under `user`");
                None
            }
            (None, Some((_, at)), None) => {
                self.problem(
                    at,
                    "an intent without a message".into(),
                    "write `user` with what the customer writes",
                );
                None
            }
            (None, None, None) => {
                self.problem(line(node), "an empty step".into(), STEP);
                None
            }
            (_, _, Some((_, at))) => {
                self.problem(at, "a message and an action in one step".into(), STEP);
                None
            }
        }
    }

    fn user(&mut self, marked: &str, intent: &str, at: usize) -> Option<Example> {
        // A block scalar's place is its `|` or its first line.
        let first = marked.lines().next().unwrap_or_default();
        let here = |line: &usize| self.source.lines.get(line - 1).is_some_and(|l| l.contains(first));
        let at = [at.max(1), at + 1].into_iter().find(here).unwrap_or(at);
        match markup::parse(marked) {
            Ok((text, entities)) => Some(Example {
                text,
                lang: self.source.lang.to_owned(),
                intent: intent.to_owned(),
                entities,
                file: self.source.file,
                line: at,
            }),
            Err(ill) => {
                let what = format!("{} at character {}", ill.what, ill.at + 1);
                self.problem(at, what, "write [text](entity) or [text]{\"entity\": \"…\", \"value\": \"…\"}");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::data::{Dataset, problems::Kind, yaml};
    use std::path::Path;

    fn read(text: &str) -> Dataset {
        let mut set = Dataset { files: vec!["s.yml".into()], ..Dataset::default() };
        yaml::read(&mut set, Path::new("s.yml"), text, "en").unwrap();
        set
    }

    #[test]
    fn a_story_with_all_its_parts() {
        let set = read(
            "version: \"3.1\"\nstories:\n  - story: stock\n    metadata: {split: held_out, author: mara}\n    steps:\n      \
             - action: utter_session_start\n      - user: |\n          [shoes](product) in\n          size [9](size)?\n        \
             intent: check_stock\n      - action: flow_check_stock\n      - action: utter_ask_place\n      - user: \
             \"[110001](pincode)\"\n        intent: inform\n",
        );
        assert!(set.problems.is_empty() && set.examples.is_empty(), "{:?}", set.problems);
        let story = &set.stories[0];
        assert_eq!((story.name.as_str(), story.lang.as_str(), story.line), ("stock", "en", 3));
        assert!(story.held_out);
        let names: Vec<(&str, usize)> = story.actions().map(|a| (a.name.as_str(), a.line)).collect();
        assert_eq!(names, [("utter_session_start", 6), ("flow_check_stock", 11), ("utter_ask_place", 12)]);
        let first = &story.turns[0].example;
        assert_eq!(
            (first.text.as_str(), first.intent.as_str(), first.line),
            ("shoes in\nsize 9?", "check_stock", 8)
        );
        assert_eq!((first.entities[1].entity.as_str(), first.entities[1].start), ("size", 14));
        assert_eq!((story.turns[1].example.text.as_str(), story.turns[1].example.line), ("110001", 13));
        assert!(story.turns[1].actions.is_empty());
    }

    #[test]
    fn every_mistake_has_its_line_and_costs_its_story_alone() {
        let wrong = [
            ("- slot_was_set: [{a: b}]", 4, "unknown key `slot_was_set`"),
            ("- user: hello", 4, "without an intent"),
            ("- intent: greet", 4, "without a message"),
            ("- user: 9\n        intent: inform", 4, "`user` is a number"),
            ("- user: \"\"\n        intent: inform", 4, "`user` is empty"),
            ("- user: |\n          [a [b](c)\n        intent: inform", 5, "inside another"),
            ("- user: x\n        intent: inform\n        entities: [{city: Pune}]", 6, "`entities`"),
            ("- action: says something", 4, "no action's name"),
            ("- user: x\n        intent: inform\n        action: utter_x", 6, "in one step"),
            ("- {}", 4, "an empty step"),
            ("- utter_greet", 4, "a step is a text"),
        ];
        for (step, line, what) in wrong {
            let set = read(&format!(
                "stories:\n  - story: wrong\n    steps:\n      {step}\n  - story: right\n    steps:\n      - user: hi\n        intent: greet\n"
            ));
            assert_eq!(set.problems.len(), 1, "{step}: {:?}", set.problems);
            let problem = &set.problems[0];
            assert_eq!((problem.kind, problem.line), (Kind::Story, line), "{problem}");
            assert!(problem.what.contains(what), "{problem}");
            assert!(problem.mend.contains("not used"), "{problem}");
            assert_eq!(set.stories.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["right"], "{step}");
        }
    }

    #[test]
    fn stories_without_name_steps_turns_or_a_known_split() {
        let user = "steps: [{user: hi, intent: greet}]";
        let wrong = [
            (format!("- {user}"), 2, "without a name"),
            (format!("- story: 7\n    {user}"), 2, "name is a number"),
            ("- story: a".into(), 2, "no `steps`"),
            ("- story: a\n    steps: x".into(), 3, "`steps` is a text"),
            ("- story: a\n    steps: [{action: utter_a}]".into(), 2, "no message"),
            (format!("- story: a\n    metadata: {{split: dev}}\n    {user}"), 3, "unknown split"),
            (format!("- story: a\n    metadata: held_out\n    {user}"), 3, "`metadata` is a text"),
            (format!("- story: a\n    rule: b\n    {user}"), 3, "unknown key `rule`"),
            ("- just words".into(), 2, "a story is a text"),
        ];
        for (text, line, what) in wrong {
            let set = read(&format!("stories:\n  {text}\n"));
            assert_eq!(set.problems.len(), 1, "{text}: {:?}", set.problems);
            assert!(
                set.problems[0].line == line && set.problems[0].what.contains(what),
                "{}",
                set.problems[0]
            );
            assert!(set.stories.is_empty());
        }
        assert!(read("stories: none\n").problems[0].what.contains("`stories` is a text"));
        assert!(read("stories:\n").problems.is_empty());
    }
}
