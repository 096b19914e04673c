use std::cell::RefCell;

use tracing::span::{Attributes, Id};
use tracing::{Span, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// The span in which Tauri (feature `tracing`) runs the body of a command, an `async` one on whichever thread polls it.
pub const TAURI_TASK: &str = "ipc::request::run";

thread_local! {
    static COMMAND: RefCell<Option<Span>> = const { RefCell::new(None) };
}

/// Runs `call`; the Tauri task that it makes runs within `span`.
pub fn with_command<R>(span: &Span, call: impl FnOnce() -> R) -> R {
    let outer = COMMAND.replace(Some(span.clone()));
    let _restored = Restore(outer);
    call()
}

struct Restore(Option<Span>);

impl Drop for Restore {
    fn drop(&mut self) {
        COMMAND.set(self.0.take());
    }
}

/// A command that is `async` runs later and elsewhere than it was asked for, in a task that Tauri makes and nobody else can reach. The one
/// thing that goes with the task is Tauri's own span, and so it is what carries the command's: whenever the one is entered the other is.
pub struct ContextCarrier;

struct Carried(Span);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for ContextCarrier {
    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let command = COMMAND.with_borrow(Clone::clone);
        if let (Some(command), Some(task)) = (command, context.span(id)) {
            task.extensions_mut().insert(Carried(command));
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        if let Some(command) = carried(id, &context) {
            command.with_subscriber(|(id, subscriber)| subscriber.enter(id));
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        if let Some(command) = carried(id, &context) {
            command.with_subscriber(|(id, subscriber)| subscriber.exit(id));
        }
    }
}

fn carried<S: Subscriber + for<'a> LookupSpan<'a>>(id: &Id, context: &Context<'_, S>) -> Option<Span> {
    context.span(id)?.extensions().get::<Carried>().map(|carried| carried.0.clone())
}
