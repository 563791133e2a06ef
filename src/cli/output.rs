//! The one way in which every command writes: nothing that is read is written over, a file is
//! complete or as it was, and links, modes, pipes and devices stay what they are.

use super::BadInput;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file that is read, or written, and what a message calls it.
pub type Place<'a> = (&'a str, &'a Path);

/// Standard output and input, as an argument.
pub const DASH: &str = "-";

/// Refuses an output in the place of an input or of another output, and one that cannot be
/// written: before anything is computed.
pub fn check(inputs: &[Place<'_>], outputs: &[Place<'_>]) -> Result<(), BadInput> {
    let mut taken: Vec<(&str, Identity)> = Vec::new();
    for &(what, path) in inputs {
        taken.push((what, Identity::of_input(path)));
    }
    for &(what, path) in outputs {
        let target = Target::of(path).map_err(|error| bad(path, error))?;
        let identity = Identity::of_output(&target);
        if let Some((other, _)) = taken.iter().find(|(_, taken)| taken.is(&identity)) {
            let file = name(path);
            let option = if what.starts_with("--") {
                format!("{what}: ")
            } else {
                String::new()
            };
            return Err(BadInput(format!(
                "{file}: {option}expected another file than {other}'s"
            )));
        }
        taken.push((what, identity));
    }
    Ok(())
}

/// Writes all of these or, if one of them cannot be written, none: no file gets its name
/// before all are complete. What fails after that leaves the files before it in this list.
pub fn write(files: &[(&Path, &[u8])]) -> Result<(), BadInput> {
    let mut staged = Vec::new();
    for &(path, bytes) in files {
        let stage = Target::of(path).and_then(|target| Staged::new(target, bytes));
        staged.push((path, stage.map_err(|error| bad(path, error))?));
    }
    // Streams first: they may fail, files that are complete hardly do.
    let (streams, files): (Vec<_>, Vec<_>) = staged
        .into_iter()
        .partition(|(_, staged)| !matches!(staged, Staged::File(..)));
    let mut written = String::new();
    for (path, staged) in streams.into_iter().chain(files) {
        if let Err(error) = staged.finish() {
            return Err(bad(path, format!("{error}{written}")));
        }
        written += &format!("; {} is written", name(path));
    }
    Ok(())
}

/// As [`write`], of texts.
#[cfg(feature = "theorems")]
pub fn write_texts(files: &[(PathBuf, String)]) -> Result<(), BadInput> {
    let files = files.iter();
    let files: Vec<(&Path, &[u8])> = files
        .map(|(path, text)| (path.as_path(), text.as_bytes()))
        .collect();
    write(&files)
}

/// Does this output go to standard output?
pub fn is_standard(path: &Path) -> bool {
    matches!(Target::of(path), Ok(Target::Standard))
}

/// The folder that results go to, made if need be.
#[cfg(feature = "theorems")]
pub fn folder(path: &Path) -> Result<(), BadInput> {
    if path.as_os_str() == DASH {
        let message = "expected a folder, found standard output (./- is a folder of that name)";
        return Err(bad(path, message));
    }
    fs::create_dir_all(path).map_err(|error| bad(path, error))
}

fn bad(path: &Path, problem: impl std::fmt::Display) -> BadInput {
    BadInput(format!("{}: {problem}", name(path)))
}

/// What a message calls an output.
fn name(path: &Path) -> String {
    if path.as_os_str() == DASH {
        "standard output".to_owned()
    } else {
        path.display().to_string()
    }
}

/// What an output's name leads to, behind all links.
enum Target {
    Standard,
    /// A pipe or a device; or what the program was started with, which others write to as well.
    Stream(PathBuf),
    /// A file, or the place for one.
    File(PathBuf, Option<Metadata>),
}

/// Links that lead on to links: as many as Linux follows.
const MAX_LINKS: usize = 40;

