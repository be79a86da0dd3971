use charla_models::{encoder::EncoderSource, progress::Progress};
use std::{path::Path, sync::Arc};
pub fn installed(_: &Path) -> Option<Arc<dyn EncoderSource>> { None }
pub fn pull(c: &Path, _: &dyn Progress) -> charla_models::Result<Arc<dyn EncoderSource>> { Err(charla_models::Error::NoEncoder(c.to_owned())) }
