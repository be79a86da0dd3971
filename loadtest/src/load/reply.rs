//! What the engine sends: read from Graph's request, and recognised as far as the judge and the customers need it.

use serde::Deserialize;

/// Something that can be tapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What comes back with the tap.
    pub id: String,
    /// What is read.
    pub title: String,
    /// A row of a list; else a button.
    pub row: bool,
}

impl Choice {
    /// How a tap on it is told in a report.
    pub fn told(&self) -> String {
        format!("[{}] {}", self.id, self.title)
    }
}

/// The idempotency key that comes as `biz_opaque_callback_data`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// `person@number`.
    pub conversation: String,
    /// Which turn of it.
    pub turn: u64,
    /// Which message of the turn.
    pub step: u32,
}

impl Key {
    /// Reads `person@number/turn/step`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.rsplitn(3, '/');
        let (step, turn, conversation) = (parts.next()?, parts.next()?, parts.next()?);
        conversation.contains('@').then_some(())?;
        Some(Self {
            conversation: conversation.to_owned(),
            turn: turn.parse().ok()?,
            step: step.parse().ok()?,
        })
    }
}

/// A message of the engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// To whom: digits.
    pub to: String,
    /// All that is read: body, footer.
    pub text: String,
    /// What can be tapped.
    pub choices: Vec<Choice>,
    /// Its key; `None` if missing or malformed.
    pub key: Option<Key>,
}

/// What Graph is asked to do.
#[derive(Debug)]
pub enum Request {
    /// Send a message.
    Send(Box<Reply>, String),
    /// Mark as read, show that somebody types.
    Read,
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    messaging_product: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    to: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    biz_opaque_callback_data: String,
    text: Option<Text>,
    interactive: Option<Interactive>,
    image: Option<Image>,
    template: Option<Template>,
}

#[derive(Deserialize)]
struct Text {
    body: String,
}

#[derive(Deserialize)]
struct Image {
    #[serde(default)]
    caption: String,
}

#[derive(Deserialize)]
struct Template {
    name: String,
}

#[derive(Deserialize)]
struct Part {
    text: String,
}

#[derive(Deserialize)]
struct Interactive {
    body: Part,
    footer: Option<Part>,
    action: Action,
}

#[derive(Deserialize)]
struct Action {
    #[serde(default)]
    buttons: Vec<Button>,
    #[serde(default)]
    sections: Vec<Section>,
}

#[derive(Deserialize)]
struct Button {
    reply: Titled,
}

#[derive(Deserialize)]
struct Section {
    rows: Vec<Titled>,
}

#[derive(Deserialize)]
struct Titled {
    id: String,
    title: String,
}

/// Reads a body of `POST /{number}/messages`.
///
/// # Errors
/// In words, if it is none that WhatsApp would take.
pub fn read(body: &[u8]) -> Result<Request, String> {
    let body: Body = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if body.messaging_product != "whatsapp" {
        return Err("messaging_product is not whatsapp".into());
    }
    if body.status.is_some() {
        return Ok(Request::Read);
    }
    if body.to.is_empty() || !body.to.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("`to` is `{}`", body.to));
    }
    let (text, choices) = match (body.kind.as_str(), body.text, body.interactive, body.image, body.template) {
        ("text", Some(text), ..) => (text.body, Vec::new()),
        ("interactive", _, Some(interactive), ..) => {
            let mut text = interactive.body.text;
            if let Some(footer) = interactive.footer {
                text.push('\n');
                text.push_str(&footer.text);
            }
            let choice = |row| move |Titled { id, title }| Choice { id, title, row };
            let buttons =
                interactive.action.buttons.into_iter().map(|button| button.reply).map(choice(false));
            let rows =
                interactive.action.sections.into_iter().flat_map(|section| section.rows).map(choice(true));
            (text, buttons.chain(rows).collect())
        }
        ("image", _, _, Some(image), _) => (image.caption, Vec::new()),
        ("template", .., Some(template)) => (template.name, Vec::new()),
        (kind, ..) => return Err(format!("type `{kind}` without its content")),
    };
    let key = Key::parse(&body.biz_opaque_callback_data);
    Ok(Request::Send(Box::new(Reply { to: body.to, text, choices, key }), body.biz_opaque_callback_data))
}

