//! How a phone's messages look in a terminal.

use charla_loadtest::sim::{Content, Header, Message};
use std::fmt::Write;

/// Between the terminal's left edge and a line of the business.
const MARGIN: &str = "  │ ";
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";
/// Narrower than this nothing could be read.
const NARROWEST: usize = 30;
/// Wider than this nobody likes to read.
const WIDEST: usize = 96;

/// Something that can be chosen by its letter. Not by a number: that may be a rating, a quantity, a postal code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    /// A row of a list, not a button.
    pub row: bool,
    /// What comes back.
    pub id: String,
    /// What it says.
    pub title: String,
}

/// The terminal as the customer's phone: what is shown, and which letters choose what.
#[derive(Debug)]
pub(super) struct Screen {
    width: usize,
    /// Bold instead of asterisks.
    styled: bool,
    choices: Vec<Choice>,
    /// The customer has written; the answer's choices replace the earlier ones.
    answered: bool,
}

impl Screen {
    pub fn new(width: usize, styled: bool) -> Self {
        Self { width: width.clamp(NARROWEST, WIDEST), styled, choices: Vec::new(), answered: true }
    }

    /// The customer writes: letters mean the choices of what is answered to that.
    pub fn wrote(&mut self) {
        self.answered = false;
    }

    /// What a line chooses; nothing if it is not the letter of a choice shown.
    pub fn chosen(&self, line: &str) -> Option<&Choice> {
        let &[letter] = line.as_bytes() else { return None };
        self.choices.get(LETTERS.find(char::from(letter.to_ascii_lowercase()))?)
    }

    /// A message of the business, ready to print.
    pub fn show(&mut self, message: &Message) -> String {
        if !self.answered {
            self.choices.clear();
            self.answered = true;
        }
        let mut out = String::from("\n");
        let content = &message.content;
        self.above(content, &mut out);
        for paragraph in content.text.lines() {
            self.paragraph(paragraph, "", &mut out);
        }
        if let Some(footer) = &content.footer {
            self.paragraph(&format!("_{footer}_"), "", &mut out);
        }
        self.offer(content, &mut out);
        if let Some(failure) = &message.error {
            self.paragraph(&format!("(not delivered: {})", failure.title), "", &mut out);
        }
        out
    }

    fn above(&self, content: &Content, out: &mut String) {
        match &content.header {
            Some(Header::Text { text }) => self.paragraph(&format!("*{text}*"), "", out),
            Some(Header::Image { link } | Header::Video { link } | Header::Document { link }) => {
                self.paragraph(&format!("[{link}]"), "", out);
            }
            None => {}
        }
        if let Some(media) = &content.media {
            self.paragraph(&format!("[{}: {}]", content.kind, media.link), "", out);
        }
        if let Some(place) = &content.location {
            let name = place.name.as_deref().unwrap_or("place");
            self.paragraph(&format!("[{name}: {}, {}]", place.latitude, place.longitude), "", out);
        }
    }

    fn offer(&mut self, content: &Content, out: &mut String) {
        for button in &content.buttons {
            self.choice(false, &button.id, &button.title, "", out);
        }
        if content.sections.is_empty() {
            for row in &content.rows {
                self.choice(true, &row.id, &row.title, &row.description, out);
            }
        }
        for section in &content.sections {
            if !section.title.is_empty() {
                self.paragraph(&format!("*{}*", section.title), "", out);
            }
            for row in &section.rows {
                self.choice(true, &row.id, &row.title, &row.description, out);
            }
        }
        if let Some(link) = &content.link {
            self.paragraph(&format!("{}: {}", link.title, link.url), "", out);
        }
    }

    fn choice(&mut self, row: bool, id: &str, title: &str, description: &str, out: &mut String) {
        // WhatsApp allows ten rows or three buttons a message; what has no letter left can still be written out.
        let letter = LETTERS.get(self.choices.len()..=self.choices.len()).unwrap_or("-");
        let letter = format!("[{letter}] ");
        self.choices.push(Choice { row, id: id.to_owned(), title: title.to_owned() });
        let hanging = " ".repeat(letter.len());
        let description = if description.is_empty() { String::new() } else { format!(" – {description}") };
        self.paragraph(&format!("{letter}{title}{description}"), &hanging, out);
    }

