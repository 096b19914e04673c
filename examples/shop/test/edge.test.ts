import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasWorkerd } from '../../../packages/sdk/test/cloudflare/support/workerd.js';
import { sdkFromSource } from '../../../packages/sdk/test/web/support/bundle-page.js';
import { type OtlpSink, startOtlpSink } from '../../../packages/sdk/test/web/support/otlp-sink.js';
import { readBody, type Served, serve } from '../../../packages/sdk/test/web/support/serve.js';
import { startWorker } from '../edge/start-worker.mjs';

/*
 * The Worker before the shop's API, in Cloudflare's runtime, with an API that says what it was asked. Together with everything else it stands in the story.
 */

describe.skipIf(!hasWorkerd)("the shop's Worker (needs workerd)", () => {
  let sink: OtlpSink;
  let api: Served;
  let folder: string;
  let edge: { url: string; stop(): Promise<void> };
  const asked: string[] = [];
  const said: string[] = [];
  let status = 200;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'throughline-shop-edge-'));
    const script = join(folder, 'worker.js');
    await build({
      entryPoints: [fileURLToPath(new URL('../edge/worker.mjs', import.meta.url))],
      outfile: script,
      bundle: true,
      format: 'esm',
      target: 'es2022',
      external: ['node:*'],
      logLevel: 'silent',
      plugins: [sdkFromSource],
    });
    sink = await startOtlpSink();
    api = await serve(async (request, response) => {
      const body = (await readBody(request)).toString();
      asked.push(`${request.method} ${request.url} ${body}`.trim());
      response.writeHead(status, { 'content-type': 'application/json', 'x-api': 'yes' });
      response.end(JSON.stringify({ asked: asked.length, traceparent: request.headers.traceparent }));
    });
    edge = await startWorker({
      script: pathToFileURL(script),
      apiUrl: api.origin,
      collectorUrl: sink.url,
      port: 0,
      onLine: (line: string) => said.push(line),
    });
  }, 60_000);
  afterAll(async () => {
    await edge?.stop();
    await Promise.all([api?.close(), sink?.close()]);
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const ask = async (path: string, init?: RequestInit) => {
    const answer = await fetch(`${edge.url}${path}`, init);
    return { status: answer.status, kept: answer.headers.get('x-edge'), body: await answer.json() };
  };

  test('what many look at is asked for once, and not where it went wrong', async () => {
    status = 404;
    expect(await ask('/api/products/none')).toMatchObject({ status: 404, kept: null });
    status = 200;
    const [first] = [await ask('/api/products/mug')];
    await sink.span('put PRODUCTS');
    const second = await ask('/api/products/mug');
    expect([first!.kept, second.kept]).toEqual([null, 'kept']);
    expect(second.body).toEqual(first!.body);
    expect(await ask('/api/products/none')).toMatchObject({ status: 200, kept: null });
    expect(asked.filter((one) => one.includes('mug'))).toEqual(['GET /api/products/mug']);
  });

  test('everything else is passed on as it is, below a span of its route', async () => {
    asked.length = 0;
    const headers = { 'content-type': 'application/json', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
    const { body } = await ask('/api/carts/7/items?x=1', { method: 'POST', headers, body: '{"quantity":1}' });
    expect(asked).toEqual(['POST /api/carts/7/items?x=1 {"quantity":1}']);
    const request = await sink.span('POST /api/carts/:id/items');
    expect([request.traceId, request.parentSpanId]).toEqual(['a'.repeat(32), 'b'.repeat(16)]);
    const call = (await sink.span('POST'))!;
    expect(call.parentSpanId).toBe(request.spanId);
    expect((body as { traceparent: string }).traceparent).toContain(call.spanId);
  });

  test('files and health leave no spans', async () => {
    await ask('/assets/index.js');
    await ask('/health/telemetry');
    await ask('/config.json');
    const config = await sink.span('GET /config.json');
    const paths = sink.spans.map(({ attributes }) => String(attributes['url.path'] ?? attributes['url.full']));
    expect(paths.filter((path) => /assets|health/.test(path))).toEqual([]);
    expect(config.resource['service.name']).toBe('shop-edge');
  });

  test('an API that is away is a sentence and an error', async () => {
    await api.close();
    expect(await ask('/api/carts/1')).toMatchObject({ status: 502, body: { error: 'api-unavailable' } });
    const request = await sink.span('GET /api/carts/:id');
    expect([request.status.code, request.attributes['error.type']]).toEqual([2, '502']);
    expect(said.join('\n')).toContain('shop-edge: the API does not answer');
    // What was kept is still there.
    expect(await ask('/api/products/mug')).toMatchObject({ status: 200, kept: 'kept' });
  });
});
