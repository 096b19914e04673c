use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::global;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tauri::{AppHandle, Manager, Runtime};

use crate::batch::{BatchHead, Signal};
use crate::builder::Builder;
use crate::collector::Collector;
use crate::diagnostics::Report;
use crate::exporter::spool_exporter;
use crate::panic_hook::record_panics;
use crate::resource::{backend_resource, page_resource};
use crate::sender::{Sender, SenderOptions};
use crate::spool::{Spool, Stored};
use crate::subscriber::subscribe;

/// The started telemetry of a program: `app.state::<tauri_plugin_throughline::Telemetry>()`.
#[derive(Clone)]
pub struct Telemetry(Arc<Inner>);

struct Inner {
    store: Arc<Store>,
    provider: SdkTracerProvider,
    page_resource: serde_json::Value,
    exit_timeout: Duration,
    arguments: BTreeMap<String, BTreeSet<String>>,
    results: BTreeSet<String>,
}

/// Where everything that leaves goes first.
pub struct Store {
    spool: Arc<Spool>,
    sender: Sender,
    report: Report,
}

impl Store {
    pub fn append(&self, signal: Signal, request: &[u8]) {
        if let Err(error) = self.told(self.spool.append(signal, request)) {
            self.report.error("dropped-store-full", &format!("{}: {error}", self.spool.dir().display()));
        }
    }

    fn told(&self, stored: io::Result<Stored>) -> io::Result<()> {
        let Stored { evicted, news } = stored?;
        if evicted > 0 {
            let message = format!("{evicted} batches given up: {} is full", self.spool.dir().display());
            self.report.error("dropped-store-full", &message);
        }
        if news {
            self.sender.wake();
        }
        Ok(())
    }
}

impl Telemetry {
    pub(crate) fn start<R: Runtime>(options: Builder, app: &AppHandle<R>) -> Result<Self, Box<dyn std::error::Error>> {
        let package = app.package_info();
        let resource = backend_resource(&options, &package.name, &package.version.to_string());
        let page_resource = page_resource(&resource);
        let folder = match options.spool {
            Some(folder) => folder,
            None => app.path().app_local_data_dir()?.join("throughline"),
        };
        let spool = Arc::new(Spool::open(&folder, options.max_spool_bytes)?);
        let from_environment = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
        let url = options
            .endpoint
            .or_else(|| from_environment("OTEL_EXPORTER_OTLP_ENDPOINT"))
            .unwrap_or_else(|| "http://localhost:4318".into());
        let mut headers = options.headers;
        headers.extend(parse_headers(&from_environment("OTEL_EXPORTER_OTLP_HEADERS").unwrap_or_default()));
        let sender = Sender::start(SenderOptions {
            spool: spool.clone(),
            collector: Collector::new(&url, headers),
            segment_age: options.batch_age,
            report: options.report.clone(),
        });
        let store = Arc::new(Store { spool, sender, report: options.report.clone() });

        // One span after the other: each is in the spool when it has ended, and the spool makes batches of them.
        let mut provider =
            SdkTracerProvider::builder().with_resource(resource).with_simple_exporter(spool_exporter(store.clone())?);
        if let Some(sampler) = options.sampler {
            provider = provider.with_sampler(Sampler::ParentBased(Box::new(sampler)));
        }
        let provider = provider.build();
        global::set_text_map_propagator(TraceContextPropagator::new());
        global::set_tracer_provider(provider.clone());
        subscribe(&provider, options.log_level, &options.report);
        record_panics();
        #[cfg(feature = "rusqlite")]
        crate::sqlite::listen_for_errors(&options.report);

        Ok(Self(Arc::new(Inner {
            store,
            provider,
            page_resource,
            exit_timeout: options.exit_timeout,
            arguments: options.arguments,
            results: options.results,
        })))
    }

    /// Sends everything that has ended. `true` when all of it was accepted within `timeout`; what was not is kept and tried again. Blocks:
    /// not for the main thread.
    pub fn flush(&self, timeout: Duration) -> bool {
        self.0.store.sender.flush(timeout)
    }

    pub(crate) fn shutdown(&self) {
        let _ = self.0.provider.shutdown();
        self.0.store.sender.shutdown(self.0.exit_timeout);
    }

    pub(crate) fn put(&self, head: &BatchHead, bytes: &[u8]) -> io::Result<()> {
        let store = &self.0.store;
        store.told(store.spool.put(head, bytes))
    }

    pub(crate) fn page_resource(&self) -> &serde_json::Value {
        &self.0.page_resource
    }

    /// The arguments of `command` that may be recorded.
    pub(crate) fn named_arguments(&self, command: &str) -> impl Iterator<Item = &String> {
        self.0.arguments.get(command).into_iter().flatten()
    }

    pub(crate) fn records_result(&self, command: &str) -> bool {
        self.0.results.contains(command)
    }
}

/// `name=value,name=value`, values percent-encoded, as `OTEL_EXPORTER_OTLP_HEADERS` has them.
fn parse_headers(text: &str) -> impl Iterator<Item = (String, String)> {
    text.split(',').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        Some((name.trim().to_owned(), percent_decoded(value.trim())))
    })
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        decoded.push(hex.unwrap_or(bytes[at]));
        at += if hex.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_the_environment_are_decoded() {
        let headers: Vec<_> = parse_headers("authorization=Bearer%20a%3Db, x-tenant = t ,broken, y=100%").collect();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(headers, [pair("authorization", "Bearer a=b"), pair("x-tenant", "t"), pair("y", "100%")]);
    }
}
