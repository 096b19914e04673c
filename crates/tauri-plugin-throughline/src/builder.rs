use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_sdk::trace::Sampler;
use tauri::Runtime;
use tauri::plugin::Plugin;
use tracing::level_filters::LevelFilter;

use crate::diagnostics::{Diagnostic, Report};
use crate::plugin::ThroughlinePlugin;

/// What the program says about its telemetry. Every method is optional.
#[must_use]
pub struct Builder {
    pub(crate) service_name: Option<String>,
    pub(crate) service_version: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) resource: Vec<KeyValue>,
    pub(crate) endpoint: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) sampler: Option<Sampler>,
    pub(crate) log_level: LevelFilter,
    pub(crate) spool: Option<PathBuf>,
    pub(crate) max_spool_bytes: u64,
    pub(crate) batch_age: Duration,
    pub(crate) exit_timeout: Duration,
    pub(crate) arguments: BTreeMap<String, BTreeSet<String>>,
    pub(crate) results: BTreeSet<String>,
    pub(crate) report: Report,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            service_name: None,
            service_version: None,
            environment: None,
            resource: Vec::new(),
            endpoint: None,
            headers: Vec::new(),
            sampler: None,
            log_level: LevelFilter::INFO,
            spool: None,
            max_spool_bytes: 32 * 1024 * 1024,
            batch_age: Duration::from_millis(500),
            exit_timeout: Duration::from_secs(2),
            arguments: BTreeMap::new(),
            results: BTreeSet::new(),
            report: Report::default(),
        }
    }
}

impl Builder {
    pub fn new() -> Self {
        Self::default()
    }

    /// `service.name`. Default: `OTEL_SERVICE_NAME`, else the name in `tauri.conf.json`. The page's is the same with `-page` behind it.
    pub fn service_name(mut self, name: impl Into<String>) -> Self {
        self.service_name = Some(name.into());
        self
    }

    /// `service.version`. Default: the version in `tauri.conf.json`.
    pub fn service_version(mut self, version: impl Into<String>) -> Self {
        self.service_version = Some(version.into());
        self
    }

    /// `deployment.environment.name`.
    pub fn environment(mut self, name: impl Into<String>) -> Self {
        self.environment = Some(name.into());
        self
    }

    /// A further attribute of the backend's resource.
    pub fn resource_attribute(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.resource.push(KeyValue::new(key.into(), value.into()));
        self
    }

    /// Where a collector takes OTLP/HTTP: its base address, to which `/v1/traces` is added. Default: `OTEL_EXPORTER_OTLP_ENDPOINT`, else
    /// `http://localhost:4318`.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// Sent with each request (a token). Never stored. `OTEL_EXPORTER_OTLP_HEADERS` adds to them.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Default: `OTEL_TRACES_SAMPLER`, else what the page decided, and everything that begins here.
    pub fn sampler(mut self, sampler: Sampler) -> Self {
        self.sampler = Some(sampler);
        self
    }

    /// Which spans and events of the program's own `tracing` are recorded. Those of this plugin always are. Default: `INFO`.
    pub fn log_level(mut self, level: LevelFilter) -> Self {
        self.log_level = level;
        self
    }

    /// Where batches wait for the network. Default: `throughline` in the program's local data folder.
    pub fn spool(mut self, folder: impl Into<PathBuf>) -> Self {
        self.spool = Some(folder.into());
        self
    }

    /// At most so much waits there, the oldest is given up first. Default: 32 MiB.
    pub fn max_spool_bytes(mut self, bytes: u64) -> Self {
        self.max_spool_bytes = bytes;
        self
    }

    /// Spans of the backend are sent together after this. They are safe from a crash before. Default: 500 ms.
    pub fn batch_age(mut self, age: Duration) -> Self {
        self.batch_age = age;
        self
    }

    /// How long the end of the program may be held up to send what waits. The rest is sent at the next start. Default: 2 s.
    pub fn exit_timeout(mut self, timeout: Duration) -> Self {
        self.exit_timeout = timeout;
        self
    }

    /// Records one argument of one command, by the name it has in the page, as `tauri.command.argument.<name>`. Without this none is.
    pub fn record_argument(mut self, command: impl Into<String>, argument: impl Into<String>) -> Self {
        self.arguments.entry(command.into()).or_default().insert(argument.into());
        self
    }

    /// Records what a command gives back, as JSON of at most 1,024 characters in `tauri.command.result`. Without this only its size is.
    pub fn record_result(mut self, command: impl Into<String>) -> Self {
        self.results.insert(command.into());
        self
    }

    /// Takes warnings and errors about telemetry itself, each kind once a minute at most. Default: they go to standard error.
    pub fn on_diagnostic(mut self, tell: impl Fn(Diagnostic) + Send + Sync + 'static) -> Self {
        self.report = Report::new(tell);
        self
    }

    pub fn build<R: Runtime>(self) -> impl Plugin<R> + 'static {
        ThroughlinePlugin::new(self)
    }
}