impl Target {
    fn of(path: &Path) -> io::Result<Self> {
        if path.as_os_str() == DASH {
            return Ok(Self::Standard);
        }
        let a_folder = || io::Error::other("expected a file, found a folder");
        let bytes = path.as_os_str().as_encoded_bytes();
        if path.is_dir() || bytes.ends_with(b"/") || bytes.ends_with(b"/.") {
            return Err(a_folder());
        }
        let mut path = path.to_owned();
        for _ in 0..MAX_LINKS {
            let name = path.file_name().ok_or_else(a_folder)?;
            let folder = match path.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder,
                _ => Path::new("."),
            };
            let folder = folder.canonicalize()?;
            let here = folder.join(name);
            if folder.starts_with("/proc") {
                // /dev/stdout and its like: under another name there is no such stream.
                let own = Path::new("/proc/self/fd").canonicalize();
                let standard = own.is_ok_and(|own| here == own.join("1"));
                return Ok(if standard {
                    Self::Standard
                } else {
                    Self::Stream(here)
                });
            }
            if let Ok(next) = fs::read_link(&here) {
                path = folder.join(next);
                continue;
            }
            return match fs::metadata(&here) {
                Ok(old) if old.is_file() => {
                    // Whoever may not write into a file may not replace it.
                    OpenOptions::new().write(true).open(&here)?;
                    Ok(Self::File(here, Some(old)))
                }
                Ok(_) => Ok(Self::Stream(here)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::File(here, None)),
                Err(error) => Err(error),
            };
        }
        Err(io::Error::other("expected a file, found links in a circle"))
    }
}

/// An output that is written in pieces. Standard output, pipes and devices get each piece at
/// once; a file gets its name when all is there and, if that is never, stays as it was.
pub struct Growing {
    path: PathBuf,
    opened: Opened,
}

enum Opened {
    Standard,
    /// Opened at the first piece: a pipe opens when somebody reads it.
    Stream(PathBuf, Option<File>),
    /// The file beside its place, as [`Staged::File`], and what it replaces.
    File(NamedTempFile, PathBuf, Option<Box<Metadata>>),
}

impl Growing {
    pub fn open(path: &Path) -> Result<Self, BadInput> {
        let open = |target| {
            Ok(match target {
                Target::Standard => Opened::Standard,
                Target::Stream(path) => Opened::Stream(path, None),
                Target::File(path, old) => {
                    Opened::File(beside(&path, old.is_none())?, path, old.map(Box::new))
                }
            })
        };
        let opened = Target::of(path).and_then(open);
        let opened = opened.map_err(|error| bad(path, error))?;
        let path = path.to_owned();
        Ok(Self { path, opened })
    }

    /// Adds a piece. False if nobody reads what is written.
    pub fn write(&mut self, piece: &[u8]) -> Result<bool, BadInput> {
        let written = match &mut self.opened {
            Opened::Standard => print(piece),
            Opened::Stream(path, stream) => {
                let open = match stream.take() {
                    Some(file) => Ok(file),
                    None => open_stream(path),
                };
                open.and_then(|file| stream.insert(file).write_all(piece))
                    .map(|()| true)
            }
            Opened::File(file, ..) => file.as_file_mut().write_all(piece).map(|()| true),
        };
        written.map_err(|error| bad(&self.path, error))
    }

    /// All pieces are there.
    pub fn finish(self) -> Result<(), BadInput> {
        let finished = match self.opened {
            Opened::Standard | Opened::Stream(_, Some(_)) => Ok(()),
            // Who reads it waits for an end, if for nothing else.
            Opened::Stream(path, None) => open_stream(&path).map(drop),
            Opened::File(file, place, old) => complete(file.as_file(), old.as_deref())
                .and_then(|()| Staged::File(file, place).finish()),
        };
        finished.map_err(|error| bad(&self.path, error))
    }
}

/// An output with all of its bytes, which has not got its name yet.
enum Staged<'a> {
    Standard(&'a [u8]),
    Stream(PathBuf, &'a [u8]),
    /// The complete file beside its place. Unless it gets there, it goes away with this value.
    File(NamedTempFile, PathBuf),
}

impl<'a> Staged<'a> {
    fn new(target: Target, bytes: &'a [u8]) -> io::Result<Self> {
        let (path, old) = match target {
            Target::Standard => return Ok(Self::Standard(bytes)),
            Target::Stream(path) => return Ok(Self::Stream(path, bytes)),
            Target::File(path, old) => (path, old),
        };
        let mut file = beside(&path, old.is_none())?;
        file.as_file_mut().write_all(bytes)?;
        complete(file.as_file(), old.as_ref())?;
        Ok(Self::File(file, path))
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Standard(bytes) => print(bytes).map(drop),
            Self::Stream(path, bytes) => open_stream(&path)?.write_all(bytes),
            Self::File(file, path) => file.persist(path).map(drop).map_err(|error| error.error),
        }
    }
}

