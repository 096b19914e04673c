//! Sends what waits in the spool, the oldest first, one at a time, in a thread of its own.

use std::fs::{File, OpenOptions};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::collector::{Collector, Outcome};
use crate::diagnostics::Report;
use crate::random::jittered;
use crate::spool::Spool;

const FIRST_RETRY: Duration = Duration::from_secs(1);
const MAX_RETRY: Duration = Duration::from_secs(60);
/// How often a process that is not the sender of a shared folder asks whether it may be, and the sender looks for others' batches.
const LOOK_AROUND: Duration = Duration::from_secs(5);

pub struct Sender {
    control: Arc<(Mutex<Control>, Condvar)>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Control {
    /// Something was stored since the sender last looked.
    news: bool,
    /// Flushes asked for and answered, counted.
    asked: u64,
    answered: u64,
    sent_all: bool,
    stop: bool,
}

pub struct SenderOptions {
    pub spool: Arc<Spool>,
    pub collector: Collector,
    /// The age at which an open segment is sent.
    pub segment_age: Duration,
    pub report: Report,
}

impl Sender {
    pub fn start(options: SenderOptions) -> Self {
        let control = Arc::new((Mutex::new(Control { news: true, ..Control::default() }), Condvar::new()));
        let work = Work { control: control.clone(), options, lock: None, failures: 0, next: Instant::now() };
        let thread = thread::Builder::new().name("throughline-sender".into()).spawn(move || work.run());
        Self { control, thread: Mutex::new(thread.ok()) }
    }

    /// Something new waits. Returns at once.
    pub fn wake(&self) {
        self.change(|control| control.news = true);
    }

    /// Sends everything that waits. `true` when all of it was accepted within `timeout`; what was not stays in the spool.
    pub fn flush(&self, timeout: Duration) -> bool {
        let (control, changed) = &*self.control;
        let mut state = control.lock().unwrap();
        state.asked += 1;
        let mine = state.asked;
        changed.notify_all();
        let (state, timed_out) =
            changed.wait_timeout_while(state, timeout, |state| state.answered < mine && !state.stop).unwrap();
        !timed_out.timed_out() && state.sent_all
    }

    /// Flushes for at most `timeout`, then sends no more.
    pub fn shutdown(&self, timeout: Duration) -> bool {
        let sent_all = self.flush(timeout);
        self.change(|control| control.stop = true);
        // One that is still waiting for an answer ends with the process: its batch is in the spool.
        if sent_all && let Some(thread) = self.thread.lock().unwrap().take() {
            let _ = thread.join();
        }
        sent_all
    }

    fn change(&self, change: impl FnOnce(&mut Control)) {
        let (control, changed) = &*self.control;
        change(&mut control.lock().unwrap());
        changed.notify_all();
    }
}

struct Work {
    control: Arc<(Mutex<Control>, Condvar)>,
    options: SenderOptions,
    /// Held by the one process that sends from this folder.
    lock: Option<File>,
    failures: u32,
    next: Instant,
}

impl Work {
    fn run(mut self) {
        let mut wait = Duration::ZERO;
        loop {
            let (stop, asked) = self.wait(wait);
            if stop {
                return;
            }
            let flushing = asked.is_some();
            let age = if flushing { Duration::ZERO } else { self.options.segment_age };
            let until_sealed = self.options.spool.seal(age).unwrap_or(LOOK_AROUND);
            let until_retry = self.next.saturating_duration_since(Instant::now());
            let sent_all = if until_retry.is_zero() || flushing { self.send_all() } else { false };
            if let Some(asked) = asked {
                let (control, changed) = &*self.control;
                let mut control = control.lock().unwrap();
                control.answered = asked;
                control.sent_all = sent_all;
                changed.notify_all();
            }
            let until_retry = self.next.checked_duration_since(Instant::now()).unwrap_or(LOOK_AROUND);
            wait = until_sealed.min(until_retry).clamp(Duration::from_millis(10), LOOK_AROUND);
        }
    }

    /// Until there is something to do. Whether to stop, and which flush was asked for.
    fn wait(&self, wait: Duration) -> (bool, Option<u64>) {
        let (control, changed) = &*self.control;
        let idle = |control: &mut Control| !control.news && control.asked == control.answered && !control.stop;
        let (mut control, _) = changed.wait_timeout_while(control.lock().unwrap(), wait, idle).unwrap();
        control.news = false;
        (control.stop, (control.asked != control.answered).then_some(control.asked))
    }

    /// `true` when nothing is left that could be sent.
    fn send_all(&mut self) -> bool {
        if !self.is_sender() {
            return false;
        }
        let SenderOptions { spool, collector, report, .. } = &self.options;
        if let Err(error) = spool.adopt() {
            report.warn("spool-failed", &format!("{}: {error}", spool.dir().display()));
        }
        let Ok(waiting) = spool.waiting() else { return false };
        let mut taken_all = true;
        for batch in waiting {
            let Ok((bytes, torn)) = spool.read(&batch.head) else { continue };
            if torn {
                report.warn("damaged", &format!("{}: the end could not be read", batch.head));
            }
            let outcome =
                if bytes.is_empty() { Outcome::Accepted { message: None } } else { collector.send(&batch.head, bytes) };
            match outcome {
                Outcome::Accepted { message } => {
                    self.failures = 0;
                    if let Some(message) = message {
                        report.warn("partial-success", &message);
                    }
                }
                Outcome::Refused { reason } => {
                    self.failures = 0;
                    taken_all = false;
                    report.error(
                        "dropped-refused",
                        &format!("{} will not take {}: {reason}", collector.url(), batch.head),
                    );
                }
                Outcome::Retry { reason, after } => {
                    self.failures += 1;
                    let doubled = FIRST_RETRY * 2u32.pow((self.failures - 1).min(10));
                    self.next = Instant::now() + after.unwrap_or_else(|| jittered(doubled.min(MAX_RETRY)));
                    report.warn("collector-unreachable", &reason);
                    return false;
                }
            }
            if let Err(error) = spool.remove(&batch.head) {
                // It will be sent again, with the same id.
                report.warn("spool-failed", &format!("{}: {error}", batch.head));
            }
        }
        self.next = Instant::now();
        taken_all
    }

    fn is_sender(&mut self) -> bool {
        if self.lock.is_none() {
            let path = self.options.spool.dir().join("sender.lock");
            self.lock = OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .ok()
                // A file system without locks: everybody sends, and a receiver that knows ids drops what comes twice.
                .filter(|file| !matches!(file.try_lock(), Err(std::fs::TryLockError::WouldBlock)));
        }
        self.lock.is_some()
    }
}
