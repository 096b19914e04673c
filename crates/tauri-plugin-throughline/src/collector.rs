//! OTLP over HTTP, one request at a time.

use std::time::Duration;

use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

use crate::batch::BatchHead;
use crate::spool::Fields;

const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// A larger answer is not read to its end (OTLP specification, "OTLP/HTTP Response").
const MAX_ANSWER_BYTES: u64 = 4 * 1024 * 1024;

/// What became of one send.
pub enum Outcome {
    Accepted {
        message: Option<String>,
    },
    /// Worth trying again: no answer, or one that the OTLP specification calls retryable. `after`: the server's own word.
    Retry {
        reason: String,
        after: Option<Duration>,
    },
    /// The receiver will never take these bytes.
    Refused {
        reason: String,
    },
}

pub struct Collector {
    agent: Agent,
    url: String,
    headers: Vec<(String, String)>,
}

impl Collector {
    /// `url` is a base address, to which `/v1/traces` is added.
    pub fn new(url: &str, headers: Vec<(String, String)>) -> Self {
        let agent = Agent::config_builder()
            .timeout_global(Some(ANSWER_TIMEOUT))
            // A POST that is redirected becomes a GET, and whatever answers that would count as sent.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("throughline-tauri/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        Self { agent, url: url.trim_end_matches('/').to_owned(), headers }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn send(&self, head: &BatchHead, request: Vec<u8>) -> Outcome {
        let address = format!("{}/v1/{}?tl-batch={}", self.url, head.signal.as_str(), head.id);
        let mut post = self.agent.post(&address).content_type("application/x-protobuf");
        for (name, value) in &self.headers {
            post = post.header(name, value);
        }
        match post.send(&request[..]) {
            Ok(answer) => self.outcome(answer),
            Err(ureq::Error::BadUri(why)) => Outcome::Refused { reason: why },
            Err(error) => Outcome::Retry { reason: format!("{}: {error}", self.url), after: None },
        }
    }

    fn outcome(&self, mut answer: Response<Body>) -> Outcome {
        let status = answer.status();
        let after = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let Ok(body) = answer.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_vec() else {
            return Outcome::Retry { reason: format!("{}: the answer broke off", self.url), after: None };
        };
        if status.is_success() {
            return Outcome::Accepted { message: partial_success(&body) };
        }
        let reason =
            format!("{} answers {status}: {}", self.url, String::from_utf8_lossy(&body[..body.len().min(300)]));
        match status {
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Outcome::Retry { reason, after: after.map(Duration::from_secs) },
            _ => Outcome::Refused { reason },
        }
    }
}

/// What an `Export…ServiceResponse` says beside yes: how many items it rejected and why.
fn partial_success(answer: &[u8]) -> Option<String> {
    let partial = Fields(answer).flatten().find(|field| field.number == 1)?;
    let mut rejected = 0;
    let mut message = String::new();
    for field in Fields(partial.content).flatten() {
        match field.number {
            1 => rejected = field.varint,
            2 => message = String::from_utf8_lossy(field.content).into_owned(),
            _ => {}
        }
    }
    (rejected > 0 || !message.is_empty()).then(|| format!("{rejected} items rejected: {message}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_success_says_how_many_and_why() {
        assert_eq!(partial_success(b"\x0a\x06\x08\x03\x12\x02no"), Some("3 items rejected: no".into()));
        assert_eq!(partial_success(b""), None);
        assert_eq!(partial_success(b"\x0a\x00"), None);
        assert_eq!(partial_success(b"{}"), None);
    }
}
