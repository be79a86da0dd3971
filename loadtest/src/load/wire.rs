//! Webhook bodies in Meta's shape, written straight into text: thousands a second are made.

use super::{
    chat::{Out, What},
    people::{Number, Person},
};
use std::fmt::Write;

const ACCOUNT: &str = "102290129340398";

/// JSON string of a text, with its quotes.
fn quoted(text: &str) -> String {
    // Strings always serialise.
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".into())
}

/// Opens a body up to the list of contacts.
fn open(number: &Number) -> String {
    format!(
        "{{\"object\":\"whatsapp_business_account\",\"entry\":[{{\"id\":\"{ACCOUNT}\",\"changes\":[{{\"field\":\"messages\",\"value\":\
         {{\"messaging_product\":\"whatsapp\",\"metadata\":{{\"display_phone_number\":\"{}\",\"phone_number_id\":\"{}\"}},\"contacts\":[",
        number.display, number.id
    )
}

const CLOSE: &str = "]}}]}]}";

/// A customer's message with whose it is.
#[derive(Debug)]
pub struct Written<'a> {
    /// Who.
    pub person: &'a Person,
    /// What.
    pub out: &'a Out,
}

/// The id of a person's message number `n`, from 0, the same for each try.
pub fn wamid(stem: &str, person: u32, n: u32) -> String {
    format!("wamid.{stem}{person:08X}{n:06X}I")
}

/// A body with messages to one number. `seconds` is the time, Unix; `stem` makes the ids this run's own.
pub fn messages(number: &Number, written: &[Written<'_>], seconds: i64, stem: &str) -> String {
    let mut body = open(number);
    for (i, Written { person, .. }) in written.iter().enumerate() {
        let comma = if i > 0 { "," } else { "" };
        let user = crate::sim::user_id(&person.wa_id);
        let _ = write!(
            body,
            "{comma}{{\"profile\":{{\"name\":\"{}\"}},\"wa_id\":\"{}\",\"user_id\":\"{user}\"}}",
            person.name, person.wa_id
        );
    }
    body.push_str("],\"messages\":[");
    for (i, Written { person, out }) in written.iter().enumerate() {
        let comma = if i > 0 { "," } else { "" };
        let id = wamid(stem, out.person, out.n);
        let user = crate::sim::user_id(&person.wa_id);
        let _ = write!(
            body,
            "{comma}{{\"from\":\"{}\",\"from_user_id\":\"{user}\",\"id\":\"{id}\",\"timestamp\":\"{seconds}\",",
            person.wa_id
        );
        match &out.what {
            What::Text(text) => {
                let _ = write!(body, "\"type\":\"text\",\"text\":{{\"body\":{}}}}}", quoted(text));
            }
            What::Tap(choice, within) => {
                let kind = if choice.row { "list_reply" } else { "button_reply" };
                let _ = write!(
                    body,
                    "\"context\":{{\"from\":\"{}\",\"id\":{}}},\"type\":\"interactive\",\"interactive\":{{\"type\":\"{kind}\",\"{kind}\":\
                     {{\"id\":{},\"title\":{}}}}}}}",
                    number.display,
                    quoted(within),
                    quoted(&choice.id),
                    quoted(&choice.title)
                );
            }
        }
    }
    body.push_str(CLOSE);
    body
}

/// How far a message of the engine has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The message's id.
    pub wamid: String,
    /// What the engine gave it to be told.
    pub callback: String,
    /// To whom it went.
    pub recipient: String,
    /// 0 sent, 1 delivered, 2 and more read.
    pub step: u32,
}

/// A body with statuses of one number's messages.
pub fn statuses<'a>(number: &Number, all: impl Iterator<Item = &'a Status>, seconds: i64) -> String {
    let mut body = open(number);
    body.push_str("],\"statuses\":[");
    for (i, status) in all.enumerate() {
        let comma = if i > 0 { "," } else { "" };
        let word = ["sent", "delivered", "read"][status.step.min(2) as usize];
        let _ = write!(
            body,
            "{comma}{{\"id\":\"{}\",\"status\":\"{word}\",\"timestamp\":\"{seconds}\",\"recipient_id\":\"{}\",\"biz_opaque_callback_data\":{}",
            status.wamid,
            status.recipient,
            quoted(&status.callback)
        );
        if status.step == 0 {
            body.push_str(
                ",\"pricing\":{\"billable\":true,\"pricing_model\":\"PMP\",\"type\":\"regular\",\"category\":\"service\"}",
            );
        }
        body.push('}');
    }
    body.push_str(CLOSE);
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{people, reply::Choice, scenario::Scenario};
    use serde_json::Value;

    fn person() -> Person {
        let text = "name='x'\nabout='y'\nsessions=1\nwarm_up_s=0\nduration_s=1\n";
        Person::new(&Scenario::parse(text, std::path::Path::new("x.toml")).unwrap(), 0, 7)
    }

    #[test]
    fn messages_are_json_in_metas_shape() {
        let person = person();
        let choice = Choice { id: "/SetSlots(x='a')".into(), title: "A \"b\"".into(), row: true };
        let text = Out { person: 7, due: 0, n: 0, what: What::Text("say \"hi\"\n🙂".into()) };
        let tap = Out { person: 7, due: 0, n: 1, what: What::Tap(choice, "wamid.Q".into()) };
        let both = [Written { person: &person, out: &text }, Written { person: &person, out: &tap }];
        let body: Value = serde_json::from_str(&messages(&people::numbers(1)[0], &both, 5, "S")).unwrap();
        let value = &body["entry"][0]["changes"][0]["value"];
        assert_eq!(value["messages"][0]["text"]["body"], "say \"hi\"\n🙂");
        assert_eq!(value["messages"][1]["interactive"]["list_reply"]["title"], "A \"b\"");
        assert_eq!(value["messages"][1]["context"]["id"], "wamid.Q");
        assert_eq!(value["contacts"][0]["profile"]["name"], person.name.as_str());
        assert_ne!(value["messages"][0]["id"], value["messages"][1]["id"]);
    }

    #[test]
    fn statuses_are_json_in_metas_shape() {
        let status =
            |step| Status { wamid: "w".into(), callback: "1@2/3/4".into(), recipient: "9".into(), step };
        let all = [status(0), status(1), status(4)];
        let body: Value = serde_json::from_str(&statuses(&people::numbers(1)[0], all.iter(), 5)).unwrap();
        let list = body["entry"][0]["changes"][0]["value"]["statuses"].as_array().unwrap();
        let words: Vec<_> = list.iter().map(|status| status["status"].as_str().unwrap()).collect();
        assert_eq!(words, ["sent", "delivered", "read"]);
        assert_eq!(list[0]["biz_opaque_callback_data"], "1@2/3/4");
    }
}
