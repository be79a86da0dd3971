//! The control API: what tests, load generators and the phone page do to the world.

mod act;
mod customers;
mod say;
mod settings;

pub use act::{Act, Post, Posted};
pub(crate) use say::say;

use actix_web::web;

/// `/sim/…`.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::scope("/sim")
            .app_data(web::JsonConfig::default().limit(24 * 1024 * 1024).error_handler(|error, _| {
                super::error::SimError::Request(format!("the body is not the JSON asked for: {error}")).into()
            }))
            .app_data(web::QueryConfig::default().error_handler(|error, _| {
                super::error::SimError::Request(format!("the query is not understood: {error}")).into()
            }))
            .route("/customers", web::get().to(customers::list))
            .route("/customers/{wa_id}", web::put().to(customers::put))
            .route("/customers/{wa_id}/messages", web::post().to(say::post))
            .route("/customers/{wa_id}/read", web::post().to(customers::read))
            .route("/customers/{wa_id}/thread", web::get().to(customers::thread))
            .route("/customers/{wa_id}/thread", web::delete().to(customers::clear))
            .route("/media/{id}", web::get().to(customers::media))
            .route("/events", web::get().to(super::events::stream))
            .route("/config", web::get().to(settings::config))
            .route("/state", web::get().to(settings::state))
            .route("/clock", web::get().to(settings::clock))
            .route("/clock", web::post().to(settings::move_clock))
            .route("/faults", web::get().to(settings::faults))
            .route("/faults", web::post().to(settings::set_faults))
            .route("/templates", web::put().to(settings::set_templates))
            .route("/verify", web::post().to(settings::verify))
            .route("/outage", web::get().to(settings::outages))
            .route("/outage", web::post().to(settings::outage)),
    );
}
