//! Power losses: an engine runs on a file system of its own, which is cut off from its device at any moment, without anything
//! being flushed. A killed process leaves the page cache; this does not. Needs root and a loop device; says so and does
//! nothing where it has not.
//!
//! `CHARLA_POWER_TRIALS` (3): how many; where it is set, not being able to is a failure. `CHARLA_POWER_SEED` (drawn): when the
//! power goes.

mod child;
mod image;
mod judge;
mod unsynced;

use child::{Report, TASK, Task};
use image::{Image, Mounted};
use judge::Known;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, UNIX_EPOCH};

const STAGE: &str = "CHARLA_TEST_POWER_STAGE";
const FOLDER: &str = "CHARLA_TEST_POWER_FOLDER";
const TRIALS: &str = "CHARLA_POWER_TRIALS";
const SEED: &str = "CHARLA_POWER_SEED";
/// Trials on one file system, one after the other: what a recovery has written is lost and recovered in turn.
const TRIALS_PER_IMAGE: u64 = 6;
/// A child that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(240);
const CANNOT: &str = "power cannot be cut here: ";

#[test]
fn nothing_acknowledged_is_lost_when_the_power_goes() {
    apart("trials");
}

#[test]
fn a_journal_that_does_not_sync_is_found_out() {
    apart("control");
}

/// Runs a stage in namespaces of its own: whatever ends this test or the stage, the kernel kills all that runs there, and
/// with the last of it go mounts and loop devices. Nor can another test's namespace hold on to them.
fn apart(stage: &str) {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child"])
        .arg(std::env::current_exe().unwrap())
        .args(["power::stage", "--exact", "--nocapture", "--test-threads=1"])
        .env(STAGE, stage)
        .env(FOLDER, folder.path())
        .output();
    let (told, success) = match output {
        Ok(output) => {
            let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
            (String::from_utf8_lossy(&text).into_owned(), output.status.success())
        }
        Err(error) => (format!("setpriv: {error}"), false),
    };
    let entered = told.contains("stage entered") && !told.contains(CANNOT);
    if !entered {
        let why = told.lines().find_map(|line| line.split_once(CANNOT)).map_or(told.trim(), |it| it.1);
        println!("skipped: no power loss here (root, loop device, ext4, perl or python3, util-linux): {why}");
        assert!(std::env::var_os(TRIALS).is_none(), "{TRIALS} is set and it cannot be done: {why}");
        return;
    }
    if !success || !told.contains("1 passed") {
        panic!("{told}\nthe file system is kept: {}", folder.keep().join("ext4.img").display());
    }
    print!("{told}");
}

/// Not a test of its own: what runs in the namespaces.
#[test]
fn stage() {
    let (Ok(stage), Some(folder)) = (std::env::var(STAGE), std::env::var_os(FOLDER)) else {
        return;
    };
    println!("\nstage entered");
    let folder = Path::new(&folder);
    if let Err(why) = image::possible(folder) {
        println!("{CANNOT}{why}");
        return;
    }
    let given = std::env::var(SEED).ok().map(|seed| seed.parse().unwrap());
    let drawn = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
    let seed = given.unwrap_or(drawn % 1_000_000);
    println!("{stage}: {SEED}={seed}");
    match stage.as_str() {
        "trials" => trials(folder, &mut Chance(seed)),
        _ => control(folder, &mut Chance(seed)),
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end
    }

    fn millis(&mut self, end: u64) -> Duration {
        Duration::from_micros(self.below(end * 1000))
    }
}

/// When and how an engine ends.
enum End {
    /// The power goes so long after the first acknowledgement.
    Loss(Duration),
    /// The power goes so long after the process was begun: mostly while it starts up.
    EarlyLoss(Duration),
    /// The process is killed so long after the first acknowledgement.
    Kill(Duration),
}

/// One file system, and what is known of it from outside.
struct Scene {
    folder: PathBuf,
    image: Image,
    known: Known,
    synced: bool,
}

