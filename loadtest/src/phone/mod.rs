//! The phone page: a browser page with a phone per customer. Plain files, embedded; no framework, no other origin.

use actix_web::{HttpResponse, web};

/// Files by path, with their types.
const FILES: [(&str, &str, &str); 7] = [
    ("/", "text/html; charset=utf-8", include_str!("index.html")),
    ("/phone/style.css", "text/css; charset=utf-8", include_str!("style.css")),
    ("/phone/chat.css", "text/css; charset=utf-8", include_str!("chat.css")),
    ("/phone/app.js", "text/javascript; charset=utf-8", include_str!("app.js")),
    ("/phone/phone.js", "text/javascript; charset=utf-8", include_str!("phone.js")),
    ("/phone/bubble.js", "text/javascript; charset=utf-8", include_str!("bubble.js")),
    ("/phone/text.js", "text/javascript; charset=utf-8", include_str!("text.js")),
];

/// Pictures come from wherever the business has them; everything else from here.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src * data: blob:; media-src *; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `/` and `/phone/…`.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    for (path, kind, content) in FILES {
        config.route(
            path,
            web::get().to(move || async move {
                HttpResponse::Ok()
                    .insert_header(("content-type", kind))
                    .insert_header(("cache-control", "no-cache"))
                    .insert_header(("content-security-policy", POLICY))
                    .insert_header(("x-content-type-options", "nosniff"))
                    .body(content)
            }),
        );
    }
}