/// A file without a name of its own, in the folder of the one whose place it is to take.
fn beside(path: &Path, new: bool) -> io::Result<NamedTempFile> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    // A name of its own: that of the file may be as long as names can be.
    builder.prefix(".noise-equilibrium-").suffix(".partial");
    if new {
        as_usual(&mut builder);
    }
    builder.tempfile_in(folder).map_err(|error| {
        // The cause alone: the name that the file would have had says nothing to anybody.
        let text = error.to_string();
        let cause = text
            .split_once(" at path ")
            .map_or(&*text, |(cause, _)| cause);
        io::Error::other(format!("{cause}: no file can be made in its folder"))
    })
}

/// All is written: what is left to do before it takes the old one's place, if there is one.
fn complete(file: &File, old: Option<&Metadata>) -> io::Result<()> {
    if let Some(old) = old {
        keep(file, old)?;
    }
    file.sync_all()
}

/// To standard output, now. False if nobody reads it: a closed pipe (as with `| head`) is the
/// reader's choice.
fn print(bytes: &[u8]) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

fn open_stream(path: &Path) -> io::Result<File> {
    // What is a file behind it keeps what it has.
    let file = fs::metadata(path)?.is_file();
    OpenOptions::new().write(!file).append(file).open(path)
}

/// The mode that every new file gets.
fn as_usual(builder: &mut tempfile::Builder<'_, '_>) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    #[cfg(not(unix))]
    let _ = builder;
}

/// A file that takes another one's place has its owner and its mode.
fn keep(file: &File, old: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let new = file.metadata()?;
        let (uid, gid) = (old.uid(), old.gid());
        if (new.uid(), new.gid()) != (uid, gid) {
            fchown(file, Some(uid), Some(gid)).map_err(|error| {
                let message = format!("{error}: a new file would not have the old one's owner");
                io::Error::new(error.kind(), message)
            })?;
        }
    }
    file.set_permissions(old.permissions())
}

/// Which file it is, whatever its name.
struct Identity {
    standard_output: bool,
    /// Device and number.
    file: Option<(u64, u64)>,
    /// For what is not there yet, and where files have no numbers.
    path: Option<PathBuf>,
}

impl Identity {
    fn of_input(path: &Path) -> Self {
        let standard = path.as_os_str() == DASH;
        let metadata = if standard {
            stream(&io::stdin())
        } else {
            fs::metadata(path)
        };
        Self {
            standard_output: false,
            file: metadata.ok().and_then(|metadata| number(&metadata)),
            path: path.canonicalize().ok().filter(|_| !standard),
        }
    }

    fn of_output(target: &Target) -> Self {
        let (metadata, path) = match target {
            Target::Standard => (stream(&io::stdout()).ok(), None),
            Target::Stream(path) => (fs::metadata(path).ok(), None),
            Target::File(path, old) => (old.clone(), Some(path.clone())),
        };
        Self {
            standard_output: matches!(target, Target::Standard),
            file: metadata.and_then(|metadata| number(&metadata)),
            path,
        }
    }

    fn is(&self, other: &Self) -> bool {
        (self.standard_output && other.standard_output)
            || (self.file.is_some() && self.file == other.file)
            || (self.path.is_some() && self.path == other.path)
    }
}

/// Of terminals, sockets and /dev/null one may be many things at once.
#[cfg(unix)]
fn number(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    let kind = metadata.file_type();
    (!kind.is_char_device() && !kind.is_socket()).then(|| (metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn number(_: &Metadata) -> Option<(u64, u64)> {
    None
}

#[cfg(unix)]
fn stream(stream: &impl std::os::fd::AsFd) -> io::Result<Metadata> {
    File::from(stream.as_fd().try_clone_to_owned()?).metadata()
}

#[cfg(not(unix))]
fn stream<T>(_: &T) -> io::Result<Metadata> {
    Err(io::ErrorKind::Unsupported.into())
}
