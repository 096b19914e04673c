import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, inflateSync } from 'node:zlib';

export interface ClickhouseFrontOptions {
  /** Kept after `close`, so that a second front finds it again. Default: a new directory that goes with the front. */
  readonly dataDir?: string;
  /** With it, every request must name them (basic authentication, `X-ClickHouse-User`/`-Key`, or in the query). */
  readonly user?: string;
  readonly password?: string;
  /** Default: any free one. */
  readonly port?: number;
}

export interface ClickhouseFront {
  /** `http://…/default`, with the credentials where there are some. */
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  /** Statements that were asked to stop because their client had left. */
  readonly stopped: readonly string[];
  /** Resolves when so many statements were stopped. */
  untilStopped(count: number): Promise<void>;
  /** The engine dies as by an out-of-memory; the next statement starts another. */
  killEngine(): Promise<void>;
  close(): Promise<void>;
}

interface Done {
  readonly kind: 'done';
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly rowsRead: number;
  readonly bytesRead: number;
  readonly elapsedNano: number;
}
interface Failed {
  readonly kind: 'failed';
  readonly id: number;
  readonly message: string;
  readonly code?: number;
}
type FromEngine = Done | Failed | { readonly kind: 'ready'; readonly version: string };

/** Query parameters that are no settings. */
const RESERVED = new Set([
  'query',
  'database',
  'default_format',
  'query_id',
  'session_id',
  'session_timeout',
  'session_check',
  'user',
  'password',
  'role',
  'compress',
  'decompress',
  'enable_http_compression',
  'http_zlib_compression_level',
  'wait_end_of_query',
  'buffer_size',
  'send_progress_in_http_headers',
  'http_headers_progress_interval_ms',
  'client_protocol_version',
  'quota_key',
  'stacktrace',
]);
/** Of a server, not of a library: they say what to do when an HTTP client leaves, which is done here anyway. */
const SERVER_SETTINGS = new Set(['cancel_http_readonly_queries_on_client_close']);

/**
 * Enough of ClickHouse's HTTP interface for a real client (`@clickhouse/client`) to work against chDB in a process of its own: statements in
 * `query` and the body, inserts with their data as the body in any format, `param_…`, settings, `database`, compressed bodies, the summary and
 * exception headers and the exception texts, `/ping`, and the end of a statement whose client has left. What a real server does beyond it
 * (sessions, roles, progress headers, streaming of results, clusters) is not there.
 */
