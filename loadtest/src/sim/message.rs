//! Messages as a customer's phone shows them: the JSON of the control API, for both directions.

use serde::{Deserialize, Serialize};

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum From {
    /// The person.
    Customer,
    /// The business.
    Business,
}

/// What is known about a message's way. Never goes backwards; `Failed` is final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// On its way. A customer's message: no 200 from the engine yet (one tick).
    Sent,
    /// Arrived. A customer's message: the engine has answered 200 (two ticks).
    Delivered,
    /// Seen (blue ticks).
    Read,
    /// Will not arrive.
    Failed,
}

/// A reply button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What comes back when it is tapped.
    pub id: String,
    /// What it says.
    pub title: String,
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// What comes back when it is chosen.
    pub id: String,
    /// What it says.
    pub title: String,
    /// The smaller line below.
    #[serde(default)]
    pub description: String,
}

/// A section of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// May be empty if it is the only one.
    #[serde(default)]
    pub title: String,
    /// At least one.
    pub rows: Vec<Row>,
}

/// What stands above the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Header {
    /// A bold line.
    Text {
        /// The line.
        text: String,
    },
    /// A picture.
    Image {
        /// Where it is.
        link: String,
    },
    /// A film.
    Video {
        /// Where it is.
        link: String,
    },
    /// A file.
    Document {
        /// Where it is.
        link: String,
    },
}

/// A place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Location {
    /// Degrees, -90 to 90.
    pub latitude: f64,
    /// Degrees, -180 to 180.
    pub longitude: f64,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// A picture, a film, a sound, a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// Where it is.
    pub link: String,
    /// Name of a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
}

/// A button that opens a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// What it says.
    pub title: String,
    /// What it opens.
    pub url: String,
}

/// What a message says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// Meta's word: `text`, `image`, `template`, …; of an interactive message its kind: `button`, `list`, `cta_url`, ….
    #[serde(rename = "type")]
    pub kind: String,
    /// Body or caption; of a tap the title of what was tapped.
    #[serde(default)]
    pub text: String,
    /// Above the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<Header>,
    /// Below the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footer: Option<String>,
    /// Reply buttons.
    #[serde(default)]
    pub buttons: Vec<Button>,
    /// The label that opens a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list_button: Option<String>,
    /// A list's sections.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<Section>,
    /// A list's rows, of all sections.
    #[serde(default)]
    pub rows: Vec<Row>,
    /// A picture, a film, a sound, a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Media>,
    /// A place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// A button that opens a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// Name of the template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Id of what was tapped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// The message that another one answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Its id.
    pub wamid: String,
    /// Its number in the thread.
    pub n: u64,
    /// Who wrote it.
    pub from: From,
    /// Its beginning.
    pub text: String,
}

/// An emoji on a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// Whose.
    pub from: From,
    /// Which.
    pub emoji: String,
}

/// Why a message did not arrive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Meta's code; 0 if the engine never took a customer's message.
    pub code: i64,
    /// What it means.
    pub title: String,
}

/// One message of a thread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Its number in the thread, from 1.
    pub n: u64,
    /// Meta's id.
    pub wamid: String,
    /// Who wrote it.
    pub from: From,
    /// What it says.
    #[serde(flatten)]
    pub content: Content,
    /// The message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Quote>,
    /// Emoji on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// How far it has come.
    pub status: Status,
    /// Why it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// When, RFC 3339 in UTC by the simulator's clock.
    pub at: String,
    /// What the engine wants to see again in statuses.
    #[serde(skip)]
    pub(crate) callback: Option<String>,
}

impl Message {
    /// Moves the status forward, never back.
    pub(crate) fn advance(&mut self, status: Status) -> bool {
        let moves = self.status != Status::Failed && status > self.status;
        if moves {
            self.status = status;
        }
        moves
    }

    /// As others quote it.
    pub(crate) fn quote(&self) -> Quote {
        let source = if self.content.text.is_empty() { &self.content.kind } else { &self.content.text };
        Quote {
            wamid: self.wamid.clone(),
            n: self.n,
            from: self.from,
            text: source.chars().take(160).collect(),
        }
    }

    /// The button with that id.
    pub fn button(&self, id: &str) -> Option<&Button> {
        self.content.buttons.iter().find(|button| button.id == id)
    }

    /// The row with that id.
    pub fn row(&self, id: &str) -> Option<&Row> {
        self.content.rows.iter().find(|row| row.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(status: Status) -> Message {
        Message {
            n: 1,
            wamid: "wamid.1".into(),
            from: From::Business,
            content: Content { kind: "text".into(), text: "hi".into(), ..Content::default() },
            reply_to: None,
            reactions: Vec::new(),
            status,
            error: None,
            at: "2026-11-21T04:28:48.000Z".into(),
            callback: None,
        }
    }

    #[test]
    fn a_status_never_goes_backwards_and_failed_is_final() {
        let mut message = message(Status::Sent);
        assert!(message.advance(Status::Read));
        assert!(!message.advance(Status::Delivered));
        assert_eq!(message.status, Status::Read);
        assert!(message.advance(Status::Failed));
        assert!(!message.advance(Status::Read));
    }

    #[test]
    fn the_control_apis_json_has_its_promised_members_and_comes_back() {
        let json = serde_json::to_value(message(Status::Delivered)).unwrap();
        for member in ["n", "from", "type", "text", "buttons", "rows", "status", "at"] {
            assert!(json.get(member).is_some(), "{member}");
        }
        assert_eq!(json["from"], "business");
        assert_eq!(json["status"], "delivered");
        let back: Message = serde_json::from_value(json).unwrap();
        assert_eq!(back, message(Status::Delivered));
    }
}
