//! Meta's side that the engine calls: the Graph API.

mod content;
mod error;
mod fields;
mod interactive;
mod manage;
mod media;
mod messages;

pub(crate) use error::GraphError;

use super::app::App;
use actix_web::{HttpRequest, web};
use std::sync::Arc;

/// `/{version}/…`. Registered last: its patterns would take other paths.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::scope("/{version:v[0-9]+\\.[0-9]+}")
            .route("/{id}/messages", web::post().to(messages::send))
            .route("/{id}/media", web::post().to(media::upload))
            .route("/{id}/message_templates", web::post().to(manage::create_template))
            .route("/{id}/message_templates", web::get().to(manage::templates))
            .route("/{id}/phone_numbers", web::get().to(manage::numbers))
            .route("/{id}", web::get().to(manage::object))
            .route("/{id}", web::delete().to(media::delete)),
    );
}

/// Checks the bearer token.
fn authorised(app: &App, request: &HttpRequest) -> Result<(), GraphError> {
    let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| value.strip_prefix("Bearer "));
    if token == Some(app.options.access_token.as_str()) { Ok(()) } else { Err(GraphError::token()) }
}

/// Counts and answers an error.
fn refuse(app: &Arc<App>, error: &GraphError) -> actix_web::HttpResponse {
    app.stats.graph_error(error.code);
    error.response(&app.ids.trace())
}
