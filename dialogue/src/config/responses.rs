//! `responses/LANG.yml`: what the assistant says, in variations.

use crate::condition::Condition;
use crate::finding::{Findings, Place, codes};
use crate::template::{Setting, Templates, Text, rasa_placeholders};
use crate::yaml::Reader;

/// One response in one language.
#[derive(Debug, Clone)]
pub struct Response {
    /// Variations.
    pub variations: Vec<Variation>,
    /// Where it stands.
    pub place: Place,
    /// Whether it comes with Charla.
    pub built_in: bool,
}

/// One way of saying it.
#[derive(Debug, Clone)]
pub struct Variation {
    /// Only if this holds.
    pub condition: Option<Condition>,
    /// The text.
    pub text: Option<Text>,
    /// Link of a picture.
    pub image: Option<Text>,
    /// Reply buttons.
    pub buttons: Vec<Option_>,
    /// A list.
    pub list: Option<List>,
    /// Small print.
    pub footer: Option<Text>,
    /// Asks for a place.
    pub location_request: bool,
    /// Likely topics as buttons.
    pub topics: bool,
    /// Where it stands.
    pub place: Place,
}

/// A button or static row.
#[derive(Debug, Clone)]
pub struct Option_ {
    /// Payload.
    pub id: Text,
    /// Title.
    pub title: Text,
    /// Second line of a row.
    pub description: Option<Text>,
    /// Only if this holds.
    pub condition: Option<Condition>,
    /// What customers write instead of tapping, beside its title.
    pub synonyms: Vec<String>,
    /// The offer that a written yes (true) or no (false) takes up while it is the last thing said.
    pub says: Option<bool>,
    /// Where it stands.
    pub place: Place,
}

/// A list message.
#[derive(Debug, Clone)]
pub struct List {
    /// Label of the button that opens it.
    pub button: Text,
    /// Title of the section of dynamic rows.
    pub title: Option<Text>,
    /// Where dynamic rows come from, and what each looks like.
    pub rows_from: Option<(Setting, Option_)>,
    /// At most this many dynamic rows.
    pub limit: usize,
    /// Static rows after them.
    pub rows: Vec<Option_>,
    /// Static sections.
    pub sections: Vec<(Option<Text>, Vec<Option_>)>,
    /// Where it stands.
    pub place: Place,
}

impl Response {
    pub(crate) fn read(place: Place, at: Reader, templates: &mut Templates, findings: &mut Findings) -> Self {
        let variations: Vec<Variation> =
            at.items().map(|v| Variation::read(v, templates, findings)).collect();
        if variations.is_empty() {
            findings.error(
                &place,
                codes::SHAPE,
                "a response needs at least one variation",
                "write `- text: …`",
            );
        }
        Response { variations, place, built_in: false }
    }
}

fn text(at: Reader, key: &str, templates: &mut Templates, findings: &mut Findings) -> Option<Text> {
    let source = at.string_at(key, findings)?;
    let place = at.get(key).map(|t| t.place()).unwrap_or_default();
    super::text(templates, findings, &place, &rasa_placeholders(source.trim_end()))
}

impl Variation {
    fn read(at: Reader, templates: &mut Templates, findings: &mut Findings) -> Self {
        at.only(findings, &["text", "condition", "buttons", "image", "custom", "channel", "id", "metadata"]);
        let mut variation = Variation {
            condition: at.get("condition").and_then(|c| condition(c, findings)),
            text: text(at, "text", templates, findings),
            image: text(at, "image", templates, findings),
            buttons: options(at.get("buttons"), "payload", templates, findings),
            list: None,
            footer: None,
            location_request: false,
            topics: false,
            place: at.place(),
        };
        if let Some(custom) = at.get("custom") {
            custom.only(findings, &["list", "footer", "location_request", "topics"]);
            variation.footer = text(custom, "footer", templates, findings);
            variation.location_request = custom.bool_at("location_request", findings).unwrap_or(false);
            variation.topics = custom.bool_at("topics", findings).unwrap_or(false);
            variation.list = custom.get("list").and_then(|l| List::read(l, templates, findings));
        }
        if variation.text.is_none() && variation.image.is_none() {
            findings.error(&at.place(), codes::SHAPE, "a variation needs `text`", "write `text: …`");
        }
        variation
    }
}

