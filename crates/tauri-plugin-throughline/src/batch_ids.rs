use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

/// Ids of batches as Throughline has them: 16 hex digits that are this process's own and 16 of a counter.
pub struct BatchIds {
    process: u64,
    counter: AtomicU64,
}

impl BatchIds {
    pub fn new() -> Self {
        // The keys of a `RandomState` come from the operating system's random numbers.
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u32(std::process::id());
        hasher.write_u64(crate::clock::unix_ms());
        Self { process: hasher.finish(), counter: AtomicU64::new(0) }
    }

    pub fn next(&self) -> String {
        format!("{:016x}{:016x}", self.process, self.counter.fetch_add(1, Ordering::Relaxed))
    }
}
