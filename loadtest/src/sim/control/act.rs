//! What a customer can do, as JSON of the control API.

use crate::sim::message::Location;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One act of a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Act {
    /// Writes.
    Text {
        /// What.
        text: String,
    },
    /// Taps a reply button.
    Button {
        /// Its id.
        id: String,
    },
    /// Chooses a row of a list.
    List {
        /// Its id.
        id: String,
    },
    /// Sends a place.
    Location(Location),
    /// Sends a picture.
    Image {
        /// Caption.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caption: Option<String>,
        /// The file in base64; a small picture of the simulator's own without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        data: Option<String>,
        /// Its type. Default `image/png`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mime_type: Option<String>,
    },
    /// Shares contacts.
    Contacts {
        /// In Meta's shape; the customer's own card without them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contacts: Option<Vec<Value>>,
    },
    /// Puts an emoji on a message.
    Reaction {
        /// The message: wamid or number in the thread.
        #[serde(alias = "message_id")]
        message: Value,
        /// Which; empty takes it away.
        emoji: String,
    },
    /// Sends something that the Cloud API does not pass on.
    Unsupported {},
}

/// An act with its address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Post {
    /// What.
    #[serde(flatten)]
    pub act: Act,
    /// To which business number; the first without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The message that this answers: wamid or number in the thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Value>,
}

/// What an act has made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    /// Meta's id of the message.
    pub wamid: String,
    /// Its number in the thread; `null` for reactions, which are no message of their own.
    pub n: Option<u64>,
}
