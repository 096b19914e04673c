/*
 * The program of the engine's own process: it alone loads chDB, so that a crash or an out-of-memory of the engine takes neither
 * receiver nor spool. It runs what it is told, one statement per session at a time; which statement may run when is decided by
 * its parent (embedded-store.ts).
 */
import { createRequire } from 'node:module';
import type { EngineStart, FromEngine, ToEngine } from './engine-messages.js';

interface Result {
  readonly rowsRead: number;
  readonly bytesRead: number;
  bytes(): Uint8Array;
}
interface Session {
  queryAsync(sql: string, options: { format: string }): Promise<Result>;
  close(): void;
}
interface Chdb {
  Session: new (path: string, options: { connectionArgs: readonly string[] }) => Session;
  drainPending(): Promise<void>;
}

/** The engine's own number for an answer that is larger than allowed. */
const TOO_MANY_BYTES = 396;
const PREDECESSOR_MS = 10_000;

const say = (message: FromEngine): void => {
  process.send?.(message);
};

function unusable(reason: 'missing' | 'broken' | 'data', error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  process.send?.({ kind: 'unusable', reason, message } satisfies FromEngine, () => process.exit(1));
}

// The parent stops this process by a message. A Ctrl-C in a terminal reaches the whole group: the parent still has to drain.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
// The parent is gone, and a new one may open this directory the next moment. Like any crash, it costs nothing acknowledged.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

const start = JSON.parse(process.argv[2] ?? '{}') as EngineStart;
let chdb: Chdb | undefined;
try {
  chdb = createRequire(import.meta.url)('chdb') as Chdb;
} catch (error) {
  const code = (error as { code?: string }).code;
  unusable(code === 'MODULE_NOT_FOUND' ? 'missing' : 'broken', error);
}
if (chdb !== undefined) await open(chdb).catch((error) => unusable('data', error));

async function open(engine: Chdb): Promise<void> {
  const sessions: Session[] = [];
  const openSession = () => new engine.Session(start.dataDir, { connectionArgs: start.arguments });
  const first = await untilFree(openSession);
  await first.queryAsync(`CREATE DATABASE IF NOT EXISTS ${start.database} ENGINE = Atomic`, { format: 'TSV' });
  sessions.push(first);
  while (sessions.length < start.sessions) sessions.push(openSession());
  for (const session of sessions) await session.queryAsync(`USE ${start.database}`, { format: 'TSV' });
  const version = await first.queryAsync('SELECT version()', { format: 'TSV' });

  const close = async (): Promise<void> => {
    for (const session of sessions) session.close();
    await engine.drainPending();
    process.exit(0);
  };
  process.on('message', (message: ToEngine) => {
    if (message.kind === 'close') void close();
    else if (message.kind === 'run-alone') void runAlone(openSession, message);
    else void run(sessions[message.session] ?? first, message);
  });
  say({ kind: 'ready', version: Buffer.from(version.bytes()).toString().trim() });
}

/**
 * A collector that was killed leaves its engine behind for a moment, which holds the directory until it has noticed; on a busy machine longer than a
 * new collector takes to come. Nobody else can be there: the parent has the lock.
 */
async function untilFree(openSession: () => Session): Promise<Session> {
  for (const deadline = performance.now() + PREDECESSOR_MS; ; ) {
    try {
      return openSession();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}

async function run(session: Session, message: Extract<ToEngine, { kind: 'run' }>): Promise<void> {
  await answer(session, message, message.settings === '' ? [] : [`SET ${message.settings}`]);
}

async function runAlone(openSession: () => Session, message: Extract<ToEngine, { kind: 'run-alone' }>): Promise<void> {
  let session: Session | undefined;
  try {
    session = openSession();
    await answer(
      session,
      message,
      [`USE ${start.database}`, ...message.settings.map((setting) => `SET ${setting}`)],
      message.mostBytes,
    );
  } catch (error) {
    say(failureOf(message.id, error));
  } finally {
    session?.close();
  }
}

async function answer(
  session: Session,
  { id, sql, format }: Pick<Extract<ToEngine, { kind: 'run' }>, 'id' | 'sql' | 'format'>,
  before: readonly string[],
  mostBytes = Number.POSITIVE_INFINITY,
): Promise<void> {
  const began = performance.now();
  try {
    for (const statement of before) await session.queryAsync(statement, { format: 'TSV' });
    const result = await session.queryAsync(sql, { format });
    const bytes = result.bytes();
    if (bytes.length > mostBytes) {
      say({ kind: 'failed', id, message: 'The answer is too long.', code: TOO_MANY_BYTES });
      return;
    }
    say({
      kind: 'done',
      id,
      bytes,
      rowsRead: result.rowsRead,
      bytesRead: result.bytesRead,
      elapsedMs: performance.now() - began,
    });
  } catch (error) {
    say(failureOf(id, error));
  }
}

function failureOf(id: number, error: unknown): FromEngine {
  const code = (error as { clickhouseCode?: unknown }).clickhouseCode;
  const message = error instanceof Error ? error.message : String(error);
  return { kind: 'failed', id, message, ...(typeof code === 'number' ? { code } : {}) };
}
