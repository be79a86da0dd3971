//! What the understanding pool takes in memory: two workers, each with its own encoder session, after messages of every
//! length: `cargo bench -p charla-models --bench pool -- [MODEL] [FILE]`, as for the bench `parse`. Prints the process's
//! resident memory (`VmRSS`) at each step; the process has nothing else in it.

use charla_models::{
    Pool, PoolOptions, artefact,
    data::Dataset,
    encoder::{Kind, install},
    pool::{NluPool, ParseRequest},
};
use std::{path::PathBuf, sync::Arc};

/// The product's allocator: figures of memory are its figures.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let given: Vec<PathBuf> =
        std::env::args().skip(1).filter(|a| !a.starts_with("--")).map(PathBuf::from).collect();
    let [folder, file] = given.as_slice() else {
        println!(
            "skipped: name an artefact's folder (`charla train` prints it) and a file of labelled messages"
        );
        return Ok(());
    };
    let texts: Vec<String> = Dataset::read(file)?.examples.into_iter().map(|e| e.text).collect();
    println!("at first          {:>4} MiB", resident_mib());
    let encoder = install::installed(&install::default_cache(), Kind::Multilingual).ok();
    println!("encoder found     {:>4} MiB", resident_mib());
    let alone = artefact::load(folder, None)?;
    println!("heads loaded      {:>4} MiB", resident_mib());
    drop(alone);
    let model = artefact::load(folder, encoder)?;
    println!("model loaded      {:>4} MiB", resident_mib());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let pool =
            Arc::new(Pool::start(PoolOptions { threads: 2, ..PoolOptions::default() }, Arc::new(model))?);
        let mut joint = 0;
        for pair in texts.chunks(2) {
            let parse = |text: &String| {
                let request = ParseRequest { text: text.clone(), ..ParseRequest::default() };
                let pool = pool.clone();
                tokio::spawn(async move { pool.parse(request).await })
            };
            for asked in pair.iter().map(parse).collect::<Vec<_>>() {
                joint += usize::from(asked.await??.tier == "joint");
            }
        }
        println!("{} messages read {:>4} MiB ({joint} by the encoder)", texts.len(), resident_mib());
        Ok(())
    })
}
