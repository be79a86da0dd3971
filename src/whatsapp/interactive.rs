//! Interactive messages → Graph's JSON: reply buttons and lists.

use super::limits::{
    MAX_BUTTON_ID, MAX_BUTTON_TITLE, MAX_BUTTONS, MAX_DESCRIPTION, MAX_FOOTER, MAX_ROW_ID, MAX_ROW_TITLE,
    MAX_ROWS, MAX_SECTIONS, Result, checked, count, unique,
};
use charla_dialogue::effect::{Button, Row, Section};
use serde_json::{Value, json};

pub(super) fn interactive(
    kind: &str,
    body: &str,
    limit: usize,
    footer: Option<&str>,
    action: Value,
) -> Result<Value> {
    let mut content = json!({
        "type": kind,
        "body": {"text": checked("body", body, limit)?},
        "action": action,
    });
    if let Some(footer) = footer {
        content["footer"] = json!({"text": checked("footer", footer, MAX_FOOTER)?});
    }
    Ok(content)
}

pub(super) fn buttons_of(buttons: &[Button]) -> Result<Vec<Value>> {
    count("action.buttons", buttons.len(), MAX_BUTTONS)?;
    unique("action.buttons.id", buttons.iter().map(|button| button.id.as_str()))?;
    unique("action.buttons.title", buttons.iter().map(|button| button.title.as_str()))?;
    buttons
        .iter()
        .enumerate()
        .map(|(i, button)| {
            let place = |part: &str| format!("action.buttons[{i}].{part}");
            Ok(json!({"type": "reply", "reply": {
                "id": checked(place("id"), &button.id, MAX_BUTTON_ID)?,
                "title": checked(place("title"), &button.title, MAX_BUTTON_TITLE)?,
            }}))
        })
        .collect()
}

pub(super) fn sections_of(sections: &[Section]) -> Result<Vec<Value>> {
    count("action.sections", sections.len(), MAX_SECTIONS)?;
    let rows = || sections.iter().flat_map(|section| &section.rows);
    count("action.sections.rows", rows().count(), MAX_ROWS)?;
    unique("action.sections.rows.id", rows().map(|row| row.id.as_str()))?;
    sections
        .iter()
        .enumerate()
        .map(|(i, section)| {
            let place = format!("action.sections[{i}]");
            count(format!("{place}.rows"), section.rows.len(), MAX_ROWS)?;
            let rows = section
                .rows
                .iter()
                .enumerate()
                .map(|(j, row)| row_of(&format!("{place}.rows[{j}]"), row))
                .collect::<Result<Vec<_>>>()?;
            let mut content = json!({"rows": rows});
            // A lone section needs no title.
            if sections.len() > 1 || !section.title.is_empty() {
                content["title"] = checked(format!("{place}.title"), &section.title, MAX_ROW_TITLE)?.into();
            }
            Ok(content)
        })
        .collect()
}

fn row_of(place: &str, row: &Row) -> Result<Value> {
    let mut content = json!({
        "id": checked(format!("{place}.id"), &row.id, MAX_ROW_ID)?,
        "title": checked(format!("{place}.title"), &row.title, MAX_ROW_TITLE)?,
    });
    if let Some(description) = row.description.as_deref().filter(|text| !text.is_empty()) {
        content["description"] =
            checked(format!("{place}.description"), description, MAX_DESCRIPTION)?.into();
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::super::{
        limits::{MAX_LIST_BODY, RenderError},
        render::render,
    };
    use super::*;
    use charla_dialogue::effect::{Outgoing, Send};

    fn of(message: Outgoing) -> Result<Value> {
        let phone = Some("16505551234".into());
        render(&Send { phone, user_id: None, message, window_until: Some(1), reply_to: None }, "")
    }

    fn button(id: &str, title: &str) -> Button {
        Button { id: id.into(), title: title.into() }
    }

    fn list(rows: &[usize]) -> Outgoing {
        let row = |i: usize, j: usize| Row { id: format!("{i}-{j}"), title: "row".into(), description: None };
        let section = |(i, rows): (usize, &usize)| Section {
            title: format!("section {i}"),
            rows: (0..*rows).map(|j| row(i, j)).collect(),
        };
        Outgoing::List {
            body: "b".repeat(MAX_LIST_BODY),
            footer: None,
            button: "Choose".into(),
            sections: rows.iter().enumerate().map(section).collect(),
        }
    }

    #[test]
    fn buttons_are_one_to_three_and_differ() {
        let of = |buttons: Vec<Button>| {
            of(Outgoing::Buttons { body: "b".into(), footer: Some("f".into()), buttons })
        };
        let rendered = of(vec![button("yes", "Yes"), button("no", "No")]).unwrap();
        assert_eq!(
            rendered["interactive"],
            json!({
                "type": "button", "body": {"text": "b"}, "footer": {"text": "f"},
                "action": {"buttons": [
                    {"type": "reply", "reply": {"id": "yes", "title": "Yes"}},
                    {"type": "reply", "reply": {"id": "no", "title": "No"}},
                ]},
            })
        );
        assert!(matches!(of(vec![]), Err(RenderError::Count { count: 0, .. })));
        let four = ["a", "b", "c", "d"].map(|id| button(id, id)).to_vec();
        assert!(matches!(of(four), Err(RenderError::Count { count: 4, limit: 3, .. })));
        let same = RenderError::Duplicate("action.buttons.title".into());
        assert_eq!(of(vec![button("a", "Yes"), button("b", "Yes")]), Err(same));
        let long = RenderError::TooLong { field: "action.buttons[1].title".into(), length: 21, limit: 20 };
        assert_eq!(of(vec![button("a", "A"), button("b", &"x".repeat(21))]), Err(long));
    }

    #[test]
    fn a_list_has_ten_rows_over_all_sections() {
        assert!(of(list(&[5, 5])).is_ok());
        assert!(matches!(of(list(&[5, 6])), Err(RenderError::Count { count: 11, .. })));
        assert!(matches!(of(list(&[])), Err(RenderError::Count { count: 0, .. })));
        assert!(
            matches!(of(list(&[3, 0])), Err(RenderError::Count { field, count: 0, .. }) if field == "action.sections[1].rows")
        );
        let mut untitled = list(&[1, 1]);
        if let Outgoing::List { sections, .. } = &mut untitled {
            sections[1].title = String::new();
        }
        assert_eq!(of(untitled), Err(RenderError::Empty("action.sections[1].title".into())));
    }
}
