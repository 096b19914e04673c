//! The page's way out: an export request as bytes, durable when the answer is given.

use tauri::ipc::{Invoke, InvokeBody, InvokeError, InvokeMessage};
use tauri::{Manager, Runtime};

use crate::batch::{BatchHead, Signal};
use crate::telemetry::Telemetry;

/// The plugin's one command, `plugin:throughline|batch`.
pub fn take_batch<R: Runtime>(Invoke { message, resolver, .. }: Invoke<R>) -> bool {
    if message.command() != "batch" {
        return false;
    }
    // Not on the main thread: it writes a file.
    resolver.respond_async(async move { take(&message).map_err(InvokeError::from) });
    true
}

fn take<R: Runtime>(message: &InvokeMessage<R>) -> Result<(), String> {
    let telemetry = message.webview_ref().try_state::<Telemetry>().ok_or("telemetry has not started")?;
    let header = |name: &str| message.headers().get(name).and_then(|value| value.to_str().ok());
    let head = header("throughline-batch")
        .zip(header("throughline-signal").and_then(Signal::parse))
        .zip(header("throughline-created").and_then(|created| created.parse().ok()))
        .and_then(|((id, signal), created)| BatchHead::new(created, id, signal))
        .ok_or("no batch")?;
    let stored = match message.payload() {
        InvokeBody::Raw(bytes) => telemetry.put(&head, bytes),
        // Where the web view has only strings to say, bytes come as a list of numbers.
        InvokeBody::Json(numbers) => {
            let bytes: Vec<u8> = serde_json::from_value(numbers.clone()).map_err(|error| error.to_string())?;
            telemetry.put(&head, &bytes)
        }
    };
    stored.map_err(|error| error.to_string())
}
