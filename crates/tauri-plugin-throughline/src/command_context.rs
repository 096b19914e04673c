use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use tauri::Runtime;
use tauri::ipc::{CommandArg, CommandItem, InvokeError};
use tauri::utils::acl::resolved::ResolvedCommand;
use tracing::{Instrument, Span};

use crate::batch_ids::BatchIds;

/// The header by which a command's second asking names its first. Its value cannot be guessed by a page.
const KEY: &str = "throughline-command";

static KEYS: LazyLock<BatchIds> = LazyLock::new(BatchIds::new);
static UNDER_WAY: LazyLock<Mutex<HashMap<String, UnderWay>>> = LazyLock::new(Mutex::default);

struct UnderWay {
    span: Span,
    acl: Option<Option<Vec<ResolvedCommand>>>,
}

fn under_way() -> MutexGuard<'static, HashMap<String, UnderWay>> {
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A command that has a span and no answer yet; until it is dropped.
pub struct Registered(String);

impl Registered {
    /// `headers`: those it will be asked for with again. `acl`: what Tauri found out about its permissions.
    pub fn new(span: &Span, acl: Option<Vec<ResolvedCommand>>, headers: &mut tauri::http::HeaderMap) -> Self {
        let key = KEYS.next();
        headers.insert(KEY, key.parse().expect("hex digits are a header"));
        under_way().insert(key.clone(), UnderWay { span: span.clone(), acl: Some(acl) });
        Self(key)
    }

    /// What Tauri had found out, for the one command with these headers that is asked for again; once.
    pub fn acl_of(headers: &tauri::http::HeaderMap) -> Option<Option<Vec<ResolvedCommand>>> {
        under_way().get_mut(headers.get(KEY)?.to_str().ok()?)?.acl.take()
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        under_way().remove(&self.0);
    }
}

/// The span of the command that Tauri is running, as an argument that Tauri fills in like a `State`. `#[command]` adds it by itself.
#[derive(Clone, Debug)]
pub struct CommandContext(Span);

impl CommandContext {
    /// Of no command: for tests that call a command's function themselves.
    pub fn none() -> Self {
        Self(Span::none())
    }

    /// Runs `task` within the command, wherever and whenever it is polled.
    pub fn follow<F: Future>(self, task: F) -> impl Future<Output = F::Output> {
        task.instrument(self.0)
    }

    /// Runs `work` within the command, on this thread, now.
    pub fn within<T>(self, work: impl FnOnce() -> T) -> T {
        self.0.in_scope(work)
    }
}

impl<'a, R: Runtime> CommandArg<'a, R> for CommandContext {
    fn from_command(command: CommandItem<'a, R>) -> Result<Self, InvokeError> {
        let span = || {
            let key = command.message.headers().get(KEY)?.to_str().ok()?;
            Some(under_way().get(key)?.span.clone())
        };
        Ok(span().map_or_else(Self::none, Self))
    }
}