/// What an answer is about, where somebody has to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// A person will answer.
    Handoff,
    /// The assistant is back.
    Back,
    /// No more messages.
    Stopped,
    /// The language has changed.
    Language,
    /// What was tapped is no longer open.
    Expired,
    /// A backend did not answer.
    Failed,
    /// Too much to do.
    Busy,
    /// The assistant broke down.
    Internal,
    /// Nobody has written for a while.
    Reminder,
    /// The time chosen for an appointment went to somebody else meanwhile.
    Taken,
    /// What became of a change that was confirmed and then left.
    AfterAll,
}

const SORTS: &[(Sort, &[&str])] = &[
    (
        Sort::Handoff,
        &[
            "bringing in a person from our team",
            "te paso con una persona",
            "व्यक्ति को बुला",
            "साथी को बुला",
            "ek person ko bula",
        ],
    ),
    (
        Sort::Back,
        &[
            "charla here again",
            "they needn't answer this one",
            "aquí charla de nuevo",
            "ya no hace falta que te atiendan",
            "फिर से charla",
            "उन्हें जवाब देने की ज़रूरत नहीं",
            "phir se charla",
            "unke jawab ki zaroorat nahi",
        ],
    ),
    (
        Sort::Stopped,
        &[
            "you won't get any more messages from us",
            "no te escribiremos más por aquí",
            "हमारी ओर से कोई मैसेज नहीं आएगा",
            "humari taraf se koi message nahi aayega",
        ],
    ),
    (
        Sort::Language,
        &[
            "i'll write in english",
            "i'll go on in english",
            "te escribo en español",
            "sigo en español",
            "अब से हिंदी में",
            "ab se hinglish mein",
        ],
    ),
    (
        Sort::Expired,
        &["option is no longer open", "esa opción ya no", "विकल्प अब खुला नहीं", "option ab available nahi"],
    ),
    (
        Sort::Failed,
        &[
            "system isn't answering",
            "nuestro sistema no responde",
            "सिस्टम अभी जवाब नहीं",
            "system abhi jawab nahi",
        ],
    ),
    (
        Sort::Busy,
        &[
            "there is a lot going on right now",
            "hay mucho movimiento ahora",
            "अभी बहुत भीड़ है",
            "abhi bahut rush hai",
        ],
    ),
    (
        Sort::Internal,
        &[
            "something went wrong on our side",
            "algo ha fallado por nuestra parte",
            "हमारी तरफ़ से कुछ गड़बड़",
            "humari taraf se kuch gadbad",
        ],
    ),
    (
        Sort::Reminder,
        &[
            "are you still there?",
            "i'll leave it here for now",
            "¿sigues ahí?",
            "lo dejo aquí por ahora",
            "क्या आप अभी भी हैं",
            "अभी के लिए यहीं छोड़ता",
            "kya aap abhi bhi ho",
            "abhi ke liye yahin chhodta",
        ],
    ),
    (
        Sort::Taken,
        &[
            "that time has just been taken",
            "esa hora se acaba de ocupar",
            "वह समय अभी-अभी भर गया",
            "woh time abhi-abhi book ho gaya",
        ],
    ),
    (
        Sort::AfterAll,
        &[
            "about what you had confirmed before",
            "sobre lo que habías confirmado antes",
            "आपने पहले जिसकी हाँ की थी",
            "aapne pehle jiski haan ki thi",
        ],
    ),
];

/// The text as it is compared: lower case, without the marks of bold print.
pub fn plain(text: &str) -> String {
    text.chars().filter(|c| *c != '*').flat_map(char::to_lowercase).collect()
}

/// What a [`plain`] text is about.
pub fn sort(plain: &str) -> Option<Sort> {
    SORTS.iter().find(|(_, words)| words.iter().any(|word| plain.contains(word))).map(|(sort, _)| *sort)
}

/// Whether a [`plain`] text is about that, whatever else it says.
pub fn is(plain: &str, wanted: Sort) -> bool {
    SORTS.iter().any(|(sort, words)| *sort == wanted && words.iter().any(|word| plain.contains(word)))
}

/// What a question asks for, so that somebody can type an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// City or pincode.
    Place,
    /// Something to look for, or a product.
    Product,
    /// An order's number.
    Order,
    /// What went wrong.
    Problem,
    /// A day.
    Day,
    /// An address.
    Address,
    /// Yes or no.
    Yes,
}

