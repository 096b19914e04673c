import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createLogTails } from '../query/log-tail.js';
import { createReader } from '../query/reader.js';
import { createSqlDesk, NO_SQL, type SqlLimits } from '../query/sql-desk.js';
import { storeSize } from '../query/store-size.js';
import type { Status } from '../shapes/api.js';
import type { Store } from '../store/store.js';
import { ALL_ROUTES } from './all-routes.js';
import { type Answer, type Failure, failureAnswer, failureOf, jsonAnswer } from './answer.js';
import { isOurHost } from './check-host.js';
import { explorerFile } from './explorer-files.js';
import { jaegerFailure } from './jaeger-routes.js';
import { openApiDocument } from './openapi.js';
import { Parameters } from './parameters.js';
import { readForm } from './read-form.js';
import type { Asked, Route } from './route.js';
import { sendAnswer } from './send-answer.js';

export interface ApiOptions {
  readonly store: Store;
  /** What the process knows of itself; the store's part of the status is added here. */
  readonly status: () => Omit<Status, 'store' | 'spans' | 'logRecords' | 'metricPoints' | 'bytesOnDisk'>;
  /** The built explorer. Without it a page says how to build it. */
  readonly explorerDir?: string | undefined;
  /** Names besides loopback ones and addresses in digits under which this server may be asked; `*` takes every name. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** What one question may take. Default 15,000. */
  readonly maxExecutionMs?: number | undefined;
  /** Of statements that people write; `false`: none are run. */
  readonly sql?: SqlLimits | false | undefined;
  readonly now?: (() => bigint) | undefined;
  /** Told of every failure that is ours (500). */
  readonly onError?: ((error: unknown, path: string) => void) | undefined;
}

/**
 * The reading side of the collector as a listener for `http.createServer`: `/api/v1`, Jaeger's `/api`, and the explorer. It keeps no
 * state; a client that leaves stops its question in the engine.
 */
export function createApi(options: ApiOptions): RequestListener {
  const now = options.now ?? (() => BigInt(Date.now()) * 1_000_000n);
  const sql = options.sql === false ? NO_SQL : createSqlDesk(options.store, options.sql);
  const tails = createLogTails();
  const routes = ALL_ROUTES.map((route) => ({
    route,
    pattern: patternOf(route.path),
  }));

  async function statusAnswer(asked: Pick<Asked, 'reader'>): Promise<Status> {
    const { store } = options;
    const health = store.health();
    const size = health.healthy ? await storeSize(asked.reader).catch(() => undefined) : undefined;
    return {
      ...options.status(),
      store: { kind: store.kind, engineVersion: store.engineVersion, ...health },
      spans: size?.spans ?? 0,
      logRecords: size?.logRecords ?? 0,
      metricPoints: size?.metricPoints ?? 0,
      bytesOnDisk: size?.bytesOnDisk ?? 0,
    };
  }

  async function answer(request: IncomingMessage, url: URL, abort: AbortSignal): Promise<Answer> {
    if (request.method === 'OPTIONS')
      return { status: 204, body: '', type: 'text/plain', headers: { allow: 'GET, HEAD, OPTIONS' } };
    const path = url.pathname.length > 1 ? url.pathname.replace(/\/+$/, '') : url.pathname;
    const isForm =
      request.method === 'POST' && routes.some(({ route, pattern }) => route.form === true && pattern(path));
    if (request.method !== 'GET' && request.method !== 'HEAD' && !isForm) {
      const failure = failureAnswer({
        status: 405,
        code: 'method-not-allowed',
        message: `This port is for reading; ${request.method} is not understood here.`,
        hint: `Telemetry is sent to ${options.status().receive.otlpHttp} (OTLP/HTTP) or ${options.status().receive.otlpGrpc} (OTLP/gRPC).`,
      });
      return { ...failure, headers: { allow: 'GET, HEAD, OPTIONS' } };
    }
    if (path === '/api/v1/openapi.json') return jsonAnswer(openApiDocument(options.status().version));
    for (const { route, pattern } of routes) {
      const taken = pattern(path);
      if (taken === undefined) continue;
      const search = isForm ? await readForm(request, url.searchParams) : url.searchParams;
      if (search === undefined)
        return failureAnswer({ status: 413, code: 'too-large', message: 'The form is larger than a question may be.' });
      const parameters = new Parameters(search, taken);
      const anotherReader = () => createReader(options.store, { abort, maxExecutionMs: options.maxExecutionMs });
      const reader = anotherReader();
      try {
        if (route.ownPagesOnly === true && isFromElsewhere(request)) return failureAnswer(fromElsewhere);
        if (route.lenient !== true) parameters.allowOnly(route.parameters);
        return await route.handle({
          parameters,
          reader,
          nowNano: now(),
          sql,
          tails,
          anotherReader,
          abort,
          status: () => statusAnswer({ reader }),
        });
      } catch (error) {
        const failure = failureOf(error);
        if (failure.status === 500) options.onError?.(error, path);
        if (route.failure !== undefined) return route.failure.answer(failure);
        return path.startsWith('/api/v1/') ? failureAnswer(failure) : jaegerFailure(failure);
      }
    }
    if (path !== '/api' && !path.startsWith('/api/')) {
      const file = await explorerFile(
        options.explorerDir,
        path === '/' ? '/' : decodePath(path),
        request.headers['if-none-match'],
      );
      if (file !== undefined) return file;
    }
    return failureAnswer({
      status: 404,
      code: 'no-such-path',
      message: `There is nothing at ${path}.`,
      hint: hintFor(
        path,
        routes.map(({ route }) => route),
      ),
    });
  }

  return (request: IncomingMessage, response: ServerResponse) => {
    void respond(request, response).catch((error: unknown) => {
      options.onError?.(error, request.url ?? '');
      response.destroy();
    });
  };

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort();
    });
    if (!isOurHost(request.headers.host, options.allowedHosts ?? [])) {
      request.resume();
      await sendAnswer(request, response, foreignHost(request.headers.host));
      return;
    }
    const url = readUrl(request.url ?? '/');
    if (url === undefined) {
      await sendAnswer(
        request,
        response,
        failureAnswer({ status: 400, code: 'bad-address', message: 'The address cannot be read.' }),
      );
      return;
    }
    const answered = await answer(request, url, gone.signal);
    request.resume();
    await sendAnswer(request, response, answered);
  }
}

