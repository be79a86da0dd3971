//! Media: upload, description, deletion. The bytes are served at `/sim/media/{id}`.

use super::{GraphError, authorised, refuse};
use crate::sim::{app::App, world::MediaFile};
use actix_multipart::Multipart;
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::{StreamExt, TryStreamExt};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Meta's bound for images; audio and video are larger there, but nobody needs them here.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// `POST /{phone_number_id}/media`, multipart with `messaging_product`, `file` and optionally `type`.
pub(super) async fn upload(
    app: web::Data<Arc<App>>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    form: Multipart,
) -> HttpResponse {
    if let Err(error) = authorised(&app, &request) {
        return refuse(&app, &error);
    }
    if app.number(&path.1).is_none() {
        return refuse(&app, &GraphError::no_object(&path.1));
    }
    match read(form).await {
        Err(error) => refuse(&app, &error),
        Ok(file) => {
            let id = app.ids.digits();
            app.world().keep_media(id.clone(), file);
            HttpResponse::Ok().json(json!({"id": id}))
        }
    }
}

async fn read(mut form: Multipart) -> Result<MediaFile, GraphError> {
    let broken = |_| GraphError::invalid("The multipart body is malformed");
    let (mut file, mut mime_type) = (None, None);
    let mut product = String::new();
    while let Some(mut field) = form.try_next().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        let declared = field.content_type().map(ToString::to_string);
        let mut bytes = Vec::new();
        while let Some(chunk) = field.next().await {
            bytes.extend_from_slice(&chunk.map_err(broken)?);
            if bytes.len() > MAX_BYTES {
                return Err(GraphError::new(131_053, "Media upload error").details("The file is too large"));
            }
        }
        match name.as_str() {
            "file" => {
                mime_type = mime_type.or(declared);
                file = Some(bytes);
            }
            "type" => mime_type = String::from_utf8(bytes).ok(),
            "messaging_product" => product = String::from_utf8_lossy(&bytes).into_owned(),
            _ => {}
        }
    }
    if product != "whatsapp" {
        return Err(GraphError::invalid("The parameter messaging_product is required."));
    }
    let bytes = file.ok_or_else(|| GraphError::invalid("The parameter file is required."))?;
    let mime_type = mime_type.unwrap_or_else(|| "application/octet-stream".into());
    Ok(MediaFile { mime_type, bytes: bytes.into() })
}

/// What `GET /{media_id}` answers.
pub(super) fn describe(app: &App, id: &str, base: &str) -> Option<Value> {
    let world = app.world();
    let file = world.media.get(id)?;
    Some(json!({
        "messaging_product": "whatsapp",
        "id": id,
        "url": format!("{base}/sim/media/{id}"),
        "mime_type": file.mime_type,
        "sha256": hex::encode(Sha256::digest(&file.bytes)),
        "file_size": file.bytes.len(),
    }))
}

/// `DELETE /{media_id}`.
pub(super) async fn delete(
    app: web::Data<Arc<App>>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> HttpResponse {
    if let Err(error) = authorised(&app, &request) {
        return refuse(&app, &error);
    }
    match app.world().media.remove(&path.1) {
        Some(_) => HttpResponse::Ok().json(json!({"success": true})),
        None => refuse(&app, &GraphError::no_object(&path.1)),
    }
}
