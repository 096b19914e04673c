//! Traces of a Tauri program: its commands, the SQL below them, the events it sends and its panics, under the context of the page that
//! asked; and the page's own traces, which come here as bytes and leave with the others, so that a page needs no network permission.
//!
//! ```no_run
//! # #[tauri::command] fn create_person() {}
//! # fn context() -> tauri::Context { unimplemented!() }
//! tauri::Builder::default()
//!     .plugin(tauri_plugin_throughline::Builder::new().environment("production").build())
//!     .invoke_handler(tauri_plugin_throughline::traced(tauri::generate_handler![create_person]))
//!     .run(context())
//!     .expect("the program starts");
//! ```
//!
//! What the program says through `tracing` inside a command is part of the command's span: spans below it, events on it.

mod batch;
mod batch_ids;
mod builder;
mod clock;
mod collector;
mod command;
mod command_context;
mod diagnostics;
mod emitter;
mod exporter;
mod panic_hook;
mod plugin;
mod random;
mod resource;
mod sender;
mod spool;
mod subscriber;
mod take_batch;
mod telemetry;

#[cfg(feature = "rusqlite")]
pub mod sqlite;

pub use builder::Builder;
pub use command::traced;
pub use command_context::CommandContext;
pub use diagnostics::Diagnostic;
pub use emitter::Emitter;
pub use opentelemetry_sdk::trace::Sampler;
/// In the place of `#[tauri::command]`, for commands that are `async` (and those with `#[command(async)]`): what they do is below their
/// span. They run later and elsewhere than they are asked for, in a task that Tauri makes and shows nobody; this attribute lets the command
/// itself bring its span along. A command without it has a span too, with nothing below. Takes what `#[tauri::command]` takes.
///
/// The function gets a further parameter, a [`CommandContext`], which Tauri fills in; the page's arguments stay what they were.
///
/// ```
/// use tauri_plugin_throughline::command;
///
/// #[command]
/// async fn create_person(name: String) -> Result<(), String> {
///     if name.is_empty() {
///         tracing::warn!("a person without a name");
///         return Err("a name is needed".into());
///     }
///     Ok(())
/// }
/// ```
pub use tauri_plugin_throughline_macros::command;
pub use telemetry::Telemetry;
pub use tracing::level_filters::LevelFilter;
