//! What a text is understood relative to: the moment it was written, on the shop's wall clock, and nothing else.

use crate::shop;
use charla_dialogue::effect::{Effect, UnderstandRequest};
use charla_dialogue::event::{Content, Event, Message};
use charla_dialogue::{Assistant, State, apply, step};

/// The shop with a second business number, in Mexico.
fn assistant() -> Assistant {
    let mut files = shop::files();
    for file in files.iter_mut().filter(|f| f.path == "settings.yml") {
        let mexico =
            "numbers:\n  mx: {name: Tienda, country: MX, currency: MXN, timezone: America/Mexico_City}\n";
        file.text = file.text.replacen("numbers:\n", mexico, 1);
    }
    Assistant::load(files).unwrap_or_else(|f| panic!("{f:#?}"))
}

fn request(number: &str, at: i64) -> UnderstandRequest {
    let assistant = assistant();
    let message = Message {
        id: "wamid.1".into(),
        sent_at: at,
        number: number.into(),
        phone: Some("919810000001".into()),
        user_id: None,
        profile_name: None,
        reply_to: None,
        referral: None,
        content: Content::Text { text: "can you deliver tomorrow".into() },
    };
    let state = State::default();
    let decided = step(&assistant, &state, at, &Event::Received(message.clone()));
    let again = step(&assistant, &state, at, &Event::Received(message));
    assert_eq!(decided, again, "no clock but the event's");
    let mut folded = state;
    decided.changes.iter().for_each(|event| apply(&mut folded, event));
    assert_eq!(decided.after, folded, "what was changed is what was decided");
    decided
        .effects
        .into_iter()
        .find_map(|effect| match effect {
            Effect::Understand(request) => Some(request),
            _ => None,
        })
        .expect("the text is to be understood")
}

#[test]
fn a_text_is_understood_at_the_shop_s_own_time() {
    // 2026-11-24T20:00:00Z: the day after in India already, the afternoon in Mexico.
    let at = 1_795_550_400_000;
    for (number, now) in [("in", "2026-11-25T01:30:00"), ("mx", "2026-11-24T14:00:00")] {
        assert_eq!(request(number, at).now.map(|now| now.to_string()).as_deref(), Some(now), "{number}");
    }
    let json = serde_json::to_value(request("in", at)).expect("plain data");
    assert_eq!(json["now"], "2026-11-25T01:30:00");
    // Requests of an earlier version had none.
    let mut earlier = json;
    earlier.as_object_mut().expect("an object").remove("now");
    let read: UnderstandRequest = serde_json::from_value(earlier).expect("readable without it");
    assert_eq!(read.now, None);
}
