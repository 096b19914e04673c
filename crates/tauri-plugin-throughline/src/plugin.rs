use std::error::Error;

use tauri::ipc::Invoke;
use tauri::plugin::Plugin;
use tauri::{AppHandle, Manager, RunEvent, Runtime};

use crate::builder::Builder;
use crate::take_batch::take_batch;
use crate::telemetry::Telemetry;

/// Written by hand and not with `tauri::plugin::Builder`, because the page is told the resource, which is known only when the program is.
pub struct ThroughlinePlugin {
    options: Option<Builder>,
    telemetry: Option<Telemetry>,
}

impl ThroughlinePlugin {
    pub fn new(options: Builder) -> Self {
        Self { options: Some(options), telemetry: None }
    }
}

impl<R: Runtime> Plugin<R> for ThroughlinePlugin {
    fn name(&self) -> &'static str {
        "throughline"
    }

    fn initialize(&mut self, app: &AppHandle<R>, _: serde_json::Value) -> Result<(), Box<dyn Error>> {
        let options = self.options.take().expect("a plugin is initialized once");
        let report = options.report.clone();
        match Telemetry::start(options, app) {
            Ok(telemetry) => {
                app.manage(telemetry.clone());
                self.telemetry = Some(telemetry);
            }
            // The program must not fail for its telemetry.
            Err(error) => report.error("not-started", &error.to_string()),
        }
        Ok(())
    }

    fn initialization_script(&self) -> Option<String> {
        let resource = self.telemetry.as_ref()?.page_resource();
        Some(format!("Object.defineProperty(window, '__THROUGHLINE__', {{ value: {{ resource: {resource} }} }})"))
    }

    fn extend_api(&mut self, invoke: Invoke<R>) -> bool {
        take_batch(invoke)
    }

    fn on_event(&mut self, _: &AppHandle<R>, event: &RunEvent) {
        if let (RunEvent::Exit, Some(telemetry)) = (event, &self.telemetry) {
            telemetry.shutdown();
        }
    }
}
