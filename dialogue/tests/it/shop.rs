//! A small shop to talk to.

use charla_dialogue::testing::Talk;
use charla_dialogue::{Assistant, SourceFile};
use std::path::Path;
use std::sync::{Arc, LazyLock};

pub fn files() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/shop_config");
    let mut all = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = std::fs::read_to_string(&path).expect("readable");
                let path =
                    path.strip_prefix(&root).expect("inside").to_str().expect("UTF-8").replace('\\', "/");
                all.push(SourceFile { path, text });
            }
        }
    }
    all
}

pub fn assistant() -> Arc<Assistant> {
    static SHOP: LazyLock<Arc<Assistant>> =
        LazyLock::new(|| Arc::new(Assistant::load(files()).unwrap_or_else(|f| panic!("{f:#?}"))));
    SHOP.clone()
}

/// The shop with more settings.
pub fn with(settings: &str) -> Arc<Assistant> {
    let mut files = files();
    for file in &mut files {
        if file.path == "settings.yml" {
            file.text.push_str(settings);
        }
    }
    Arc::new(Assistant::load(files).unwrap_or_else(|f| panic!("{f:#?}")))
}

/// The shop with a newer consent text: version 2027-01 instead of 2026-11.
pub fn newer_text() -> Arc<Assistant> {
    static SHOP: LazyLock<Arc<Assistant>> = LazyLock::new(|| {
        let mut files = files();
        for file in files.iter_mut().filter(|f| f.path == "settings.yml") {
            assert!(file.text.contains("2026-11"));
            file.text = file.text.replace("2026-11", "2027-01");
        }
        Arc::new(Assistant::load(files).unwrap_or_else(|f| panic!("{f:#?}")))
    });
    SHOP.clone()
}

/// Somebody who has consented, in English.
pub fn talk() -> Talk {
    Talk::consented(assistant(), "en")
}
