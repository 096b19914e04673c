use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::level_filters::LevelFilter;
use tracing::{Metadata, subscriber};
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{Layer, Registry};

use crate::diagnostics::Report;

/// The target of this plugin's own spans, which are recorded at every log level.
pub const OWN: &str = "throughline";

/// What is never recorded: the libraries below, which would trace the sending of traces, and Tauri's own spans, which hold whole requests.
const BELOW: [&str; 12] = [
    "tauri",
    "tauri_runtime",
    "tauri_runtime_wry",
    "wry",
    "tao",
    "ureq",
    "rustls",
    "opentelemetry",
    "opentelemetry_sdk",
    "opentelemetry-otlp",
    "mio",
    "tokio",
];

/// Makes what the program says through `tracing` part of its traces.
pub fn subscribe(provider: &SdkTracerProvider, level: LevelFilter, report: &Report) {
    let spans = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("tauri-plugin-throughline"))
        // Of this plugin's own spans it would be a line of this plugin.
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_filter(
            FilterFn::new(move |metadata| is_recorded(metadata, level))
                .with_max_level_hint(level.max(LevelFilter::INFO)),
        );
    if subscriber::set_global_default(Registry::default().with(spans)).is_err() {
        report.error(
            "subscriber-taken",
            "The program has set a tracing subscriber before: nothing of the backend is traced.",
        );
    }
}

fn is_recorded(metadata: &Metadata<'_>, level: LevelFilter) -> bool {
    let target = metadata.target();
    let module = target.split("::").next().unwrap_or(target);
    // Tauri's feature `tracing`, where somebody has turned it on, makes spans in the name of the program too.
    let is_tauris = metadata.name().starts_with("ipc::request");
    target == OWN || (*metadata.level() <= level && !is_tauris && !BELOW.contains(&module))
}
