//! Each SQL statement of a `rusqlite` connection as a span below the command that runs it.

mod describe;

use std::cell::RefCell;
use std::ffi::c_int;
use std::sync::Once;

use opentelemetry::KeyValue;
use opentelemetry::trace::Status;
use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes, config_log};
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::diagnostics::Report;
use crate::subscriber::OWN;
use describe::{describe, reason};

thread_local! {
    /// SQLite says in its log what went wrong with the statement that ends next on this thread.
    static FAILED: RefCell<Option<(c_int, String)>> = const { RefCell::new(None) };
}

/// Traces every statement of this connection, prepared ones and those of transactions included: its text without values, how many rows it
/// gave, and its error. The program's calls stay as they are.
///
/// Errors are recorded when the plugin was initialized before SQLite was first used: open the database in Tauri's `setup`, not before.
pub fn trace(connection: &mut Connection) -> rusqlite::Result<()> {
    let mut running: Vec<Running> = Vec::new();
    let mask =
        TraceEventCodes::SQLITE_TRACE_STMT | TraceEventCodes::SQLITE_TRACE_ROW | TraceEventCodes::SQLITE_TRACE_PROFILE;
    connection.trace_v2(
        mask,
        Some(move |event: TraceEvent<'_>| match event {
            TraceEvent::Stmt(statement, begins) => {
                let sql = statement.sql();
                // A trigger inside of a statement announces itself as a comment.
                if begins == sql {
                    FAILED.take();
                    running.push(Running::begin(&sql));
                }
            }
            TraceEvent::Row(statement) => {
                let sql = statement.sql();
                if let Some(running) = running.iter_mut().rfind(|running| running.sql == sql) {
                    running.rows += 1;
                }
            }
            TraceEvent::Profile(statement, _) => {
                let sql = statement.sql();
                if let Some(at) = running.iter().rposition(|running| running.sql == sql) {
                    running.remove(at).end();
                }
            }
            _ => {}
        }),
    )
}

struct Running {
    sql: String,
    span: Span,
    rows: i64,
}

impl Running {
    fn begin(sql: &str) -> Self {
        let about = describe(sql);
        let span = info_span!(
            target: OWN,
            "sql",
            otel.name = about.summary,
            otel.kind = "client",
            db.system.name = "sqlite",
            db.query.text = about.text,
            db.query.summary = about.summary,
            db.operation.name = about.operation,
            db.collection.name = about.collection,
        );
        Self { sql: sql.to_owned(), span, rows: 0 }
    }

    fn end(self) {
        let Self { span, rows, .. } = self;
        match FAILED.take() {
            None => span.set_attribute("db.response.returned_rows", rows),
            Some((code, message)) => {
                span.set_attribute("db.response.status_code", code.to_string());
                span.set_attribute("error.type", code.to_string());
                let exception = vec![
                    KeyValue::new("exception.type", format!("SQLite {code}")),
                    KeyValue::new("exception.message", message.clone()),
                ];
                span.add_event("exception", exception);
                span.set_status(Status::error(message));
            }
        }
    }
}

/// Asked once per process, before SQLite is used.
pub(crate) fn listen_for_errors(report: &Report) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the callback calls nothing of SQLite and keeps what it hears per thread; SQLite refuses (`SQLITE_MISUSE`), and
        // changes nothing, where it is in use already.
        if unsafe { config_log(Some(heard)) }.is_err() {
            report.warn(
                "sqlite-in-use",
                "SQLite was used before the plugin was initialized: its errors are not recorded.",
            );
        }
    });
}

fn heard(code: c_int, message: &str) {
    const NOTICE: c_int = 27;
    const WARNING: c_int = 28;
    if ![NOTICE, WARNING].contains(&(code & 0xff)) {
        FAILED.set(Some((code, reason(message).to_owned())));
    }
}