/// A predicate, or Rasa's list of `{type: slot, name, value}`, all of which must hold.
fn condition(at: Reader, findings: &mut Findings) -> Option<Condition> {
    if at.node.items().is_empty() {
        return super::condition(findings, at);
    }
    let mut parts = Vec::new();
    for entry in at.items() {
        entry.only(findings, &["type", "name", "value"]);
        let name = entry.string_at("name", findings)?;
        let value = entry.get("value").map(|v| v.node.json()).unwrap_or_default();
        parts.push(if value.is_null() {
            format!("slots.{name} is null")
        } else {
            format!("slots.{name} = {value}")
        });
    }
    Condition::parse(&parts.join(" and "))
        .map_err(|e| {
            findings.error(
                &at.place(),
                codes::CONDITION,
                format!("the condition does not parse: {}", e.message),
                "write type: slot, name, value",
            )
        })
        .ok()
}

fn options(at: Option<Reader>, id: &str, templates: &mut Templates, findings: &mut Findings) -> Vec<Option_> {
    at.iter().flat_map(Reader::items).filter_map(|o| option(o, id, templates, findings)).collect()
}

fn option(at: Reader, id: &str, templates: &mut Templates, findings: &mut Findings) -> Option<Option_> {
    at.only(findings, &[id, "title", "description", "condition", "synonyms", "affirm", "deny"]);
    for key in [id, "title"] {
        if at.get(key).is_none() {
            findings.error(
                &at.place(),
                codes::SHAPE,
                format!("`{key}` is missing"),
                format!("write `{key}: …`"),
            );
            return None;
        }
    }
    let mut flag = |key: &str| at.bool_at(key, findings).unwrap_or(false);
    let says = match (flag("affirm"), flag("deny")) {
        (false, false) => None,
        (affirm, _) => Some(affirm),
    };
    Some(Option_ {
        synonyms: at.strings_at("synonyms", findings).into_iter().map(|(s, _)| s).collect(),
        says,
        id: text(at, id, templates, findings)?,
        title: text(at, "title", templates, findings)?,
        description: text(at, "description", templates, findings),
        condition: at.get("condition").and_then(|c| super::condition(findings, c)),
        place: at.place(),
    })
}

impl List {
    fn read(at: Reader, templates: &mut Templates, findings: &mut Findings) -> Option<Self> {
        at.only(findings, &["button", "title", "rows_from", "limit", "row", "rows", "sections"]);
        if at.get("button").is_none() {
            findings.error(
                &at.place(),
                codes::SHAPE,
                "a list needs `button`",
                "write the label of the button that opens it",
            );
            return None;
        }
        let rows_from = match (at.get("rows_from"), at.get("row")) {
            (Some(from), Some(row)) => {
                super::expression(templates, findings, from).zip(option(row, "id", templates, findings))
            }
            (None, None) => None,
            _ => {
                findings.error(
                    &at.place(),
                    codes::SHAPE,
                    "`rows_from` and `row` belong together",
                    "write both or neither",
                );
                None
            }
        };
        let sections = at
            .get("sections")
            .iter()
            .flat_map(Reader::items)
            .map(|s| {
                s.only(findings, &["title", "rows"]);
                (text(s, "title", templates, findings), options(s.get("rows"), "id", templates, findings))
            })
            .collect();
        Some(List {
            button: text(at, "button", templates, findings)?,
            title: text(at, "title", templates, findings),
            rows_from,
            limit: at.number_at("limit", findings, 1.0..=10.0).unwrap_or(10.0) as usize,
            rows: options(at.get("rows"), "id", templates, findings),
            sections,
            place: at.place(),
        })
    }

    /// All static options.
    pub fn static_rows(&self) -> impl Iterator<Item = &Option_> {
        self.sections.iter().flat_map(|(_, rows)| rows).chain(&self.rows)
    }
}

impl Variation {
    /// All options that stand in the file, the pattern of dynamic rows included.
    pub fn options(&self) -> impl Iterator<Item = &Option_> {
        let list =
            self.list.iter().flat_map(|l| l.static_rows().chain(l.rows_from.iter().map(|(_, row)| row)));
        self.buttons.iter().chain(list)
    }
}
