use std::fmt;

/// The three kinds of telemetry; also the last word of an OTLP/HTTP path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    Traces,
    Metrics,
    Logs,
}

impl Signal {
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Traces, Self::Metrics, Self::Logs].into_iter().find(|signal| signal.as_str() == word)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }
}

/// What is known of a batch beside its bytes. Its `Display` form is the name it has in the spool, and sorts by age.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BatchHead {
    pub created_unix_ms: u64,
    /// A retry is the same bytes with the same id, so that a receiver can drop the second copy.
    pub id: String,
    pub signal: Signal,
}

impl BatchHead {
    /// `None` for an id that is none: it becomes a file's name, and comes from a page.
    pub fn new(created_unix_ms: u64, id: &str, signal: Signal) -> Option<Self> {
        let (hex, parts) = id.split_at_checked(32)?;
        let is_hex = hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let are_parts = parts.len() <= 64 && parts.as_bytes().chunks(2).all(|part| matches!(part, b".0" | b".1"));
        (is_hex && are_parts).then(|| Self { created_unix_ms, id: id.to_owned(), signal })
    }

    pub fn parse(name: &str) -> Option<Self> {
        let (created, rest) = name.split_once('-')?;
        let (id, signal) = rest.rsplit_once('.')?;
        Self::new(created.parse().ok()?, id, Signal::parse(signal)?)
    }
}

impl fmt::Display for BatchHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:015}-{}.{}", self.created_unix_ms, self.id, self.signal.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "00112233445566ff0000000000000001";

    #[test]
    fn a_name_is_read_as_it_was_written() {
        for id in [ID.to_owned(), format!("{ID}.0"), format!("{ID}.1.0.1")] {
            let head = BatchHead::new(1_700_000_000_000, &id, Signal::Traces).unwrap();
            assert_eq!(BatchHead::parse(&head.to_string()), Some(head));
        }
    }

    #[test]
    fn what_is_no_id_names_no_file() {
        for id in
            ["", "abc", "../../etc/passwd/0000000000000000", &format!("{ID}.2"), &format!("{ID}/x"), &format!("{ID}.")]
        {
            assert_eq!(BatchHead::new(0, id, Signal::Traces), None, "{id}");
        }
        assert_eq!(BatchHead::parse(&format!("12-{ID}.traces.open")), None);
        assert_eq!(BatchHead::parse("sender.lock"), None);
    }
}
