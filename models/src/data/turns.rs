//! What the dialogue knows at each of a story's turns: the question just asked, the active flow, the turns before.
//!
//! It follows what the dialogue does with the same conversation, so that the heads learn from what they will see: a flow
//! waits for the customer only at a question, and every question comes again after something else was said. Where the
//! bot's last actions ask nothing, no flow is active.

use super::{
    Dataset, Example,
    stories::{Action, Story},
};
use crate::{
    features::context::{Context, EARLIER, Turn},
    pool::ParseRequest,
};

/// A turn of a story with its dialogue context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialogueTurn {
    /// Place of the story in [`Dataset::stories`].
    pub story: usize,
    /// The message.
    pub example: Example,
    /// The slot just asked for, as the story names it (`utter_ask_<slot>`).
    pub asked: Option<String>,
    /// The active flow, without `flow_`.
    pub flow: Option<String>,
    /// The turns before, at most [`EARLIER`], newest last.
    pub earlier: Vec<Turn>,
    /// What the bot does next; `None` where it says nothing.
    pub next: Option<String>,
}

impl DialogueTurn {
    /// The context as the heads see it.
    pub fn context(&self, entities: &[String]) -> Context {
        Context::new(self.asked.as_deref(), self.flow.as_deref(), entities).after(&self.earlier)
    }

    /// The message as a running engine would ask about it.
    pub fn request(&self) -> ParseRequest {
        ParseRequest {
            text: self.example.text.clone(),
            language: Some(self.example.lang.clone()).filter(|l| !l.is_empty()),
            asked: self.asked.clone(),
            flow: self.flow.clone(),
            earlier: self.earlier.clone(),
            ..ParseRequest::default()
        }
    }
}

impl Dataset {
    /// The turns of the stories that are trained on.
    pub fn story_turns(&self) -> Vec<DialogueTurn> {
        self.dialogue_turns(false)
    }

    /// The turns of the stories that are held out, for evaluation; training does not look at them.
    pub fn held_out_turns(&self) -> Vec<DialogueTurn> {
        self.dialogue_turns(true)
    }

    /// What the bot does right after a message in the stories that are trained on, in alphabetical order.
    pub fn next_actions(&self) -> std::collections::BTreeSet<String> {
        let turns = self.stories.iter().filter(|s| !s.held_out).flat_map(|s| &s.turns);
        turns.filter_map(|t| t.actions.first()).map(|a| a.name.clone()).collect()
    }

    fn dialogue_turns(&self, held_out: bool) -> Vec<DialogueTurn> {
        let stories = self.stories.iter().enumerate().filter(|(_, s)| s.held_out == held_out);
        stories.flat_map(|(index, story)| turns(index, story)).collect()
    }
}

/// The turns of one story.
fn turns(index: usize, story: &Story) -> Vec<DialogueTurn> {
    let mut track = Track::default();
    track.bot(&story.opening, "");
    let mut earlier: Vec<Turn> = Vec::new();
    let mut out = Vec::with_capacity(story.turns.len());
    for turn in &story.turns {
        let next = turn.actions.first().map(|a| a.name.clone());
        let intent = &turn.example.intent;
        out.push(DialogueTurn {
            story: index,
            example: turn.example.clone(),
            asked: track.asked.clone(),
            flow: track.flow(),
            earlier: earlier[earlier.len().saturating_sub(EARLIER)..].to_vec(),
            next: next.clone(),
        });
        earlier.push(Turn { intent: intent.clone(), action: next });
        track.bot(&turn.actions, intent);
    }
    out
}

/// The slot of the built-in question for satisfaction, and the pattern that asks it.
const SATISFACTION: (&str, &str) = ("satisfaction", "pattern_satisfaction");
/// Intents that answer a question: a flow that begins then goes on with what was asked (`link`) and interrupts nothing.
const ANSWERS: [&str; 3] = ["inform", "affirm", "deny"];

struct Frame {
    flow: String,
    interrupted: bool,
}

#[derive(Default)]
struct Track {
    asked: Option<String>,
    stack: Vec<Frame>,
}

