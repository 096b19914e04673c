use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

/// Half to one and a half of it, so that many programs do not ask a collector that is back at the same moment.
pub fn jittered(wait: Duration) -> Duration {
    let random = RandomState::new().build_hasher().finish() as u32;
    wait.mul_f64(0.5 + f64::from(random) / f64::from(u32::MAX))
}