export async function startClickhouseFront(options: ClickhouseFrontOptions = {}): Promise<ClickhouseFront> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'clickhouse-front-'));
  const bodies = mkdtempSync(join(tmpdir(), 'clickhouse-bodies-'));
  const pending = new Map<number, { sql: string; settle: (answer: Done | Failed) => void }>();
  const stopped: string[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  let engine: ChildProcess | undefined;
  let version = '';
  let lastId = 0;

  async function startEngine(): Promise<ChildProcess> {
    const child = fork(fileURLToPath(new URL('./clickhouse-engine.mjs', import.meta.url)), [dataDir], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
      env: { ...process.env, UV_THREADPOOL_SIZE: '16', TZ: 'UTC' },
    });
    await new Promise<void>((ready, failed) => {
      child.on('message', (message: FromEngine) => {
        if (message.kind === 'ready') {
          version = message.version;
          ready();
          return;
        }
        pending.get(message.id)?.settle(message);
        pending.delete(message.id);
      });
      child.once('exit', (code, signal) => {
        failed(new Error(`the engine ended with ${code ?? signal}`));
        if (engine === child) engine = undefined;
        for (const [id, one] of pending)
          one.settle({
            kind: 'failed',
            id,
            message: 'Code: 210. DB::NetException: Connection reset by peer. (NETWORK_ERROR)',
            code: 210,
          });
        pending.clear();
      });
    });
    return child;
  }
  let starting: Promise<ChildProcess> | undefined;
  async function running(): Promise<ChildProcess> {
    if (engine !== undefined) return engine;
    starting ??= startEngine().finally(() => {
      starting = undefined;
    });
    engine = await starting;
    return engine;
  }

  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) =>
      fail(response, { code: 1001, message: `Code: 1001. DB::Exception: ${String(error)}` }),
    );
  });

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://front');
    if (url.pathname === '/ping') {
      response.end('Ok.\n');
      return;
    }
    const body = decompress(await readAll(request), String(request.headers['content-encoding'] ?? ''));
    if (!allowed(request, url)) {
      fail(response, {
        code: 516,
        message:
          'Code: 516. DB::Exception: default: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)',
      });
      return;
    }
    const asked = url.searchParams.get('query') ?? '';
    const { sql, file } = statementOf(asked, body);
    const child = await running();
    const id = ++lastId;
    let answered = false;
    response.once('close', () => {
      if (answered) return;
      stopped.push(sql);
      engine?.send({ kind: 'kill', id });
      for (const one of waiting) if (stopped.length >= one.count) one.resolve();
    });
    const answer = await new Promise<Done | Failed>((settle) => {
      pending.set(id, { sql, settle });
      child.send({
        kind: 'run',
        id,
        sql,
        database: url.searchParams.get('database') ?? String(request.headers['x-clickhouse-database'] ?? 'default'),
        settings: [...url.searchParams].filter(
          ([name]) => !RESERVED.has(name) && !SERVER_SETTINGS.has(name) && !name.startsWith('param_'),
        ),
        parameters: [...url.searchParams].flatMap(([name, value]) =>
          name.startsWith('param_') ? [[name.slice(6), value]] : [],
        ),
        format: url.searchParams.get('default_format') ?? 'TabSeparated',
      });
    });
    answered = true;
    if (file !== undefined) rmSync(file, { force: true });
    if (response.destroyed) return;
    if (answer.kind === 'failed') {
      fail(response, answer);
      return;
    }
    const insert = /^\s*INSERT\b/i.test(sql);
    response.writeHead(200, {
      'content-type': 'text/plain; charset=UTF-8',
      'x-clickhouse-query-id': url.searchParams.get('query_id') ?? `front-${id}`,
      'x-clickhouse-server-display-name': 'front',
      'x-clickhouse-timezone': 'UTC',
      'x-clickhouse-summary': JSON.stringify({
        read_rows: String(insert ? 0 : answer.rowsRead),
        read_bytes: String(insert ? 0 : answer.bytesRead),
        written_rows: String(insert ? answer.rowsRead : 0),
        written_bytes: String(insert ? answer.bytesRead : 0),
        total_rows_to_read: '0',
        result_rows: '0',
        result_bytes: String(answer.bytes.length),
        elapsed_ns: String(answer.elapsedNano),
      }),
    });
    response.end(answer.bytes);
  }

  /** Data behind an INSERT goes through a file, because the engine's statement is text. */
  function statementOf(asked: string, body: Buffer): { sql: string; file?: string } {
    const insert = /^\s*INSERT\b[\s\S]*\bFORMAT\s+(\w+)\s*;?\s*$/i.exec(asked);
    if (insert === null || body.length === 0)
      return { sql: `${asked}${asked !== '' && body.length > 0 ? '\n' : ''}${body.toString()}` };
    const file = join(bodies, `${++lastId}`);
    writeFileSync(file, body);
    return { file, sql: asked.replace(/\bFORMAT\s+(\w+)\s*;?\s*$/i, `FROM INFILE '${file}' FORMAT $1`) };
  }

  function allowed(request: IncomingMessage, url: URL): boolean {
    if (options.user === undefined) return true;
    const basic = /^Basic (.*)$/i.exec(request.headers.authorization ?? '')?.[1];
    const [user, ...rest] = basic === undefined ? [] : Buffer.from(basic, 'base64').toString().split(':');
    const named = user ?? request.headers['x-clickhouse-user'] ?? url.searchParams.get('user') ?? 'default';
    const key =
      basic !== undefined
        ? rest.join(':')
        : (request.headers['x-clickhouse-key'] ?? url.searchParams.get('password') ?? '');
    return named === options.user && key === (options.password ?? '');
  }

  function fail(response: ServerResponse, { code, message }: Pick<Failed, 'code' | 'message'>): void {
    if (response.headersSent || response.destroyed) return;
    const number = code ?? Number(/\bCode: (\d+)\./.exec(message)?.[1] ?? 1002);
    const text = message.replace(/^[\s\S]*?(?=Code: \d+\.)/, '').replace(/\s*$/, '');
    response.writeHead(STATUS[number] ?? 500, {
      'content-type': 'text/plain; charset=UTF-8',
      'x-clickhouse-exception-code': String(number),
    });
    response.end(`${text} (version ${version} (official build))\n`);
  }

  engine = await running();
  await new Promise<void>((listening) => server.listen(options.port ?? 0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const credentials =
    options.user === undefined
      ? ''
      : `${encodeURIComponent(options.user)}:${encodeURIComponent(options.password ?? '')}@`;
  return {
    url: `http://${credentials}127.0.0.1:${port}/default`,
    port,
    dataDir,
    stopped,
    untilStopped: (count) =>
      stopped.length >= count ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve })),
    async killEngine() {
      const child = engine;
      if (child === undefined) return;
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await exited;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      const child = engine;
      if (child !== undefined) {
        const exited = new Promise((resolve) => child.once('exit', resolve));
        child.send({ kind: 'close' });
        const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
        await exited;
        clearTimeout(timer);
      }
      rmSync(bodies, { recursive: true, force: true });
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** ClickHouse's HTTP status for its own error numbers, where it is not 500. */
const STATUS: Readonly<Record<number, number>> = {
  516: 403,
  192: 403,
  193: 403,
  497: 403,
  62: 400,
  36: 400,
  27: 400,
  41: 400,
  43: 400,
  47: 404,
  46: 404,
  60: 404,
  81: 404,
  159: 408,
  241: 500,
  202: 503,
  48: 501,
};

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function decompress(body: Buffer, encoding: string): Buffer {
  if (encoding === 'gzip') return gunzipSync(body);
  return encoding === 'deflate' ? inflateSync(body) : body;
}
