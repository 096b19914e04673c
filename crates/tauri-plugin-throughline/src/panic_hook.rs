use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic;
use std::sync::Once;
use std::thread;

use opentelemetry::KeyValue;
use opentelemetry::trace::Status;
use tracing::info_span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::subscriber::OWN;

/// Each panic becomes a span below what was running, with message and place; then the hook that was there before runs. The span is in the
/// spool when the hook returns, so that a panic which ends the program is found at its next start.
pub fn record_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let thread = thread::current();
            // This plugin's own sender must not record how it fails to record.
            if !thread.name().is_some_and(|name| name.starts_with("throughline")) {
                record(panic, thread.name().unwrap_or_default());
            }
            before(panic);
        }));
    });
}

fn record(panic: &panic::PanicHookInfo<'_>, thread: &str) {
    let message = message_of(panic.payload());
    let span = info_span!(
        target: OWN,
        "panic",
        thread.name = thread,
        error.type = "panic",
        code.file.path = panic.location().map(panic::Location::file),
        code.line.number = panic.location().map(|location| i64::from(location.line())),
        code.column.number = panic.location().map(|location| i64::from(location.column())),
    );
    let mut exception =
        vec![KeyValue::new("exception.type", "panic"), KeyValue::new("exception.message", message.clone())];
    // Only where `RUST_BACKTRACE` asks for one: it costs milliseconds.
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        exception.push(KeyValue::new("exception.stacktrace", backtrace.to_string()));
    }
    span.add_event("exception", exception);
    span.set_status(Status::error(message));
}

fn message_of(payload: &dyn Any) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a value that is no text".to_owned())
}
