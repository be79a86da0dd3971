//! The dialogue around a message: the slot just asked for and the active flow.

use super::name;

/// Families of features; see [`name`].
const ASKED: u8 = 40;
const FLOW: u8 = 41;

/// What the dialogue knows when a message comes in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// The slot just asked for, as the heads know it (see [`Context::new`]).
    pub asked: Option<String>,
    /// The active flow.
    pub flow: Option<String>,
}

/// What [`Context::asked`] is for a yes-or-no question.
pub const CONFIRM: &str = "confirm";

impl Context {
    /// Brings a slot's name to what the heads were trained with: the entity it holds (`return_order_id` → `order_id`),
    /// `confirm` for a yes-or-no question, `other` for the rest.
    pub fn new(asked: Option<&str>, flow: Option<&str>, entities: &[String]) -> Self {
        let asked = asked.map(|slot| {
            let slot = slot.to_lowercase();
            let holds = entities
                .iter()
                .filter(|e| {
                    slot == **e || slot.ends_with(&format!("_{e}")) || slot.starts_with(&format!("{e}_"))
                })
                .max_by_key(|e| e.len());
            let confirms =
                ["confirm", "consent", "sure", "proceed", "agree"].iter().any(|word| slot.contains(word));
            match holds {
                _ if confirms => CONFIRM.to_owned(),
                Some(entity) => entity.clone(),
                None => "other".to_owned(),
            }
        });
        Self { asked, flow: flow.map(str::to_lowercase) }
    }

    /// Sentence features, added to those of the text.
    pub fn features(&self, out: &mut Vec<u64>) {
        if let Some(asked) = &self.asked {
            out.push(name(ASKED, asked));
            out.push(name(ASKED, ""));
        }
        if let Some(flow) = &self.flow {
            out.push(name(FLOW, flow));
        }
    }

    /// The feature of the slot asked for, to be paired with a token's.
    pub fn asked_feature(&self) -> Option<u64> {
        self.asked.as_ref().map(|asked| name(ASKED, asked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_brought_to_entities() {
        let entities = ["order_id".to_owned(), "date".to_owned()];
        let asked = |slot| Context::new(Some(slot), None, &entities).asked.unwrap();
        assert_eq!(asked("return_order_id"), "order_id");
        assert_eq!(asked("date"), "date");
        assert_eq!(asked("confirm_cancel_order_id"), CONFIRM);
        assert_eq!(asked("rating"), "other");
        assert_eq!(Context::new(None, None, &entities), Context::default());
    }
}
