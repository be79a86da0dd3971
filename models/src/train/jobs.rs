//! Runs independent jobs on a few threads; results come in the order of the jobs.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

/// Runs `job(0)`, …, `job(count - 1)` on `threads` threads.
pub fn run<T: Send>(count: usize, threads: usize, job: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(count));
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, count.max(1)) {
            scope.spawn(|| {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    if i >= count {
                        return;
                    }
                    let result = job(i);
                    // A poisoned lock means that another job panicked: the scope passes that on.
                    if let Ok(mut results) = results.lock() {
                        results.push((i, result));
                    }
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_by_key(|(i, _)| *i);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_come_in_order() {
        assert_eq!(super::run(20, 3, |i| i * i), (0..20).map(|i| i * i).collect::<Vec<_>>());
        assert!(super::run(0, 2, |i| i).is_empty());
    }
}