/** Browsers say on whose behalf they ask; programs say nothing. */
function isFromElsewhere({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  return site === 'cross-site' || site === 'same-site';
}

const fromElsewhere: Failure = {
  status: 403,
  code: 'foreign-page',
  message: 'A page of another site asked, and statements are run for the explorer and for programs alone.',
};

function foreignHost(host: string | undefined): Answer {
  return failureAnswer({
    status: 421,
    code: 'foreign-host',
    message: `This collector is not known as ${JSON.stringify(host ?? '')}; it does not answer, so that a web page elsewhere cannot read it.`,
    hint: 'Use its address in digits or localhost, or name the host with --allow-host.',
  });
}

function readUrl(target: string): URL | undefined {
  try {
    // Only path and query count; a target in absolute form (a proxy's) brings its own host.
    return new URL(target.startsWith('/') ? `http://collector${target.replace(/^\/+/, '/')}` : target);
  } catch {
    return undefined;
  }
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path).replaceAll('\0', '');
  } catch {
    return path;
  }
}

/** Matches a path part by part; `{name}` takes one part, decoded. */
function patternOf(template: string): (path: string) => Readonly<Record<string, string>> | undefined {
  const wanted = template.split('/');
  return (path) => {
    const parts = path.split('/');
    if (parts.length !== wanted.length) return undefined;
    const taken: Record<string, string> = {};
    for (let index = 0; index < wanted.length; index++) {
      const name = /^\{(.*)\}$/.exec(wanted[index]!)?.[1];
      if (name !== undefined && parts[index] !== '') taken[name] = decodePath(parts[index]!);
      else if (parts[index] !== wanted[index]) return undefined;
    }
    return taken;
  };
}

function hintFor(path: string, routes: readonly Route[]): string {
  if (/^\/v1\/(traces|metrics|logs)$/.test(path)) return 'OTLP/HTTP is received on another port, 4318 by default.';
  return `There are: ${routes.map((route) => route.path).join(', ')}, /api/v1/openapi.json.`;
}
