//! A file system of its own in a file, whose power can be cut.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, SystemTime};

/// Sparse: it takes no more room than what is written.
const SIZE: u64 = 768 << 20;
/// `EXT4_IOC_SHUTDOWN`, that is `_IOR('X', 125, __u32)`, with `EXT4_GOING_FLAGS_NOLOGFLUSH`: from this moment nothing more
/// reaches the device, neither data nor the file system's own journal, as if the power had gone. Each program says when it is
/// ready, and waits for a line.
const CUT: [[&str; 3]; 2] = [
    [
        "perl",
        "-e",
        "$| = 1; sysopen(D, $ARGV[0], 0) or die $!; print qq(ready\n); <STDIN>; \
         my $how = pack('L', 2); ioctl(D, 0x8004587D, $how) or die $!",
    ],
    [
        "python3",
        "-c",
        "import fcntl, os, struct, sys\n\
         place = os.open(sys.argv[1], os.O_RDONLY)\n\
         print('ready', flush=True)\n\
         sys.stdin.readline()\n\
         fcntl.ioctl(place, 0x8004587D, struct.pack('I', 2))",
    ],
];

fn run(command: &mut Command) -> Result<Output, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

/// An ext4 file system in a file. It is mounted by [`mount`](Self::mount) alone.
#[derive(Clone)]
pub struct Image {
    file: PathBuf,
    place: PathBuf,
}

impl Image {
    pub fn create(folder: &Path) -> Result<Self, String> {
        let (file, place) = (folder.join("ext4.img"), folder.join("mounted"));
        let empty = File::create(&file).and_then(|it| it.set_len(SIZE));
        empty.and_then(|()| std::fs::create_dir_all(&place)).map_err(|error| error.to_string())?;
        // Nothing is left to be initialised later, so that the kernel writes nothing of its own during a trial.
        let eager = "lazy_itable_init=0,lazy_journal_init=0";
        run(Command::new("mkfs.ext4").args(["-q", "-F", "-E", eager]).arg(&file))?;
        Ok(Self { file, place })
    }

    /// Attaches a loop device, which is freed with the mount, and lets ext4 recover from its journal.
    pub fn mount(&self) -> Result<Mounted<'_>, String> {
        // The device of the mount before is given back in the background.
        for _ in 0..500 {
            if run(Command::new("losetup").arg("-j").arg(&self.file))?.stdout.is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        run(Command::new("mount").args(["-t", "ext4", "-o", "loop"]).arg(&self.file).arg(&self.place))?;
        Ok(Mounted { image: self, there: true })
    }
}

/// Unmounted when it goes, also by a panic.
pub struct Mounted<'a> {
    image: &'a Image,
    there: bool,
}

impl Mounted<'_> {
    pub fn place(&self) -> &Path {
        &self.image.place
    }

    /// Puts a hand on the switch.
    pub fn switch(&self) -> Result<Switch, String> {
        let mut why = String::new();
        for [program, dash, script] in CUT {
            let mut command = Command::new(program);
            command.args([dash, script]).arg(&self.image.place);
            match command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() {
                Ok(mut hand) => {
                    let mut line = String::new();
                    let read = hand.stdout.as_mut().map(|it| BufReader::new(it).read_line(&mut line));
                    if matches!(read, Some(Ok(_))) && line == "ready\n" {
                        return Ok(Switch { hand });
                    }
                    let _ = hand.kill();
                    why = format!("{program}: {:?}", hand.wait());
                }
                Err(error) => why = format!("{program}: {error}"),
            }
        }
        Err(why)
    }

    pub fn unmount(mut self) -> Result<(), String> {
        self.there = false;
        let mut why = String::new();
        for _ in 0..50 {
            match run(Command::new("umount").arg(&self.image.place)) {
                Ok(_) => return Ok(()),
                Err(error) => why = error,
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        self.there = true;
        Err(why)
    }
}

/// A program that is about to cut the power.
pub struct Switch {
    hand: Child,
}

impl Switch {
    /// From here on every write and every sync fails, and what was not on the device is lost. Returns a moment just before, of
    /// the system's clock: the power was there until then.
    pub fn cut(mut self) -> Result<SystemTime, String> {
        let before = SystemTime::now();
        // Closing its input tells it as well as a line would.
        drop(self.hand.stdin.take());
        let ended = self.hand.wait().map_err(|error| error.to_string())?;
        if ended.success() { Ok(before) } else { Err(format!("EXT4_IOC_SHUTDOWN: {ended}")) }
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        let _ = self.hand.kill();
        let _ = self.hand.wait();
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        if self.there {
            // Whoever still has files open there is on its way out; the mount goes with the last of them.
            let _ = run(Command::new("umount").arg("--lazy").arg(&self.image.place));
        }
    }
}

/// Why power cannot be cut here, if so: tries it once on a small file system.
pub fn possible(folder: &Path) -> Result<(), String> {
    let image = Image::create(folder)?;
    let mounted = image.mount()?;
    mounted.switch()?.cut()?;
    if File::create(mounted.place().join("after")).is_ok() {
        return Err("EXT4_IOC_SHUTDOWN has no effect".to_owned());
    }
    mounted.unmount()?;
    image.mount()?.unmount()
}
