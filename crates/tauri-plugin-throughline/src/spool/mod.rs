//! Where batches wait for the network: a bounded folder that a killed program leaves whole.
//!
//! A batch of the page is written beside and renamed, so that it is there or not. Spans of the backend are appended, one frame each, to an
//! open segment the moment they end; a segment that is old or large enough is renamed and is a batch from then on. What was handed to
//! [`Spool::put`] or [`Spool::append`] has survived a crash of the program when the call returns, and a power failure when the
//! operating system has written it, some seconds later.
//!
//! Several processes may share a folder. A writer holds a lock on its open segment; one that nobody holds is of a process that is gone.

mod frames;
mod join_requests;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use crate::batch::{BatchHead, Signal};
use crate::batch_ids::BatchIds;
use crate::clock::unix_ms;

pub use join_requests::Fields;

/// A segment of this size is sealed at once, whatever its age.
const SEGMENT_BYTES: u64 = 128 * 1024;
/// A half-written batch of this age is of a process that is gone.
const PART_AGE: Duration = Duration::from_secs(60);

pub struct Spool {
    dir: PathBuf,
    max_bytes: u64,
    ids: BatchIds,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: Vec<Segment>,
    /// Of all files, as far as this process knows; counted anew by [`Spool::waiting`].
    used: u64,
}

struct Segment {
    head: BatchHead,
    file: File,
    bytes: u64,
    since: Instant,
}

/// A sealed batch.
#[derive(Debug, PartialEq)]
pub struct Waiting {
    pub head: BatchHead,
    pub bytes: u64,
}

/// What [`Spool::append`] and [`Spool::put`] did beside.
#[derive(Debug, Default, PartialEq)]
pub struct Stored {
    /// Batches that were given up for this one, the oldest first, because the folder is full.
    pub evicted: usize,
    /// Something can be sent now, or will be after the age at which a segment is sealed: tell the sender.
    pub news: bool,
}

impl Spool {
    /// At most `max_bytes` wait in `dir`, which is made where it is missing.
    pub fn open(dir: &Path, max_bytes: u64) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let spool = Self { dir: dir.to_owned(), max_bytes, ids: BatchIds::new(), state: Mutex::default() };
        spool.waiting()?;
        Ok(spool)
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Takes a whole batch. The same head again replaces it.
    pub fn put(&self, head: &BatchHead, bytes: &[u8]) -> io::Result<Stored> {
        let framed = frames::frame(bytes);
        let mut state = self.state.lock().unwrap();
        let evicted = self.make_room(&mut state, framed.len() as u64)?;
        let part = self.dir.join(format!("{head}.part"));
        fs::write(&part, &framed)?;
        fs::rename(&part, self.dir.join(head.to_string()))?;
        state.used += framed.len() as u64;
        Ok(Stored { evicted, news: true })
    }

    /// Takes an export request that will share a batch with its neighbours.
    pub fn append(&self, signal: Signal, request: &[u8]) -> io::Result<Stored> {
        let framed = frames::frame(request);
        let mut state = self.state.lock().unwrap();
        let evicted = self.make_room(&mut state, framed.len() as u64)?;
        let at = match state.open.iter().position(|segment| segment.head.signal == signal) {
            Some(at) => at,
            None => {
                let segment = self.open_segment(signal)?;
                state.open.push(segment);
                state.open.len() - 1
            }
        };
        let segment = &mut state.open[at];
        let first = segment.bytes == 0;
        if let Err(error) = segment.file.write_all(&framed) {
            // What follows a torn frame would never be read: the next one begins a new segment.
            let segment = state.open.remove(at);
            self.seal_segment(segment);
            return Err(error);
        }
        segment.bytes += framed.len() as u64;
        let full = segment.bytes >= SEGMENT_BYTES;
        if full {
            let segment = state.open.remove(at);
            self.seal_segment(segment);
        }
        state.used += framed.len() as u64;
        Ok(Stored { evicted, news: first || full })
    }

    /// Open segments of at least this age become batches. How long until the next one does.
    pub fn seal(&self, age: Duration) -> Option<Duration> {
        let mut state = self.state.lock().unwrap();
        let (old, young) = state.open.drain(..).partition(|segment: &Segment| segment.since.elapsed() >= age);
        state.open = young;
        for segment in old {
            self.seal_segment(segment);
        }
        state.open.iter().map(|segment| age.saturating_sub(segment.since.elapsed())).min()
    }

