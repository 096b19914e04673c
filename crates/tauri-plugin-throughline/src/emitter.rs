use std::sync::{Mutex, PoisonError};

use opentelemetry::global;
use serde::Serialize;
use serde_json::json;
use tauri::{EventTarget, Manager, Result, Runtime};
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::subscriber::OWN;

/// Longer payloads are not repeated to the page; the context is then that of the event's name and turn.
const COMPARED_BYTES: usize = 4096;

/// A context and its event must reach a page one behind the other.
static TURN: Mutex<()> = Mutex::new(());

/// In the place of `tauri::Emitter`: the same methods, and each event is a span whose context reaches the page's listeners. The event and its
/// payload are what they were; a window without Throughline notices nothing.
///
/// ```no_run
/// use tauri_plugin_throughline::Emitter;
///
/// #[tauri::command]
/// fn create_person(app: tauri::AppHandle) -> tauri::Result<()> {
///     app.emit("user-created", "Ada")
/// }
/// ```
pub trait Emitter<R: Runtime>: tauri::Emitter<R> + Manager<R> {
    /// As [`tauri::Emitter::emit`].
    fn emit<S: Serialize + Clone>(&self, event: &str, payload: S) -> Result<()> {
        let _turn = announce(self, event, &payload);
        tauri::Emitter::emit(self, event, payload)
    }

    /// As [`tauri::Emitter::emit_to`].
    fn emit_to<I, S>(&self, target: I, event: &str, payload: S) -> Result<()>
    where
        I: Into<EventTarget>,
        S: Serialize + Clone,
    {
        let _turn = announce(self, event, &payload);
        tauri::Emitter::emit_to(self, target, event, payload)
    }

    /// As [`tauri::Emitter::emit_filter`].
    fn emit_filter<S, F>(&self, event: &str, payload: S, filter: F) -> Result<()>
    where
        S: Serialize + Clone,
        F: Fn(&EventTarget) -> bool,
    {
        let _turn = announce(self, event, &payload);
        tauri::Emitter::emit_filter(self, event, payload, filter)
    }
}

impl<R: Runtime, E: tauri::Emitter<R> + Manager<R>> Emitter<R> for E {}

/// Until the event has been sent.
struct Turn {
    _span: Span,
    _turn: std::sync::MutexGuard<'static, ()>,
}

/// Tells every window under which context the next event of this name (and payload: other threads send too) stands.
fn announce<R: Runtime, M: Manager<R> + ?Sized>(manager: &M, event: &str, payload: &impl Serialize) -> Turn {
    let span = info_span!(
        target: OWN,
        "event",
        otel.name = format!("send {event}"),
        otel.kind = "producer",
        messaging.system = "tauri",
        messaging.operation.name = "send",
        messaging.operation.type = "send",
        messaging.destination.name = event,
    );
    let mut carrier = std::collections::HashMap::new();
    let context = span.context();
    global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut carrier));
    let payload = serde_json::to_string(payload).ok().filter(|json| json.len() <= COMPARED_BYTES);
    let said = format!(
        "window.__THROUGHLINE_EVENTS__?.({}, {}, {})",
        json!(event),
        json!(carrier),
        payload.as_deref().unwrap_or("undefined")
    );
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    for window in manager.webview_windows().values() {
        let _ = window.eval(&said);
    }
    Turn { _span: span, _turn: turn }
}
