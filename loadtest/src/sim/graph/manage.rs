//! Reading the business number, and templates.

use super::{GraphError, authorised, refuse};
use crate::sim::{
    app::{App, WABA_ID},
    options::BusinessNumber,
    templates::Template,
};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use std::sync::Arc;

fn number(app: &App, number: &BusinessNumber) -> Value {
    json!({
        "id": number.phone_number_id,
        "verified_name": number.name,
        "display_phone_number": number.display_phone_number,
        "code_verification_status": "VERIFIED",
        "quality_rating": "GREEN",
        "platform_type": "CLOUD_API",
        "throughput": {"level": if app.options.limits.throughput > 80 { "HIGH" } else { "STANDARD" }},
        "webhook_configuration": {"application": app.options.engine_webhook_url},
    })
}

/// `GET /{phone_number_id}` or `GET /{media_id}`.
pub(super) async fn object(
    app: web::Data<Arc<App>>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> HttpResponse {
    if let Err(error) = authorised(&app, &request) {
        return refuse(&app, &error);
    }
    let id = &path.1;
    if let Some(found) = app.number(id) {
        return HttpResponse::Ok().json(number(&app, found));
    }
    let base = format!("{}://{}", request.connection_info().scheme(), request.connection_info().host());
    match super::media::describe(&app, id, &base) {
        Some(description) => HttpResponse::Ok().json(description),
        None => refuse(&app, &GraphError::no_object(id)),
    }
}

/// `GET /{waba_id}/phone_numbers`.
pub(super) async fn numbers(app: web::Data<Arc<App>>, request: HttpRequest) -> HttpResponse {
    if let Err(error) = authorised(&app, &request) {
        return refuse(&app, &error);
    }
    let data: Vec<_> = app.numbers.iter().map(|found| number(&app, found)).collect();
    HttpResponse::Ok().json(json!({"data": data}))
}

/// `GET /{waba_id}/message_templates`.
pub(super) async fn templates(app: web::Data<Arc<App>>, request: HttpRequest) -> HttpResponse {
    if let Err(error) = authorised(&app, &request) {
        return refuse(&app, &error);
    }
    let world = app.world();
    HttpResponse::Ok().json(json!({"data": world.templates}))
}

/// `POST /{waba_id}/message_templates`: approved at once.
pub(super) async fn create_template(
    app: web::Data<Arc<App>>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    body: web::Json<Value>,
) -> HttpResponse {
    let made = authorised(&app, &request)
        .and_then(|()| if path.1 == WABA_ID { read(&body) } else { Err(GraphError::no_object(&path.1)) });
    match made {
        Err(error) => refuse(&app, &error),
        Ok(template) => {
            let category = template.category.to_ascii_uppercase();
            let mut world = app.world();
            world.templates.retain(|old| (&old.name, &old.language) != (&template.name, &template.language));
            world.templates.push(template);
            HttpResponse::Ok()
                .json(json!({"id": app.ids.digits(), "status": "APPROVED", "category": category}))
        }
    }
}

fn read(body: &Value) -> Result<Template, GraphError> {
    let text = |key: &str| {
        let found = body.get(key).and_then(Value::as_str);
        found
            .map(str::to_owned)
            .ok_or_else(|| GraphError::invalid(format!("The parameter {key} is required.")))
    };
    let mut template = Template {
        name: text("name")?,
        language: text("language")?,
        category: text("category")?.to_ascii_lowercase(),
        header: None,
        body: String::new(),
        footer: None,
        quick_replies: Vec::new(),
        status: "APPROVED".into(),
    };
    if !matches!(template.category.as_str(), "marketing" | "utility" | "authentication") {
        return Err(GraphError::invalid(
            "Param category must be one of {AUTHENTICATION, MARKETING, UTILITY}",
        ));
    }
    for component in body.get("components").and_then(Value::as_array).into_iter().flatten() {
        let part = |key: &str| component.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        match part("type").to_ascii_uppercase().as_str() {
            "BODY" => template.body = part("text"),
            "HEADER" => template.header = Some(part("text")),
            "FOOTER" => template.footer = Some(part("text")),
            "BUTTONS" => {
                let buttons = component.get("buttons").and_then(Value::as_array).into_iter().flatten();
                template.quick_replies = buttons
                    .filter(|button| {
                        button["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("QUICK_REPLY"))
                    })
                    .filter_map(|button| button["text"].as_str().map(str::to_owned))
                    .collect();
            }
            other => {
                return Err(GraphError::invalid(format!(
                    "Param components[]['type'] '{other}' is not valid"
                )));
            }
        }
    }
    if template.body.is_empty() {
        return Err(GraphError::invalid("The template needs a BODY component with text."));
    }
    Ok(template)
}
