import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ensureBuiltSdk } from '../../../packages/sdk/test/node/compile-sdk.js';
import { type JsonSink, type ReceivedSpan, startJsonSink } from '../../../packages/sdk/test/node/json-sink.js';
import { killPrograms, runProgram } from '../../../packages/sdk/test/node/run-program.js';
import { startPostgres } from '../db/postgres.mjs';

/*
 * Programs that were written for `@opentelemetry/api` and OpenTelemetry's instrumentation packages, as they are, on top of the SDK: not a
 * line of them names it. It stands in this folder because their packages (Fastify, pg) and PostgreSQL do.
 */

let sink: JsonSink;
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let dataDir: string;

beforeAll(async () => {
  await ensureBuiltSdk();
  dataDir = mkdtempSync(join(tmpdir(), 'throughline-unchanged-'));
  // As root, PostgreSQL runs as another user, who has to get there.
  chmodSync(dataDir, 0o755);
  sink = await startJsonSink();
  postgres = await startPostgres({ dataDir: join(dataDir, 'postgres') });
}, 120_000);
afterEach(killPrograms);
afterAll(async () => {
  await postgres?.stop();
  await sink?.close();
  if (dataDir) rmSync(dataDir, { recursive: true, force: true });
});

test.each([
  ['ES modules', 'order.mjs'],
  ['CommonJS', 'order.cjs'],
])(
  'a program of %s that knows only OpenTelemetry is traced unchanged through http, undici, fastify and pg [F9 F19]',
  async (_, file) => {
    sink.clear();
    const { code, stdout, stderr } = await runProgram(join('test/programs', file), {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      nodeArgs: ['--import', '@throughline/sdk/node/register'],
      env: {
        DATABASE_URL: postgres.url,
        OTEL_SERVICE_NAME: file,
        OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      },
    }).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const answer = JSON.parse(stdout) as { next: number; fetched: string; got: string };
    expect(answer.next).toBe(42);

    const spans = sink.spans;
    const byId = new Map(spans.map((span) => [span.spanId, span]));
    const above = (span: ReceivedSpan | undefined): string[] => {
      const parent = byId.get(span?.parentSpanId ?? '');
      return parent ? [name(parent), ...above(parent)] : [];
    };
    /** The instrumentation and the span's kind; its name where the program gave it. */
    const name = ({ scope, kind, name }: ReceivedSpan): string =>
      scope === 'order' ? name : `${scope.replace('@opentelemetry/instrumentation-', '')} ${kind}`;
    const [server, client] = [2, 3];

    // One trace: the program's own question to itself is its root, and every span has its parent.
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    expect(spans.filter(({ parentSpanId }) => !byId.has(parentSpanId)).map(name)).toEqual([`undici ${client}`]);
    const order = spans.find((span) => span.name === 'place order');
    const chain = above(order);
    expect(chain.slice(-2)).toEqual([`http ${server}`, `undici ${client}`]);
    expect(chain.some((one) => one.startsWith('@fastify/otel'))).toBe(true);

    const query = spans.find(({ attributes }) =>
      String(attributes['db.query.text'] ?? attributes['db.statement']).includes('$1::int'),
    );
    expect(query?.kind).toBe(client);
    expect(above(query)[0]).toBe('place order');

    // Both ways of asking carried the trace, and the server that was asked went on with it.
    for (const [way, traceparent] of [
      ['undici', answer.fetched],
      ['http', answer.got],
    ] as const) {
      const [, traceId, spanId] = traceparent.split('-');
      const asking = byId.get(spanId ?? '');
      expect([asking?.traceId, asking && name(asking), above(asking)[0]]).toEqual([
        traceId,
        `${way} ${client}`,
        'place order',
      ]);
      const answering = spans.filter(({ parentSpanId, kind }) => parentSpanId === spanId && kind === server);
      expect(answering).toHaveLength(1);
    }
  },
  60_000,
);
