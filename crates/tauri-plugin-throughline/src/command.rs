//! Each command as a span under the page's context, without the program's commands or their callers knowing.

use opentelemetry::global;
use opentelemetry::trace::{Status, TraceContextExt};
use opentelemetry_http::HeaderExtractor;
use serde_json::Value;
use tauri::ipc::{CallbackFn, Invoke, InvokeBody, InvokeError, InvokeResponse, InvokeResponseBody};
use tauri::webview::InvokeRequest;
use tauri::{Manager, Runtime};
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::command_context::Registered;
use crate::subscriber::OWN;
use crate::telemetry::Telemetry;

const MAX_RECORDED: usize = 1024;

/// Wraps what `tauri::generate_handler!` makes. Each command becomes a span, named for it, that ends with its answer: an error, an argument
/// that does not fit, a command that nobody knows and a panic are an error status. When the page has the answer the span is safe from a
/// crash.
///
/// Tauri gives nobody a command's answer but who asked, so the command is asked for a second time, by this function, with what Tauri found
/// out about its permissions at the first.
pub fn traced<R: Runtime>(
    handler: impl Fn(Invoke<R>) -> bool + Send + Sync + 'static,
) -> impl Fn(Invoke<R>) -> bool + Send + Sync + 'static {
    move |mut invoke| {
        if let Some(acl) = Registered::acl_of(invoke.message.headers()) {
            invoke.acl = acl;
            return handler(invoke);
        }
        let webview = invoke.message.webview();
        let Some(telemetry) = webview.try_state::<Telemetry>().map(|state| state.inner().clone()) else {
            return handler(invoke);
        };
        let Ok(url) = webview.url() else { return handler(invoke) };

        let command = invoke.message.command();
        let span = begin(&telemetry, &invoke, command);
        let mut headers = invoke.message.headers().clone();
        let mut end = End {
            records_result: telemetry.records_result(command),
            _registered: Registered::new(&span, invoke.acl, &mut headers),
            span: span.clone(),
            open: true,
        };
        let request = InvokeRequest {
            cmd: command.to_owned(),
            // Those of the page are answered by `resolver`.
            callback: CallbackFn(0),
            error: CallbackFn(0),
            url,
            body: invoke.message.payload().clone(),
            headers,
            invoke_key: webview.app_handle().invoke_key().to_owned(),
        };
        let resolver = invoke.resolver;
        let answer = move |_, _, response, _, _| {
            end.answered(&response);
            match response {
                InvokeResponse::Ok(body) => resolver.respond(Ok::<InvokeResponseBody, _>(body)),
                InvokeResponse::Err(error) => resolver.invoke_error(error),
            }
        };
        span.in_scope(|| webview.on_message(request, Box::new(answer)));
        true
    }
}

fn begin<R: Runtime>(telemetry: &Telemetry, invoke: &Invoke<R>, command: &str) -> Span {
    let span = info_span!(
        target: OWN,
        "command",
        otel.name = command,
        otel.kind = "server",
        rpc.system.name = "tauri",
        rpc.method = command,
    );
    let headers = HeaderExtractor(invoke.message.headers());
    let parent = global::get_text_map_propagator(|propagator| propagator.extract(&headers));
    let _ = span.set_parent(parent);
    span.set_attribute("tauri.webview.label", invoke.message.webview_ref().label().to_owned());
    if let InvokeBody::Json(arguments) = invoke.message.payload() {
        for name in telemetry.named_arguments(command) {
            if let Some(value) = arguments.get(name) {
                span.set_attribute(format!("tauri.command.argument.{name}"), shown(value));
            }
        }
    }
    span
}

/// A command's span, and whether it has ended. One that is dropped without an answer was given up: its task has panicked.
struct End {
    span: Span,
    _registered: Registered,
    records_result: bool,
    open: bool,
}

impl End {
    fn answered(&mut self, response: &InvokeResponse) {
        match response {
            InvokeResponse::Ok(InvokeResponseBody::Json(json)) => {
                self.span.set_attribute("tauri.command.result.size", json.len() as i64);
                if self.records_result {
                    self.span.set_attribute("tauri.command.result", cut(json));
                }
            }
            InvokeResponse::Ok(InvokeResponseBody::Raw(bytes)) => {
                self.span.set_attribute("tauri.command.result.size", bytes.len() as i64);
            }
            InvokeResponse::Err(InvokeError(error)) => self.failed(error_type(error), &shown(error)),
        }
        self.end();
    }

    fn failed(&self, error_type: &str, message: &str) {
        use opentelemetry::KeyValue;
        self.span.set_attribute("error.type", error_type.to_owned());
        self.span.add_event(
            "exception",
            vec![
                KeyValue::new("exception.type", error_type.to_owned()),
                KeyValue::new("exception.message", message.to_owned()),
            ],
        );
        self.span.set_status(Status::error(message.to_owned()));
    }

    /// At once: handles of the span may live on in the task that has just answered.
    fn end(&mut self) {
        self.open = false;
        self.span.context().span().end();
    }
}

impl Drop for End {
    fn drop(&mut self) {
        if self.open {
            self.failed("no-answer", "the command ended without an answer");
            self.end();
        }
    }
}

/// Errors that are objects say what kind they are in one of these.
fn error_type(error: &Value) -> &str {
    ["type", "kind", "code", "name"].iter().find_map(|key| error.get(key)?.as_str()).unwrap_or("error")
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => cut(text),
        Value::Object(object) => match object.get("message") {
            Some(Value::String(message)) => cut(message),
            _ => cut(&value.to_string()),
        },
        value => cut(&value.to_string()),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_RECORDED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_error_says_its_kind_and_message_whatever_its_form() {
        for (error, kind, message) in [
            (json!("no such person"), "error", "no such person"),
            (json!({ "kind": "invalid", "message": "a name is needed" }), "invalid", "a name is needed"),
            (json!({ "code": 7 }), "error", "{\"code\":7}"),
            (json!(null), "error", "null"),
        ] {
            assert_eq!((error_type(&error), shown(&error).as_str()), (kind, message));
        }
    }

    #[test]
    fn what_is_recorded_is_cut_between_characters() {
        assert_eq!(cut(&"ä".repeat(2_000)).chars().count(), MAX_RECORDED);
    }
}