impl Track {
    fn flow(&self) -> Option<String> {
        if self.asked.as_deref() == Some(SATISFACTION.0) {
            return Some(SATISFACTION.1.to_owned());
        }
        self.stack.last().map(|f| f.flow.clone())
    }

    /// The bot's actions after a message with the intent `intent`.
    fn bot(&mut self, actions: &[Action], intent: &str) {
        // Whether the flow on top goes on into the one that begins next.
        let mut goes_on = self.asked.is_some() && ANSWERS.contains(&intent);
        let mut completed = false;
        self.asked = None;
        for action in actions {
            let Some(flow) = action.name.strip_prefix("flow_") else {
                if let Some(slot) = action.name.strip_prefix("utter_ask_") {
                    self.asked = Some(slot.to_owned());
                    if slot != SATISFACTION.0 && completed {
                        // Back at the question of what had been interrupted.
                        self.resume();
                        completed = false;
                    }
                }
                continue;
            };
            match flow {
                "pattern_completed" | "pattern_cancel_flow" => {
                    self.stack.pop();
                    (self.asked, goes_on) = (None, false);
                    completed = flow == "pattern_completed";
                }
                "pattern_human_handoff" => {
                    self.stack.clear();
                    (self.asked, goes_on) = (None, false);
                }
                "pattern_continue_interrupted" => {
                    // The interrupting flow may have ended without a word.
                    while self.stack.last().is_some_and(|f| !f.interrupted) && self.stack.len() > 1 {
                        self.stack.pop();
                    }
                    self.resume();
                    (goes_on, completed) = (false, false);
                }
                pattern if pattern.starts_with("pattern_") => {}
                flow => {
                    if completed {
                        // `pattern_completed` runs when nothing is left to go back to.
                        self.stack.clear();
                        completed = false;
                    }
                    match self.stack.last_mut() {
                        Some(top) if goes_on => flow.clone_into(&mut top.flow),
                        top => {
                            if let Some(top) = top {
                                top.interrupted = true;
                            }
                            self.stack.push(Frame { flow: flow.to_owned(), interrupted: false });
                        }
                    }
                    goes_on = true;
                }
            }
        }
        if self.asked.as_deref().is_none_or(|slot| slot == SATISFACTION.0) {
            self.stack.clear();
        }
    }

