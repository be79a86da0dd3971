//! The HTML document around a page's parts.

use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Nothing may be fetched, whatever a message holds.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// A part: the id under which it is found, its title, what is in it.
pub type Part = (&'static str, &'static str, Markup);

/// A page with a head, and parts with links to them.
pub fn document(title: &str, head: Markup, parts: Vec<Part>) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header { (head) }
                nav aria-label="Parts of this page" {
                    @for (id, title, _) in &parts { a href=(format!("#{id}")) { (title) } }
                }
                main {
                    @for (id, title, body) in &parts {
                        section id=(id) { h2 { (title) } (body) }
                    }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// Names with their values.
pub fn pairs(lines: &[(String, String)]) -> Markup {
    html! {
        dl.settings {
            @for (name, value) in lines { div { dt { (name) } dd { (value) } } }
        }
    }
}