    /// Open segments whose process is gone become batches; what a process left half-written is removed.
    pub fn adopt(&self) -> io::Result<()> {
        // Holding the state: a segment of this process that is being made must not be taken for one that nobody holds.
        let state = self.state.lock().unwrap();
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if let Some(head) = name.strip_suffix(".open").and_then(BatchHead::parse) {
                if state.open.iter().any(|segment| segment.head == head) {
                    continue;
                }
                // Renamed while locked: see `open_segment`.
                if let Ok(file) = File::open(entry.path())
                    && file.try_lock().is_ok()
                {
                    let _ = fs::rename(entry.path(), self.dir.join(head.to_string()));
                }
            } else if name.ends_with(".part") && entry.metadata().is_ok_and(|of| is_older(of.modified(), PART_AGE)) {
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    /// All sealed batches, the oldest first.
    pub fn waiting(&self) -> io::Result<Vec<Waiting>> {
        let mut state = self.state.lock().unwrap();
        let mut waiting = Vec::new();
        let mut used = 0;
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            // Another process may have removed it meanwhile.
            let Ok(metadata) = entry.metadata() else { continue };
            used += metadata.len();
            if let Some(head) = entry.file_name().to_str().and_then(BatchHead::parse) {
                waiting.push(Waiting { head, bytes: metadata.len() });
            }
        }
        state.used = used;
        waiting.sort_by(|a, b| a.head.cmp(&b.head));
        Ok(waiting)
    }

    /// The export request of a batch, the same bytes each time; and whether something of it could not be read.
    pub fn read(&self, head: &BatchHead) -> io::Result<(Vec<u8>, bool)> {
        let file = fs::read(self.dir.join(head.to_string()))?;
        let (frames, torn) = frames::whole_frames(&file);
        let (request, damaged) = join_requests::join_requests(&frames);
        Ok((request, torn || damaged > 0))
    }

    /// It was accepted, refused or given up.
    pub fn remove(&self, head: &BatchHead) -> io::Result<()> {
        fs::remove_file(self.dir.join(head.to_string()))
    }

    fn open_segment(&self, signal: Signal) -> io::Result<Segment> {
        loop {
            let head = BatchHead { created_unix_ms: unix_ms(), id: self.ids.next(), signal };
            let path = self.dir.join(format!("{head}.open"));
            let file = OpenOptions::new().create_new(true).append(true).open(&path)?;
            // A file system without locks: nobody can adopt anything then, and everything else works.
            let _ = file.lock();
            // Another process may have adopted it before it was locked: it must not be written to any more.
            if path.exists() {
                return Ok(Segment { head, file, bytes: 0, since: Instant::now() });
            }
        }
    }

    fn seal_segment(&self, Segment { head, file, .. }: Segment) {
        drop(file);
        // It fails where another process has just adopted it, which comes to the same.
        let _ = fs::rename(self.dir.join(format!("{head}.open")), self.dir.join(head.to_string()));
    }

    fn make_room(&self, state: &mut State, wanted: u64) -> io::Result<usize> {
        let mut evicted = 0;
        if state.used + wanted <= self.max_bytes {
            return Ok(0);
        }
        let mut files = Vec::new();
        state.used = 0;
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let Ok(metadata) = entry.metadata() else { continue };
            state.used += metadata.len();
            if let Some(head) = entry.file_name().to_str().and_then(BatchHead::parse) {
                files.push((head, metadata.len()));
            }
        }
        files.sort();
        for (head, bytes) in files {
            if state.used + wanted <= self.max_bytes {
                break;
            }
            if self.remove(&head).is_ok() {
                state.used -= bytes;
                evicted += 1;
            }
        }
        if state.used + wanted > self.max_bytes {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "the telemetry folder is full"));
        }
        Ok(evicted)
    }
}