    fn resume(&mut self) {
        if let Some(top) = self.stack.last_mut() {
            top.interrupted = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::stories::StoryTurn;

    /// A story from lines: `> text | intent` or an action.
    fn story(script: &str) -> Story {
        let mut story = Story { lang: "en".into(), ..Story::default() };
        for line in script.lines().map(str::trim).filter(|l| !l.is_empty()) {
            if let Some((text, intent)) = line.strip_prefix("> ").and_then(|l| l.split_once(" | ")) {
                let example = Example {
                    text: text.into(),
                    lang: "en".into(),
                    intent: intent.into(),
                    entities: Vec::new(),
                    file: 0,
                    line: 1,
                };
                story.turns.push(StoryTurn { example, actions: Vec::new() });
            } else {
                let action = Action { name: line.into(), line: 1 };
                match story.turns.last_mut() {
                    Some(turn) => turn.actions.push(action),
                    None => story.opening.push(action),
                }
            }
        }
        story
    }

    /// (asked, flow) of each turn, `-` for none.
    fn contexts(script: &str) -> Vec<(String, String)> {
        let or = |x: Option<String>| x.unwrap_or_else(|| "-".into());
        turns(0, &story(script)).into_iter().map(|t| (or(t.asked), or(t.flow))).collect()
    }

    fn expect(script: &str, expected: &[(&str, &str)]) {
        let found = contexts(script);
        let found: Vec<(&str, &str)> = found.iter().map(|(a, f)| (a.as_str(), f.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_question_its_answer_and_the_end() {
        expect(
            "utter_ask_language
             > english | inform
             > got any shoes | check_stock
             flow_check_stock
             action_search_products
             utter_ask_place
             > 110001 | inform
             action_get_stock
             utter_in_stock
             flow_pattern_completed
             utter_ask_satisfaction
             > 5 | inform
             utter_satisfaction_thanks
             > bye | goodbye",
            &[
                ("language", "-"),
                ("-", "-"),
                ("place", "check_stock"),
                ("satisfaction", "pattern_satisfaction"),
                ("-", "-"),
            ],
        );
    }

    #[test]
    fn an_interrupted_flow_comes_back() {
        let digression = |end: &str| {
            format!(
                "> return it | return_order
                 flow_return_order
                 utter_ask_return_reason
                 > how long do i have | faq
                 flow_faq
                 flow_faq_topics
                 utter_ask_faq_topic
                 > returns | inform
                 utter_faq_returns
                 {end}
                 utter_ask_return_reason
                 > damaged | inform"
            )
        };
        let expected = [
            ("-", "-"),
            ("return_reason", "return_order"),
            ("faq_topic", "faq_topics"),
            ("return_reason", "return_order"),
        ];
        for end in [
            "flow_pattern_continue_interrupted",
            "flow_pattern_completed\nflow_pattern_continue_interrupted",
            "flow_pattern_completed",
            "flow_pattern_cancel_flow\nutter_cancelled\nflow_pattern_continue_interrupted",
        ] {
            expect(&digression(end), &expected);
        }
    }

    #[test]
    fn a_flow_that_goes_on_into_another_leaves_nothing_behind() {
        expect(
            "> a document | request_document
             flow_request_document
             utter_ask_document_type
             > a quotation | inform
             flow_bulk_enquiry
             utter_ask_bulk_details
             > 100 speakers | inform
             action_open_ticket
             flow_pattern_completed
             flow_find_store
             utter_ask_place
             > pune | inform",
            &[
                ("-", "-"),
                ("document_type", "request_document"),
                ("bulk_details", "bulk_enquiry"),
                ("place", "find_store"),
            ],
        );
    }

    #[test]
    fn what_asks_nothing_waits_for_nothing() {
        expect(
            "> cancel it | cancel_order
             flow_cancel_order
             utter_ask_order_id
             > who won | out_of_scope
             flow_pattern_cannot_handle
             utter_out_of_scope
             utter_ask_order_id
             > 9001, no, 9002 | inform
             flow_pattern_correction
             utter_corrected
             utter_ask_confirm_cancel
             > a person please | talk_to_human
             flow_pattern_human_handoff
             utter_handoff
             > hello | greet
             > phones | search_product
             flow_search_product
             utter_products
             > cheaper | search_product",
            &[
                ("-", "-"),
                ("order_id", "cancel_order"),
                ("order_id", "cancel_order"),
                ("confirm_cancel", "cancel_order"),
                ("-", "-"),
                ("-", "-"),
                ("-", "-"),
            ],
        );
    }

    #[test]
    fn earlier_turns_are_the_newest_three_and_next_is_the_first_action() {
        let data = Dataset {
            stories: vec![
                story("> a | i1\nx1\ny1\n> b | i2\n> c | i3\nx3\n> d | i4\nx4\n> e | i5\nx5"),
                Story { held_out: true, ..story("> h | i9\nutter_ask_place\n> k | inform\nx9") },
            ],
            ..Dataset::default()
        };
        let turns = data.story_turns();
        let turn = |intent: &str, action: Option<&str>| Turn {
            intent: intent.into(),
            action: action.map(str::to_owned),
        };
        assert_eq!(turns.len(), 5);
        assert!(turns[0].earlier.is_empty());
        assert_eq!(turns[4].earlier, [turn("i2", None), turn("i3", Some("x3")), turn("i4", Some("x4"))]);
        assert_eq!((turns[0].next.as_deref(), turns[1].next.as_deref()), (Some("x1"), None));
        let held = data.held_out_turns();
        assert_eq!((held.len(), held[1].story, held[1].next.as_deref()), (2, 1, Some("x9")));
        let request = held[1].request();
        assert_eq!((request.text.as_str(), request.asked.as_deref()), ("k", Some("place")));
        assert_eq!((request.language.as_deref(), request.earlier.len()), (Some("en"), 1));
        assert_eq!(held[1].context(&[]).asked.as_deref(), Some("other"));
        assert_eq!(held[1].context(&[]).earlier, request.earlier);
    }
}
