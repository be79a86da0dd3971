//! Responses: every language, the channel's limits, payloads that mean something, nothing unused.

use super::names;
use crate::Assistant;
use crate::config::domain::Target;
use crate::config::flows::StepKind;
use crate::config::responses::{Option_, Variation};
use crate::config::settings::OnContent;
use crate::finding::{Findings, Place, codes};
use crate::limits;
use crate::payload::Payload;
use crate::template::Text;
use regex::Regex;
use std::collections::BTreeSet;
use std::sync::LazyLock;

pub(super) fn check(a: &Assistant, f: &mut Findings) {
    let used = used(a);
    for (key, languages) in &a.responses {
        let Some(any) = languages.values().find(|r| !r.built_in).or(languages.values().next()) else {
            continue;
        };
        let ours = languages.values().any(|r| !r.built_in);
        for language in &a.settings.languages {
            // One that replaces a built-in response in one language only is still whole.
            if !languages.contains_key(language) {
                f.warn(
                    &any.place,
                    codes::TRANSLATION,
                    format!("response `{key}` is missing in {language}"),
                    format!("write it in responses/{language}.yml"),
                );
            }
        }
        if ours && !used.contains(key.as_str()) && !a.own_responses.contains(key) {
            f.warn(
                &any.place,
                codes::UNUSED,
                format!("response `{key}` is never said"),
                "use it or remove it",
            );
        }
        let payloads = |v: &Variation| v.options().map(|o| o.id.source().to_owned()).collect::<BTreeSet<_>>();
        let offered = |l: &str| {
            languages.get(l).map(|r| r.variations.iter().flat_map(&payloads).collect::<BTreeSet<_>>())
        };
        let reference = offered("en");
        for (language, response) in languages {
            if response.built_in {
                continue;
            }
            if let (Some(reference), Some(mine)) = (&reference, offered(language))
                && *reference != mine
            {
                f.warn(
                    &response.place,
                    codes::TRANSLATION,
                    format!("response `{key}` offers other options in {language} than in en"),
                    "offer the same payloads in every language",
                );
            }
            for variation in &response.variations {
                self::variation(a, f, variation);
            }
        }
    }
}

/// Keys that flows, intents, settings and the dialogue itself say.
fn used(a: &Assistant) -> BTreeSet<&str> {
    let mut used = BTreeSet::new();
    for flow in a.flows.values() {
        for step in &flow.steps {
            match &step.kind {
                StepKind::Action(name) => {
                    used.insert(name.as_str());
                }
                StepKind::Collect(c) => {
                    used.insert(c.utter.as_str());
                    used.extend(c.rejections.iter().filter_map(|(_, u)| u.as_deref()));
                }
                _ => {}
            }
        }
    }
    for key in a.responses.keys() {
        if key.strip_prefix("utter_invalid_").is_some_and(|s| a.domain.slots.contains_key(s)) {
            used.insert(key);
        }
    }
    for intent in a.domain.intents.values() {
        if let Some(Target::Answer(key)) = &intent.target {
            used.insert(key);
        }
    }
    for on in a.settings.content.values() {
        if let OnContent::Answer(key) = on {
            used.insert(key);
        }
    }
    used
}