fn is_older(modified: io::Result<SystemTime>, age: Duration) -> bool {
    modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|elapsed| elapsed > age))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own, gone with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            Self(std::env::temp_dir().join(format!("throughline-spool-{}", BatchIds::new().next())))
        }

        fn spool(&self) -> Spool {
            Spool::open(&self.0, 10_000).unwrap()
        }

        fn names(&self) -> Vec<String> {
            let mut names: Vec<_> =
                fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn head(at: u64) -> BatchHead {
        BatchHead::new(at, &format!("{at:032x}"), Signal::Traces).unwrap()
    }

    /// A ResourceSpans with one scope of one byte, for requests that can be joined.
    fn request(scope: u8) -> Vec<u8> {
        vec![0x0a, 0x06, 0x0a, 0x01, b'r', 0x12, 0x01, scope]
    }

    #[test]
    fn a_batch_waits_until_it_is_removed_and_is_read_as_it_came() {
        let folder = Folder::new();
        folder.spool().put(&head(2), b"second").unwrap();
        folder.spool().put(&head(1), b"first").unwrap();
        let spool = folder.spool();
        let waiting = spool.waiting().unwrap();
        assert_eq!(waiting.iter().map(|each| &each.head).collect::<Vec<_>>(), [&head(1), &head(2)]);
        assert_eq!(spool.read(&head(1)).unwrap(), (b"first".to_vec(), false));
        spool.remove(&head(1)).unwrap();
        assert_eq!(spool.waiting().unwrap().len(), 1);
    }

    #[test]
    fn appended_requests_are_one_batch_once_they_are_old_enough() {
        let folder = Folder::new();
        let spool = folder.spool();
        assert!(spool.append(Signal::Traces, &request(1)).unwrap().news);
        assert!(!spool.append(Signal::Traces, &request(2)).unwrap().news);
        assert!(spool.seal(Duration::from_secs(3600)).is_some());
        assert_eq!(spool.waiting().unwrap(), []);
        assert_eq!(spool.seal(Duration::ZERO), None);
        let waiting = spool.waiting().unwrap();
        let joined = vec![0x0a, 0x09, 0x0a, 0x01, b'r', 0x12, 0x01, 1, 0x12, 0x01, 2];
        assert_eq!(spool.read(&waiting[0].head).unwrap(), (joined, false));
    }

    #[test]
    fn a_segment_is_adopted_when_its_writer_is_gone_and_not_before() {
        let folder = Folder::new();
        let writer = folder.spool();
        writer.append(Signal::Traces, &request(1)).unwrap();
        let other = folder.spool();
        other.adopt().unwrap();
        assert_eq!(other.waiting().unwrap(), []);
        drop(writer);
        other.adopt().unwrap();
        assert_eq!(other.waiting().unwrap().len(), 1);
        assert_eq!(other.read(&other.waiting().unwrap()[0].head).unwrap(), (request(1), false));
    }

    #[test]
    fn a_segment_cut_at_any_byte_gives_its_whole_requests_the_same_each_time() {
        let folder = Folder::new();
        let writer = folder.spool();
        for at in 0..3 {
            writer.append(Signal::Traces, &request(at)).unwrap();
        }
        writer.seal(Duration::ZERO);
        let name = folder.0.join(&folder.names()[0]);
        let whole = fs::read(&name).unwrap();
        for cut in 0..=whole.len() {
            fs::write(&name, &whole[..cut]).unwrap();
            let spool = folder.spool();
            let head = &spool.waiting().unwrap()[0].head;
            let (request, torn) = spool.read(head).unwrap();
            assert_eq!(spool.read(head).unwrap().0, request);
            let scopes = request.windows(2).filter(|two| two == &[0x12, 0x01]).count();
            assert_eq!(scopes, cut / 16, "cut at {cut}");
            assert_eq!(torn, cut % 16 != 0);
        }
    }

    #[test]
    fn a_full_folder_gives_up_its_oldest_and_says_how_many() {
        let folder = Folder::new();
        let spool = folder.spool();
        for at in 0..3 {
            assert_eq!(spool.put(&head(at), &[1; 3_000]).unwrap().evicted, 0);
        }
        assert_eq!(spool.put(&head(3), &[1; 5_000]).unwrap().evicted, 2);
        assert_eq!(spool.waiting().unwrap().iter().map(|each| each.head.created_unix_ms).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(spool.put(&head(4), &[1; 20_000]).unwrap_err().kind(), io::ErrorKind::StorageFull);
    }

    #[test]
    fn the_same_batch_again_is_one_batch() {
        let folder = Folder::new();
        let spool = folder.spool();
        spool.put(&head(1), b"bytes").unwrap();
        spool.put(&head(1), b"bytes").unwrap();
        assert_eq!(folder.names(), [head(1).to_string()]);
    }
}