const ASKS: &[(Ask, &[&str])] = &[
    (Ask::Address, &["full new address", "dirección completa", "पूरा नया पता", "poora naya address"]),
    (
        Ask::Order,
        &[
            "what is your order number",
            "¿cuál es tu número de pedido",
            "आपका ऑर्डर नंबर क्या",
            "aapka order number kya",
        ],
    ),
    (
        Ask::Place,
        &[
            "pincode or",
            "or pincode",
            "postcode or",
            "or postcode",
            "código postal o",
            "o código postal",
            "पिनकोड या",
            "या पिनकोड",
            "pincode ya",
            "ya pincode",
        ],
    ),
    (Ask::Day, &["which day", "qué día", "कौन-सा दिन", "kaunsa din"]),
    (
        Ask::Problem,
        &[
            "what went wrong",
            "exactly is wrong",
            "qué ha pasado",
            "qué ha fallado",
            "क्या हुआ",
            "दिक़्क़त है",
            "kya hua",
            "kya problem",
        ],
    ),
    (
        Ask::Product,
        &[
            "what are you looking for",
            "which product",
            "tell me the product",
            "estás buscando",
            "de qué producto",
            "dime el producto",
            "क्या ढूँढ रहे",
            "किस प्रोडक्ट",
            "प्रोडक्ट का नाम",
            "kya dhoondh rahe",
            "kis product",
            "product ka naam",
        ],
    ),
];

/// What a [`plain`] text with these choices asks for.
pub fn ask(plain: &str, choices: &[Choice]) -> Option<Ask> {
    if choices
        .iter()
        .any(|choice| choice.id.starts_with("/SetSlots(confirm_") && choice.id.ends_with("=true)"))
    {
        return Some(Ask::Yes);
    }
    ASKS.iter().find(|(_, words)| words.iter().any(|word| plain.contains(word))).map(|(ask, _)| *ask)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read_json(body: &serde_json::Value) -> Result<Request, String> {
        read(body.to_string().as_bytes())
    }

    #[test]
    fn buttons_and_lists_are_read_with_their_key() {
        let body = json!({
            "messaging_product": "whatsapp", "to": "917000000001", "type": "interactive", "biz_opaque_callback_data": "17@1065/4/1",
            "interactive": {"type": "list", "body": {"text": "Pick"}, "action": {"button": "Show", "sections": [
                {"rows": [{"id": "/a", "title": "A", "description": "d"}, {"id": "/b", "title": "B"}]}]}},
        });
        let Ok(Request::Send(reply, data)) = read_json(&body) else { panic!("not read") };
        assert_eq!(data, "17@1065/4/1");
        assert_eq!(reply.key, Some(Key { conversation: "17@1065".into(), turn: 4, step: 1 }));
        assert_eq!(
            reply.choices.iter().map(|c| (c.id.as_str(), c.row)).collect::<Vec<_>>(),
            [("/a", true), ("/b", true)]
        );
    }

    #[test]
    fn what_whatsapp_would_not_take_is_refused() {
        for body in [
            json!({"to": "1", "type": "text", "text": {"body": "x"}}),
            json!({"messaging_product": "whatsapp", "to": "+1", "type": "text", "text": {"body": "x"}}),
            json!({"messaging_product": "whatsapp", "to": "1", "type": "text"}),
        ] {
            assert!(read_json(&body).is_err(), "{body}");
        }
        let read = json!({"messaging_product": "whatsapp", "status": "read", "message_id": "m"});
        assert!(matches!(read_json(&read), Ok(Request::Read)));
    }

    #[test]
    fn answers_are_recognised_in_all_varieties() {
        for (text, expected) in [
            ("I'm bringing in *a person from our team* 🙋", Some(Sort::Handoff)),
            ("Te paso con *una persona del equipo* 🙋", Some(Sort::Handoff)),
            ("मैं *हमारी टीम के एक व्यक्ति* को बुला रहा हूँ", Some(Sort::Handoff)),
            ("Main *team ke ek person* ko bula raha hoon", Some(Sort::Handoff)),
            ("Phir se Charla 🤖 – mere colleague ne chat", Some(Sort::Back)),
            ("*Nike*", None),
        ] {
            assert_eq!(sort(&plain(text)), expected, "{text}");
        }
        assert_eq!(
            ask(&plain("¿En qué zona? Envíame tu *código postal* o tu *ciudad*"), &[]),
            Some(Ask::Place)
        );
        assert_eq!(ask(&plain("Kis product ke baare mein? Naam likh dijiye"), &[]), Some(Ask::Product));
    }
}