/// A child process and who listens to it.
struct Running {
    child: Child,
    /// Hears of the first acknowledgement.
    first: Receiver<()>,
    listener: JoinHandle<Vec<String>>,
}

impl Scene {
    fn new(folder: &Path, synced: bool) -> Self {
        let image = Image::create(folder).unwrap();
        Self { folder: folder.to_owned(), image, known: Known::default(), synced }
    }

    fn stderr(&self) -> PathBuf {
        self.folder.join("stderr")
    }

    fn complaints(&self) -> String {
        std::fs::read_to_string(self.stderr()).unwrap_or_default()
    }

    /// Starts this test binary again as one of the processes of [`child`].
    fn begin(&mut self, mounted: &Mounted<'_>, test: &str) -> Running {
        let known = std::mem::take(&mut self.known);
        let task = Task { data: mounted.place().join("data"), known, synced: self.synced };
        let path = self.folder.join("task.json");
        std::fs::write(&path, serde_json::to_vec(&task).unwrap()).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture", "--test-threads=1"])
            .env(TASK, path)
            .env_remove(STAGE)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(self.stderr()).unwrap())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (tell, first) = channel();
        self.known = task.known;
        let listener = std::thread::spawn(move || {
            let (mut lines, mut line) = (Vec::new(), String::new());
            while output.read_line(&mut line).is_ok_and(|read| read > 0) {
                // A line that a kill has cut short says nothing.
                if let Some(whole) = line.strip_suffix('\n') {
                    if whole.starts_with("ok ") {
                        let _ = tell.send(());
                    }
                    lines.push(whole.to_owned());
                }
                line.clear();
            }
            lines
        });
        Running { child, first, listener }
    }

    /// An engine under traffic comes to its end.
    fn traffic(&mut self, end: End, chance: &mut Chance, figures: &mut Figures) {
        let (image, linger) = (self.image.clone(), chance.millis(200));
        let mounted = image.mount().unwrap();
        let switch = mounted.switch().unwrap();
        let mut running = self.begin(&mounted, "power::child::child_under_traffic");
        let (after, by_power) = match end {
            End::Loss(after) | End::EarlyLoss(after) => (after, true),
            End::Kill(after) => (after, false),
        };
        if !matches!(end, End::EarlyLoss(_)) {
            // If the child has died there will be none, which is looked at below.
            let _ = running.first.recv_timeout(PATIENCE);
        }
        std::thread::sleep(after);
        let ended = running.child.try_wait().unwrap();
        assert_eq!(ended, None, "the engine ended while the power was there: {}", self.complaints());
        let power_until =
            by_power.then(|| switch.cut().unwrap().duration_since(UNIX_EPOCH).unwrap().as_micros());
        if by_power {
            std::thread::sleep(linger);
            figures.losses += 1;
            figures.noticed += u64::from(running.child.try_wait().unwrap().is_some());
        }
        let _ = running.child.kill();
        running.child.wait().unwrap();
        for line in running.listener.join().unwrap() {
            figures.late += u64::from(!self.known.note(&line, power_until));
        }
        mounted.unmount().unwrap();
    }

    /// The power is back.
    fn look(&mut self) -> Report {
        let image = self.image.clone();
        let mounted = image.mount().unwrap();
        let lost = self.known.acknowledged_in_all();
        let mut running = self.begin(&mounted, "power::child::child_after_the_loss");
        let ended = wait(&mut running.child);
        let mut report = None;
        for line in running.listener.join().unwrap() {
            self.known.note(&line, None);
            if let Some(text) = line.strip_prefix("report ") {
                report = Some(serde_json::from_str(text).unwrap());
            }
        }
        mounted.unmount().unwrap();
        report.unwrap_or_else(|| {
            let why = format!("{ended:?}: {}", self.complaints());
            let verdict = judge::Verdict { lost, ..Default::default() };
            Report { does_not_open: Some(why), verdict, ..Report::default() }
        })
    }
}