    /// One paragraph, wrapped between margin and edge.
    fn paragraph(&self, text: &str, hanging: &str, out: &mut String) {
        let options = textwrap::Options::new(self.width - MARGIN.chars().count()).subsequent_indent(hanging);
        let mut bold = false;
        for line in textwrap::wrap(text, options) {
            let line = if self.styled { embolden(&line, &mut bold) } else { line.into_owned() };
            // Writing to a text cannot fail.
            let _ = writeln!(out, "{}", format!("{MARGIN}{line}").trim_end());
        }
    }
}

/// WhatsApp's `*bold*` as the terminal's. `bold` says whether the paragraph's last line ended within such a span.
fn embolden(line: &str, bold: &mut bool) -> String {
    const ON: &str = "\x1b[1m";
    const OFF: &str = "\x1b[0m";
    let mut out = String::new();
    if *bold {
        out.push_str(ON);
    }
    let mut before = ' ';
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        // An asterisk opens before a word and closes behind one; any other is itself.
        let after = rest.peek().copied().unwrap_or(' ');
        let opens = !*bold && !after.is_whitespace() && !before.is_alphanumeric();
        let closes = *bold && !before.is_whitespace() && !after.is_alphanumeric();
        if c == '*' && (opens || closes) {
            *bold = opens;
            out.push_str(if opens { ON } else { OFF });
        } else {
            out.push(c);
        }
        before = c;
    }
    if *bold {
        // The margin of the next line is not meant.
        out.push_str(OFF);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn message(content: Value) -> Message {
        let mut whole =
            json!({"n": 1, "wamid": "w", "from": "business", "type": "text", "status": "read", "at": "now"});
        for (key, value) in content.as_object().unwrap() {
            whole[key] = value.clone();
        }
        serde_json::from_value(whole).unwrap()
    }

    #[test]
    fn lines_end_before_the_edge_between_words() {
        let mut screen = Screen::new(40, false);
        let text = "Here you can find products and prices, check stock near you.\n\nनमस्ते! मैं इस दुकान की स्वचालित सहायक हूँ, बताइए क्या चाहिए?";
        let shown = screen.show(&message(json!({"text": text})));
        for line in shown.lines().skip(1) {
            assert!(line.starts_with("  │") && textwrap::core::display_width(line) <= 40, "{line}");
        }
        let words = |s: &str| s.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&shown.replace('│', "")), words(text), "every word once, whole");
    }

    #[test]
    fn letters_choose_what_the_latest_answer_offers() {
        let mut screen = Screen::new(60, false);
        screen.wrote();
        let buttons =
            json!({"text": "Well?", "buttons": [{"id": "/a", "title": "A"}, {"id": "/b", "title": "B"}]});
        let rows = json!({"text": "Or?", "rows": [{"id": "/c", "title": "C", "description": "the third"}],
            "sections": [{"title": "More", "rows": [{"id": "/c", "title": "C", "description": "the third"}]}]});
        screen.show(&message(buttons.clone()));
        let shown = screen.show(&message(rows));
        assert!(shown.contains("[c] C – the third") && shown.contains("*More*"), "{shown}");
        let id = |screen: &Screen, line: &str| screen.chosen(line).map(|c| (c.id.clone(), c.row));
        assert_eq!(id(&screen, "a"), Some(("/a".into(), false)));
        assert_eq!(id(&screen, "C"), Some(("/c".into(), true)));
        for line in ["d", "1", "ab", "अ", ""] {
            assert_eq!(id(&screen, line), None, "{line}");
        }
        // The next answer offers nothing: a letter is what the customer says.
        screen.wrote();
        assert_eq!(id(&screen, "a"), Some(("/a".into(), false)), "as long as nothing has come");
        screen.show(&message(json!({"text": "How many?"})));
        assert_eq!(id(&screen, "a"), None);
    }

    #[test]
    fn bold_is_bold_and_other_asterisks_stay() {
        let bold = |text: &str| embolden(text, &mut false);
        assert_eq!(bold("a *b c*, d"), "a \x1b[1mb c\x1b[0m, d");
        assert_eq!(bold("5 * 3 * 2, 2*3*4"), "5 * 3 * 2, 2*3*4");
        let mut open = false;
        assert_eq!(embolden("see *this", &mut open), "see \x1b[1mthis\x1b[0m");
        assert_eq!(embolden("long* one", &mut open), "\x1b[1mlong\x1b[0m one");
        assert!(!open);
    }
}
