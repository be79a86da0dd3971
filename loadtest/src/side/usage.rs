//! Processor time and memory of processes, from `/proc`.

use std::{
    collections::HashMap,
    fs,
    time::{Duration, Instant},
};

/// Clock ticks a second in `/proc/*/stat`: `USER_HZ`, which Linux keeps at 100 on all machines that this runs on.
const TICKS: f64 = 100.0;

/// A moment's reading.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    at: Instant,
    server_s: f64,
    own_s: f64,
    machine_s: f64,
}

/// What was used between two readings, in cores.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cores {
    /// By the server and its children.
    pub server: f64,
    /// By this process: customers, simulator, shop.
    pub own: f64,
    /// By everything else on the machine.
    pub others: f64,
}

impl Reading {
    /// Reads now.
    pub(super) fn take(server: u32) -> Self {
        Self {
            at: Instant::now(),
            server_s: tree(server).into_iter().map(cpu_s).sum(),
            own_s: cpu_s(std::process::id()),
            machine_s: machine_s(),
        }
    }

    /// What was used since an earlier reading.
    pub(super) fn since(&self, earlier: &Reading) -> Cores {
        let seconds = self.at.duration_since(earlier.at).max(Duration::from_millis(1)).as_secs_f64();
        let server = (self.server_s - earlier.server_s) / seconds;
        let own = (self.own_s - earlier.own_s) / seconds;
        let all = (self.machine_s - earlier.machine_s) / seconds;
        Cores { server, own, others: (all - server - own).max(0.0) }
    }
}

/// A process and all that descend from it.
fn tree(root: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        if let Some(parent) = stat(pid).and_then(|fields| fields.get(1)?.parse().ok()) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut all = vec![root];
    let mut i = 0;
    while i < all.len() {
        all.extend(children.remove(&all[i]).unwrap_or_default());
        i += 1;
    }
    all
}

/// The fields behind the name, which may itself hold blanks and brackets: state, parent, …
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, behind) = text.rsplit_once(')')?;
    Some(behind.split_whitespace().map(str::to_owned).collect())
}

/// User and system time, seconds (fields 14 and 15 of `stat`, proc(5)).
fn cpu_s(pid: u32) -> f64 {
    let fields = stat(pid).unwrap_or_default();
    let ticks = |i: usize| fields.get(i).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / TICKS
}

/// Seconds of all cores together in which something ran: `user nice system` and the interrupts of `/proc/stat`.
fn machine_s() -> f64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let ticks: Vec<f64> = line.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    [0, 1, 2, 5, 6].iter().filter_map(|i| ticks.get(*i)).sum::<f64>() / TICKS
}

/// Resident memory of a process and its children, MiB.
pub(super) fn resident_mib(root: u32) -> f64 {
    let kib = |pid: u32| {
        let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default().to_owned();
        line.split_whitespace().next().and_then(|number| number.parse::<f64>().ok()).unwrap_or(0.0)
    };
    tree(root).into_iter().map(kib).sum::<f64>() / 1_024.0
}

/// Load average of the last minute.
pub(super) fn load_average() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0.0)
}

/// The processor's name and how many cores this process may use.
pub(super) fn machine() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("").trim_start();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{cores} cores, {}", name.trim_start_matches(':').trim())
}

/// The kind of file system that holds a path, for instance `ext4`.
pub(super) fn file_system(path: &std::path::Path) -> String {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split_whitespace().skip(1);
            Some((fields.next()?, fields.next()?))
        })
        .filter(|(place, _)| path.starts_with(place))
        .max_by_key(|(place, _)| place.len())
        .map_or_else(|| "unknown".to_owned(), |(_, kind)| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_counted_as_ones_own() {
        let me = std::process::id();
        let before = Reading::take(me);
        let mut sum = 0u64;
        while cpu_s(me) - before.own_s < 0.05 {
            sum = (0..100_000u64).fold(sum, |sum, n| sum.wrapping_mul(31).wrapping_add(n));
        }
        let cores = Reading::take(me).since(&before);
        assert!(sum != 1 && cores.own > 0.0 && cores.server >= cores.own, "{cores:?}");
        assert!(resident_mib(me) > 1.0);
    }

    #[test]
    fn a_child_belongs_to_the_tree() {
        let mut child = std::process::Command::new("sleep").arg("30").spawn().unwrap();
        assert!(tree(std::process::id()).contains(&child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