fn variation(a: &Assistant, f: &mut Findings, v: &Variation) {
    if let Some(condition) = &v.condition {
        names::condition(a, f, &v.place, condition);
    }
    for text in [&v.text, &v.image, &v.footer].into_iter().flatten() {
        names::text(a, f, &v.place, text);
    }
    let list = v.list.is_some();
    let body = if v.buttons.is_empty() && !v.location_request { limits::TEXT } else { limits::SHORT_BODY };
    over(f, &v.place, "the text", v.text.as_ref(), body);
    over(f, &v.place, "the footer", v.footer.as_ref(), limits::FOOTER);
    if v.buttons.len() > limits::BUTTONS && !list {
        let within = v.buttons.len() <= limits::ROWS;
        if within {
            f.warn(
                &v.place,
                codes::LIMIT,
                format!("{} buttons, {} are allowed", v.buttons.len(), limits::BUTTONS),
                "it will be shown as a list; write a list, or fewer buttons",
            );
        } else {
            f.error(
                &v.place,
                codes::LIMIT,
                format!("{} buttons, {} are allowed", v.buttons.len(), limits::BUTTONS),
                "offer fewer",
            );
        }
    }
    if list && !v.buttons.is_empty() {
        f.error(
            &v.place,
            codes::SHAPE,
            "a message has buttons or a list, not both",
            "move the buttons into the list",
        );
    }
    for button in &v.buttons {
        option(a, f, button, limits::BUTTON_TITLE, limits::BUTTON_ID);
    }
    let Some(list) = &v.list else { return };
    over(f, &list.place, "the list's button", Some(&list.button), limits::BUTTON_TITLE);
    for title in list.sections.iter().map(|(t, _)| t).chain([&list.title]) {
        over(f, &list.place, "a section's title", title.as_ref(), limits::ROW_TITLE);
    }
    let fixed = list.static_rows().count();
    if fixed > limits::ROWS {
        f.error(
            &list.place,
            codes::LIMIT,
            format!("{fixed} rows, {} are allowed", limits::ROWS),
            "offer fewer rows",
        );
    }
    if list.rows_from.is_some() && fixed >= limits::ROWS {
        f.error(
            &list.place,
            codes::LIMIT,
            "no room is left for the rows of `rows_from`",
            "offer fewer static rows",
        );
    }
    if list.rows_from.is_none() && fixed == 0 {
        f.error(&list.place, codes::SHAPE, "the list has no rows", "write `rows`, `sections` or `rows_from`");
    }
    if list.sections.len() > 1 && list.sections.iter().any(|(t, _)| t.is_none()) {
        f.error(&list.place, codes::LIMIT, "sections need titles if there are several", "give each a title");
    }
    if let Some((from, _)) = &list.rows_from {
        names::setting(a, f, &list.place, from);
    }
    let dynamic = list.rows_from.iter().map(|(_, row)| row);
    for row in list.static_rows().chain(dynamic) {
        option(a, f, row, limits::ROW_TITLE, limits::ROW_ID);
        over(f, &row.place, "the description", row.description.as_ref(), limits::ROW_DESCRIPTION);
    }
}

fn over(f: &mut Findings, place: &Place, what: &str, text: Option<&Text>, limit: usize) {
    let Some(text) = text.filter(|t| t.is_static()) else { return };
    let n = text.source().chars().count();
    if n > limit {
        f.error(
            place,
            codes::LIMIT,
            format!(
                "{what} has {n} characters, {limit} are allowed: {}",
                crate::filters::cut(text.source(), 60)
            ),
            "shorten it",
        );
    }
}

fn option(a: &Assistant, f: &mut Findings, option: &Option_, title: usize, id: usize) {
    over(f, &option.place, "the title", Some(&option.title), title);
    over(f, &option.place, "the payload", Some(&option.id), id);
    for text in [&option.title, &option.id].into_iter().chain(&option.description) {
        names::text(a, f, &option.place, text);
    }
    if let Some(condition) = &option.condition {
        names::condition(a, f, &option.place, condition);
    }
    static HOLES: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\{\{.*?\}\}").ok());
    let Some(holes) = &*HOLES else { return };
    if option.id.source().contains("{%") {
        return;
    }
    let sample = holes.replace_all(option.id.source(), "x");
    match Payload::parse(&sample) {
        Err(e) => f.error(
            &option.place,
            codes::PAYLOAD,
            format!("the payload `{}` does not parse: {e}", option.id.source()),
            "see `Payloads` in docs/formats.md",
        ),
        Ok(payload) => self::payload(a, f, &option.place, payload),
    }
}

fn payload(a: &Assistant, f: &mut Findings, place: &Place, payload: Payload) {
    match payload {
        Payload::SetSlots(slots) => slots.iter().for_each(|(s, _)| names::slot(a, f, place, s)),
        Payload::StartFlow(flow, slots) => {
            if flow != "x" {
                names::flow(a, f, place, &flow);
            }
            slots.iter().for_each(|(s, _)| names::slot(a, f, place, s));
        }
        Payload::ChangeLanguage(Some(language))
            if language != "x" && !a.settings.languages.contains(&language) =>
        {
            f.unknown(place, "language", &language, a.settings.languages.iter().map(String::as_str));
        }
        Payload::Intent(name, _) => names::intent(a, f, place, &name),
        _ => {}
    }
}
