//! Where `solve` writes: nothing that is read is written over, nothing is half written, and
//! what a file was besides its text it stays.

use crate::arrays::npy;
use crate::program::{PROGRAM, assert_refused};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

const PROBLEM: &str = r#"{ "format": "noise-equilibrium/problem-1", "strength": { "sigma2": 1 },
    "generator": { "kind": "diagonal", "rates": [1, -1] },
    "theta": [1, 2], "gradients": { "npy": "gradients.npy" } }"#;

/// No certificate is written for a family.
const FAMILY: &str = r#"{ "format": "noise-equilibrium/problem-1", "strength": { "gamma": 1, "sigma2": 1 },
    "generator": { "kind": "commuting", "generators": [
        { "kind": "diagonal", "rates": [1, -1, 0] }, { "kind": "diagonal", "rates": [0, 1, -1] }] },
    "theta": [1, 2, 3], "gradients": [[6, 3, 2], [-6, -3, -2]] }"#;

const OLD: &str = "what was there before\n";

/// A folder with a problem and its array.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        folder.put("p.json", PROBLEM.as_bytes());
        let gradients = [2.0_f64, 1.0, -2.0, -1.0].map(f64::to_le_bytes);
        folder.put(
            "gradients.npy",
            &npy("<f8", false, "(2, 2)", gradients.as_flattened()),
        );
        folder
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.at(name), bytes).expect("a file");
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).expect("a file")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.current_dir(self.0.path()).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).output();
        output.expect("the program ends")
    }

    /// `solve` with these options, which must succeed.
    fn solved(&self, options: &[&str]) -> String {
        let output = self.run(&[&["solve", "p.json"], options].concat());
        assert_eq!(output.status.code(), Some(0), "{options:?}: {output:?}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// All names in the folder, with what the files hold.
    fn contents(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let entries = fs::read_dir(self.0.path()).expect("a folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let read = |path: PathBuf| {
            let bytes = match path.is_file() {
                true => fs::read(&path).expect("a file"),
                false => Vec::new(),
            };
            (path, bytes)
        };
        let mut all: Vec<_> = paths.map(read).collect();
        all.sort();
        all
    }

    /// A refusal after which all is as it was.
    fn refused(&self, command: &mut Command, parts: &[&str]) {
        let before = self.contents();
        let output = command.output().expect("the program ends");
        assert_refused(&format!("{command:?}"), &output, parts);
        assert!(self.contents() == before, "{command:?} changed the folder");
    }
}

#[test]
fn no_output_takes_the_place_of_an_input() {
    let folder = Folder::new();
    fs::hard_link(folder.at("p.json"), folder.at("hard.json")).expect("a link");
    for name in ["p.json", "./p.json", "hard.json", "gradients.npy"] {
        let whose = match name {
            "gradients.npy" => "array",
            _ => "problem",
        };
        for option in ["--out", "--certificate"] {
            let message = format!("{name}: {option}: expected another file than the {whose}'s");
            folder.refused(
                &mut folder.command(&["solve", "p.json", option, name]),
                &[&message],
            );
        }
    }
    // Standard input may be a file as well.
    let mut command = folder.command(&["solve", "-", "--out", "p.json"]);
    command.stdin(fs::File::open(folder.at("p.json")).expect("a file"));
    folder.refused(
        &mut command,
        &["p.json: --out: expected another file than the problem's"],
    );
}

#[cfg(unix)]
#[test]
fn a_link_to_an_input_is_the_input() {
    let folder = Folder::new();
    std::os::unix::fs::symlink("p.json", folder.at("link")).expect("a link");
    std::os::unix::fs::symlink("link", folder.at("link to link")).expect("a link");
    for (problem, out) in [("p.json", "link to link"), ("link", "p.json")] {
        folder.refused(
            &mut folder.command(&["solve", problem, "--out", out]),
            &["--out: expected another file than the problem's"],
        );
    }
    // Standard output is an output too.
    let mut command = folder.command(&["solve", "p.json"]);
    let append = fs::OpenOptions::new().append(true).open(folder.at("link"));
    command.stdout(append.expect("a file"));
    folder.refused(
        &mut command,
        &["standard output: expected another file than the problem's"],
    );
}

#[test]
fn two_outputs_are_two_files() {
    let folder = Folder::new();
    folder.put("old", OLD.as_bytes());
    fs::hard_link(folder.at("old"), folder.at("hard")).expect("a link");
    for (out, certificate) in [("new", "./new"), ("old", "hard"), ("-", "-")] {
        let options = ["--out", out, "--certificate", certificate];
        folder.refused(
            &mut folder.command(&[&["solve", "p.json"], &options[..]].concat()),
            &["--certificate: expected another file than --out's"],
        );
    }
    folder.refused(
        &mut folder.command(&["solve", "p.json", "--certificate", "-"]),
        &["--certificate: expected another file than the solution's"],
    );
}

#[test]
fn a_dash_is_standard_output() {
    let folder = Folder::new();
    let expected = folder.solved(&[]);
    assert_eq!(folder.solved(&["--out", "-"]), expected);
    assert!(!folder.at("-").exists());
    let proof = folder.solved(&["--out", "s.json", "--certificate", "-"]);
    assert_eq!(folder.text("s.json"), expected);
    assert_eq!(folder.solved(&["--certificate", "p.v"]), expected);
    assert_eq!(folder.text("p.v"), proof);
    assert!(proof.contains("Qed."));
}

#[test]
fn both_results_or_neither() {
    let folder = Folder::new();
    folder.put("family.json", FAMILY.as_bytes());
    folder.put("old", OLD.as_bytes());
    fs::create_dir(folder.at("folder")).expect("a folder");
    let run = |problem: &str, certificate: &str, part: &str| {
        for out in ["new", "old"] {
            let mut command = folder.command(&["solve", problem, "--out", out]);
            command.args(["--certificate", certificate]);
            folder.refused(&mut command, &[part]);
        }
    };
    run("family.json", "p.v", "family.json: ");
    run(
        "p.json",
        "folder",
        "folder: expected a file, found a folder",
    );
    run("p.json", "new/", "new/: expected a file, found a folder");
    run("p.json", "none/p.v", "none/p.v: No such file");
    run("p.json", "..", "..: expected a file, found a folder");
    run("p.json", "old/p.v", "old/p.v: Not a directory");
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_old_file() {
    let folder = Folder::new();
    folder.put("old", OLD.as_bytes());
    folder.put("small", OLD.as_bytes());
    // Files of at most one block, as on a disk with no more room.
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"";
    let full = |options: &[&str]| {
        let mut command = Command::new("sh");
        command.current_dir(folder.0.path());
        command.args(["-c", script, PROGRAM, "solve", "p.json"]);
        command.args(["--digits", "1000"]).args(options);
        command
    };
    for out in ["old", "new"] {
        folder.refused(&mut full(&["--out", out]), &[out, "too large"]);
        let options = ["--out", out, "--certificate", "small"];
        folder.refused(&mut full(&options), &["too large"]);
        // The solution goes elsewhere: not before the certificate is there.
        folder.refused(&mut full(&["--certificate", out]), &[out, "too large"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_an_error() {
    let folder = Folder::new();
    folder.put("old", OLD.as_bytes());
    folder.refused(
        &mut folder.command(&["solve", "p.json", "--out", "/dev/full"]),
        &["/dev/full: No space"],
    );
    for options in [&["--out", "-"][..], &["--certificate", "old"]] {
        let mut command = folder.command(&[&["solve", "p.json"], options].concat());
        let full = fs::OpenOptions::new().write(true).open("/dev/full");
        // What is not standard output's is left alone as well.
        let before = folder.contents();
        let output = command.stdout(full.expect("a device")).output();
        assert_refused(
            "full",
            &output.expect("an end"),
            &["standard output: No space"],
        );
        assert!(folder.contents() == before);
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).expect("a file").permissions().mode() & 0o7777
}

#[cfg(unix)]
#[test]
fn a_file_keeps_its_mode_and_a_new_one_has_the_usual_one() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let expected = folder.solved(&[]);
    folder.put("usual", b"");
    for bits in [0o600, 0o640, 0o666, 0o755] {
        folder.put("old", OLD.as_bytes());
        let permissions = fs::Permissions::from_mode(bits);
        fs::set_permissions(folder.at("old"), permissions).expect("a mode");
        folder.solved(&["--out", "old"]);
        assert_eq!(folder.text("old"), expected);
        assert_eq!(mode(&folder.at("old")), bits, "{bits:o}");
    }
    folder.solved(&["--out", "new", "--certificate", "new.v"]);
    for new in ["new", "new.v"] {
        assert_eq!(mode(&folder.at(new)), mode(&folder.at("usual")));
    }
    let script = "umask 027; exec \"$0\" solve p.json --out masked";
    let mut command = Command::new("sh");
    command.current_dir(folder.0.path());
    let status = command.args(["-c", script, PROGRAM]).status();
    assert!(status.expect("the program ends").success());
    assert_eq!(mode(&folder.at("masked")), 0o640);
}

/// Nothing but the files of this test: no part of an output under another name.
#[cfg(unix)]
#[test]
fn links_stay_and_their_targets_are_written() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new();
    let expected = folder.solved(&[]);
    fs::create_dir(folder.at("there")).expect("a folder");
    folder.put("there/old", OLD.as_bytes());
    symlink("there/old", folder.at("link")).expect("a link");
    symlink("link", folder.at("link to link")).expect("a link");
    symlink("there/new", folder.at("dangling")).expect("a link");
    symlink("none/new", folder.at("hopeless")).expect("a link");
    symlink("loop", folder.at("loop")).expect("a link");
    for (out, target) in [("link to link", "there/old"), ("dangling", "there/new")] {
        folder.solved(&["--out", out]);
        assert!(folder.at(out).is_symlink(), "{out}");
        assert!(!folder.at(target).is_symlink(), "{out}");
        assert_eq!(folder.text(target), expected, "{out}");
    }
    assert!(folder.at("link").is_symlink());
    assert_eq!(
        fs::read_dir(folder.at("there")).expect("a folder").count(),
        2
    );
    for out in ["hopeless", "loop"] {
        folder.refused(
            &mut folder.command(&["solve", "p.json", "--out", out]),
            &[&format!("{out}: ")],
        );
    }
    // Two ways to one file that is not there yet.
    fs::remove_file(folder.at("there/new")).expect("a file");
    let options = ["--out", "dangling", "--certificate", "there/new"];
    folder.refused(
        &mut folder.command(&[&["solve", "p.json"], &options[..]].concat()),
        &["--certificate: expected another file than --out's"],
    );
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_are_written_to() {
    let folder = Folder::new();
    let expected = folder.solved(&[]);
    let pipe = folder.at("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo").success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe)
    });
    folder.solved(&["--out", "pipe"]);
    let read = reader.join().expect("a thread").expect("a pipe");
    assert_eq!(read, expected);
    use std::os::unix::fs::FileTypeExt;
    let kind = fs::symlink_metadata(&pipe).expect("a pipe").file_type();
    assert!(kind.is_fifo());
    assert_eq!(folder.solved(&["--out", "/dev/stdout"]), expected);
    folder.solved(&["--out", "/dev/null", "--certificate", "/dev/null"]);
    folder.refused(
        &mut folder.command(&[
            "solve",
            "p.json",
            "--out",
            "-",
            "--certificate",
            "/dev/stdout",
        ]),
        &["--certificate: expected another file than --out's"],
    );
    // What a stream has already stays before what is added.
    folder.put("log", OLD.as_bytes());
    for out in ["/dev/stdout", "-", "/dev/fd/1"] {
        folder.put("log", OLD.as_bytes());
        let log = fs::OpenOptions::new().append(true).open(folder.at("log"));
        let mut command = folder.command(&["solve", "p.json", "--out", out]);
        let status = command.stdout(log.expect("a file")).status();
        assert!(status.expect("the program ends").success());
        assert_eq!(folder.text("log"), format!("{OLD}{expected}"), "{out}");
    }
    // A socket takes no file.
    let _socket = std::os::unix::net::UnixListener::bind(folder.at("socket")).expect("a socket");
    folder.refused(
        &mut folder.command(&["solve", "p.json", "--out", "socket"]),
        &["socket: "],
    );
}

#[cfg(unix)]
#[test]
fn what_must_not_be_written_is_not_replaced() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    folder.put("old", OLD.as_bytes());
    let set = |name: &str, bits| {
        fs::set_permissions(folder.at(name), fs::Permissions::from_mode(bits)).expect("a mode");
    };
    set("old", 0o444);
    if fs::OpenOptions::new()
        .write(true)
        .open(folder.at("old"))
        .is_ok()
    {
        eprintln!("run by root: everything may be written");
        return;
    }
    let denied = |out: &str| {
        folder.refused(
            &mut folder.command(&["solve", "p.json", "--out", out]),
            &[&format!("{out}: Permission denied")],
        );
    };
    denied("old");
    set("", 0o555);
    denied("new");
    set("", 0o755);
}
