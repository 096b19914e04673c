use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const SAID_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// A warning or an error about telemetry itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Diagnostic {
    pub is_error: bool,
    /// Stable, kebab-case: `collector-unreachable`, `dropped-refused` …
    pub code: &'static str,
    pub message: String,
}

/// Who is told, of each kind once a minute at most. Must return at once.
#[derive(Clone)]
pub struct Report {
    tell: Arc<dyn Fn(Diagnostic) + Send + Sync>,
    said: Arc<Mutex<BTreeMap<&'static str, Instant>>>,
}

impl Report {
    pub fn new(tell: impl Fn(Diagnostic) + Send + Sync + 'static) -> Self {
        Self { tell: Arc::new(tell), said: Arc::default() }
    }

    pub fn warn(&self, code: &'static str, message: &str) {
        self.say(Diagnostic { is_error: false, code, message: message.to_owned() });
    }

    pub fn error(&self, code: &'static str, message: &str) {
        self.say(Diagnostic { is_error: true, code, message: message.to_owned() });
    }

    fn say(&self, diagnostic: Diagnostic) {
        let mut said = self.said.lock().unwrap();
        let recently = said.get(diagnostic.code).is_some_and(|at| at.elapsed() < SAID_AGAIN_AFTER);
        if !recently {
            said.insert(diagnostic.code, Instant::now());
            drop(said);
            (self.tell)(diagnostic);
        }
    }
}

impl Default for Report {
    fn default() -> Self {
        Self::new(|Diagnostic { code, message, .. }| eprintln!("[throughline] {code}: {message}"))
    }
}