/// What was tried.
#[derive(Debug, Default)]
struct Figures {
    trials: u64,
    losses: u64,
    /// Engines that had ended by themselves when they were killed.
    noticed: u64,
    acknowledged: u64,
    left: u64,
    /// Acknowledgements and effects of the moment in which the power went.
    late: u64,
    there: u64,
    rebuilt: u64,
}

fn wait(child: &mut Child) -> Option<ExitStatus> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// What must not be, by name and count.
fn amiss(report: &Report, known: &Known) -> Vec<(&'static str, u64)> {
    let verdict = &report.verdict;
    let counts = [
        ("lost", verdict.lost),
        ("doubled", verdict.doubled),
        ("misordered", verdict.misordered),
        ("results amiss", verdict.strange),
        ("webhooks torn", report.torn),
        ("effects that left without a record", report.unrecorded),
        ("effects on record as taken and sent again", report.sent_again),
        ("effects missing or too many", report.effects_amiss),
        ("findings", report.findings.len() as u64),
        ("violations", known.violations.len() as u64),
        ("did not open", u64::from(report.does_not_open.is_some())),
        ("did not come to rest", u64::from(!report.drained)),
        ("no snapshots", u64::from(report.snapshots == 0)),
    ];
    counts.into_iter().filter(|(_, count)| *count > 0).collect()
}

fn trials(folder: &Path, chance: &mut Chance) {
    let wanted = std::env::var(TRIALS).map_or(3, |wanted| wanted.parse().unwrap());
    let mut figures = Figures::default();
    while figures.trials < wanted {
        let mut scene = Scene::new(folder, true);
        let mut last = Report::default();
        for _ in 0..TRIALS_PER_IMAGE.min(wanted - figures.trials) {
            scene.traffic(End::Loss(chance.millis(1200)), chance, &mut figures);
            // The power comes back, and goes again while the engine recovers.
            while chance.below(3) == 0 {
                scene.traffic(End::EarlyLoss(chance.millis(500)), chance, &mut figures);
            }
            last = scene.look();
            let (amiss, violations) = (amiss(&last, &scene.known), &scene.known.violations);
            assert!(amiss.is_empty(), "trial {}: {amiss:?}\n{last:#?}\n{violations:#?}", figures.trials);
            figures.trials += 1;
        }
        figures.acknowledged += scene.known.acknowledged_in_all();
        figures.left += scene.known.left.len() as u64;
        figures.there += last.verdict.there;
        figures.rebuilt += last.rebuilt;
    }
    assert!(figures.acknowledged > wanted * 10, "{figures:?}: this tries nothing");
    println!("nothing lost, doubled or out of order; the journal always opened: {figures:?}");
}

/// Would it notice? A journal that never syncs keeps everything when its process is killed, and loses it with the power.
fn control(folder: &Path, chance: &mut Chance) {
    let mut scene = Scene::new(folder, false);
    let mut figures = Figures::default();
    scene.traffic(End::Kill(chance.millis(800)), chance, &mut figures);
    let report = scene.look();
    let amiss = amiss(&report, &scene.known);
    assert!(amiss.is_empty(), "a kill alone: {amiss:?}\n{report:#?}");
    println!("killed: {} messages acknowledged, 0 lost", scene.known.acknowledged_in_all());
    let mut found = 0;
    for _ in 0..3 {
        let mut scene = Scene::new(folder, false);
        scene.traffic(End::Loss(chance.millis(800)), chance, &mut figures);
        let acknowledged = scene.known.acknowledged_in_all();
        let report = scene.look();
        println!("power loss: {acknowledged} messages acknowledged, {} lost", report.verdict.lost);
        found += u64::from(report.verdict.lost > 0);
    }
    assert!(found > 0, "a journal that does not sync passes");
}
