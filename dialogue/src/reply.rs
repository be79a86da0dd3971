//! Drafts of one turn to as few messages as possible: every message costs money and attention.

use crate::effect::Outgoing;
use crate::filters::cut;
use crate::limits;
use crate::state::{Draft, Part, Shown};

/// A message with the responses it is made of.
#[derive(Debug, PartialEq)]
pub(crate) struct Composed {
    pub responses: Vec<String>,
    pub message: Outgoing,
    pub options: Vec<Shown>,
}

/// Texts that follow each other are joined; buttons, lists, pictures take the texts before them as their body.
pub(crate) fn compose(drafts: &[Draft]) -> Vec<Composed> {
    let mut out = Vec::new();
    let mut texts: Vec<(&str, &str)> = Vec::new();
    for draft in drafts {
        let Some(part) = &draft.part else {
            texts.push((&draft.response, &draft.text));
            continue;
        };
        let limit = match part {
            Part::List { .. } => limits::LIST_BODY,
            _ => limits::SHORT_BODY,
        };
        let mut all = texts.clone();
        all.push((&draft.response, &draft.text));
        if join(&all).chars().count() <= limit {
            texts.clear();
        } else {
            // Too long together: what came before goes alone.
            text(&mut out, &mut texts);
            all = vec![(&draft.response, &draft.text)];
        }
        let body = cut(&join(&all), limit);
        let body = if body.is_empty() { "…".to_owned() } else { body };
        let responses = all.iter().map(|(k, _)| k.to_string()).collect();
        let footer = draft.footer.clone();
        let (message, options) = match part {
            Part::Buttons { buttons } => {
                let shown = buttons.iter().map(|b| shown(draft, &b.id, &b.title)).collect();
                (Outgoing::Buttons { body, footer, buttons: buttons.clone() }, shown)
            }
            Part::List { button, sections } => {
                let shown =
                    sections.iter().flat_map(|s| &s.rows).map(|r| shown(draft, &r.id, &r.title)).collect();
                (Outgoing::List { body, footer, button: button.clone(), sections: sections.clone() }, shown)
            }
            Part::Image { link } => {
                (Outgoing::Image { link: link.clone(), caption: (body != "…").then_some(body) }, vec![])
            }
            Part::LocationRequest => (Outgoing::LocationRequest { body }, vec![]),
        };
        out.push(Composed { responses, message, options });
    }
    text(&mut out, &mut texts);
    out
}

fn shown(draft: &Draft, id: &str, title: &str) -> Shown {
    let says = draft.says.iter().find(|(of, _)| of == id).map(|(_, says)| *says);
    Shown { id: id.to_owned(), title: title.to_owned(), says }
}

fn join(texts: &[(&str, &str)]) -> String {
    let parts: Vec<&str> = texts.iter().map(|(_, t)| *t).filter(|t| !t.is_empty()).collect();
    parts.join("\n\n")
}

fn text(out: &mut Vec<Composed>, texts: &mut Vec<(&str, &str)>) {
    let body = cut(&join(texts), limits::TEXT);
    if !body.is_empty() {
        let responses = texts.iter().map(|(k, _)| k.to_string()).collect();
        out.push(Composed {
            responses,
            message: Outgoing::Text { body, preview_url: false },
            options: vec![],
        });
    }
    texts.clear();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effect::Button;

    fn draft(text: &str, part: Option<Part>) -> Draft {
        Draft { response: format!("utter_{text}"), text: text.into(), part, footer: None, says: vec![] }
    }

    #[test]
    fn one_message_where_possible() {
        let buttons = Part::Buttons { buttons: vec![Button { id: "/a".into(), title: "A".into() }] };
        let all = compose(&[draft("a", None), draft("b", Some(buttons.clone()))]);
        assert_eq!(all.len(), 1);
        assert!(matches!(&all[0].message, Outgoing::Buttons { body, .. } if body == "a\n\nb"));
        assert_eq!(all[0].responses, ["utter_a", "utter_b"]);
        assert_eq!(compose(&[draft("a", None), draft("b", None)]).len(), 1);
        assert_eq!(compose(&[draft("a", Some(buttons.clone())), draft("b", None)]).len(), 2);
        let long = "x".repeat(1000);
        assert_eq!(compose(&[draft(&long, None), draft(&long, Some(buttons))]).len(), 2);
        assert!(compose(&[]).is_empty());
    }
}
