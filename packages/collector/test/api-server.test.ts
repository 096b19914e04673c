import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiError } from '../src/shapes/api.js';
import type { QueryOptions, Store } from '../src/store/store.js';
import { getFrom } from './get-from.js';
import { openTestStore, type TestStore } from './open-test-store.js';
import { traceIdOf } from './plant-spans.js';
import { type ServedApi, serveApi } from './serve-api.js';

/* What the server in front of the questions does: whom it answers, how, and for how long. */

let opened: TestStore;
let api: ServedApi;
beforeAll(async () => {
  opened = await openTestStore();
  api = await serveApi({ store: opened.store });
}, 60_000);
afterAll(async () => {
  await api?.close();
  await opened?.close();
});

const get = (path: string, options: Partial<Parameters<typeof getFrom>[1]> = {}) =>
  getFrom(path, { port: api.port, ...options });

describe('the server', () => {
  test('a foreign name in Host is refused, so that a page elsewhere cannot read by rebinding its name', async () => {
    const refused = await get('/api/v1/status', { headers: { host: 'evil.example:4319' } });
    expect(refused.status).toBe(421);
    expect(refused.json<ApiError>().error).toMatchObject({
      code: 'foreign-host',
      hint: expect.stringMatching(/--allow-host/),
    });
    for (const host of ['localhost:4319', 'shop.localhost', '127.0.0.1', '[::1]:4319', '192.168.1.9:4319']) {
      expect((await get('/api/v1/status', { headers: { host } })).status, host).toBe(200);
    }
    for (const host of [
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'evil.example#localhost',
      'evil.example/localhost',
    ]) {
      expect((await get('/api/v1/status', { headers: { host } })).status, host).toBeGreaterThanOrEqual(400);
    }
  });

  test('a configured name is taken', async () => {
    const named = await serveApi({ store: opened.store, allowedHosts: ['Traces.example'] });
    try {
      expect((await get('/api/v1/status', { port: named.port, headers: { host: 'traces.example:80' } })).status).toBe(
        200,
      );
    } finally {
      await named.close();
    }
  });

  test('HEAD gives the headers alone, OPTIONS what is allowed', async () => {
    const head = await get('/api/v1/services', { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(head.body.length).toBe(0);
    expect(Number(head.headers['content-length'])).toBeGreaterThan(10);
    const options = await get('/api/v1/services', { method: 'OPTIONS' });
    expect(options.status).toBe(204);
    expect(options.headers.allow).toBe('GET, HEAD, OPTIONS');
    expect(options.headers['content-length']).toBeUndefined();
  });

  test('a big answer is packed for whoever is not on this machine', async () => {
    const plain = await get('/api/v1/openapi.json', { headers: { 'accept-encoding': 'gzip' } });
    expect(plain.headers['content-encoding']).toBeUndefined();
    const packed = await get('/api/v1/openapi.json', {
      headers: { 'accept-encoding': 'br, gzip', 'x-forwarded-for': '10.0.0.9' },
    });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(packed.body).toString()).toBe(plain.body.toString());
    const refused = await get('/api/v1/openapi.json', { headers: { 'accept-encoding': 'gzip;q=0', via: '1.1 proxy' } });
    expect(refused.headers['content-encoding']).toBeUndefined();
  });

  test('a client that leaves stops its question', async () => {
    let asked: (signal: AbortSignal) => void = () => undefined;
    const signal = new Promise<AbortSignal>((resolve) => {
      asked = resolve;
    });
    const store: Store = {
      ...opened.store,
      query: (_sql, options) => {
        asked(options!.abort!);
        return new Promise(() => undefined);
      },
    };
    const slow = await serveApi({ store });
    try {
      const leaving = new AbortController();
      const left = fetch(`${slow.origin}/api/v1/services`, { signal: leaving.signal }).catch(() => 'left');
      const abort = await signal;
      expect(abort.aborted).toBe(false);
      const stopped = new Promise((resolve) => abort.addEventListener('abort', resolve));
      leaving.abort();
      await stopped;
      expect(await left).toBe('left');
    } finally {
      await slow.close();
    }
  });

  test('the time of a question is that of all its statements together', async () => {
    const limits: (number | undefined)[] = [];
    const slow = {
      ...opened.store,
      query: async (_sql: string, options?: QueryOptions) => {
        limits.push(options?.maxExecutionMs);
        await new Promise((done) => setTimeout(done, (options?.maxExecutionMs ?? 0) * 0.6));
        return { rows: [{ total: '1' }], stats: { elapsedMs: 1, rowsRead: 1, bytesRead: 1 } };
      },
    } as unknown as Store;
    const bounded = await serveApi({ store: slow, maxExecutionMs: 1_000 });
    expect((await get('/api/v1/attributes', { port: bounded.port })).status).toBe(200);
    await bounded.close();
    // A count, then keys of spans and of resources together.
    expect(limits).toHaveLength(3);
    for (const limit of limits.slice(1)) expect(limit).toBeLessThan(600);
  });

  test('an engine that gives up is a 503 with what to do, a mistake of ours a 500 that shows nothing', async () => {
    const { StoreError } = await import('../src/store/store.js');
    const failing = (error: Error) => ({ ...opened.store, query: () => Promise.reject(error) }) as Store;
    const seen: unknown[] = [];
    for (const [error, status, code] of [
      [new StoreError('timeout', 'x', true), 503, 'timeout'],
      [new StoreError('busy', 'x', true), 503, 'busy'],
      [new StoreError('too-much-memory', 'while executing replaceRegexpOne', true), 503, 'too-much-memory'],
      [new StoreError('away', 'x', true), 503, 'store-away'],
      [new TypeError('secret'), 500, 'internal'],
    ] as const) {
      const broken = await serveApi({ store: failing(error), onError: (problem) => seen.push(problem) });
      const answer = await get('/api/v1/services', { port: broken.port });
      expect(answer.status).toBe(status);
      expect(answer.json<ApiError>().error.code).toBe(code);
      expect(answer.body.toString()).not.toMatch(/secret/);
      await broken.close();
    }
    expect(seen).toHaveLength(1);
  });
});

describe("the explorer's files", () => {
  test('files are served with their rules, other addresses are the page', async () => {
    const around = mkdtempSync(join(tmpdir(), 'throughline-explorer-'));
    const dir = join(around, 'explorer');
    mkdirSync(join(dir, 'assets'), { recursive: true });
    writeFileSync(join(dir, 'index.html'), '<!doctype html><title>page</title>');
    writeFileSync(join(dir, 'assets', 'main-abc.js'), 'export {}');
    writeFileSync(join(around, 'outside.txt'), 'outside');
    const served = await serveApi({ store: opened.store, explorerDir: dir });
    try {
      const page = await get('/', { port: served.port });
      expect(page.headers['content-security-policy']).toMatch(/default-src 'self'/);
      expect(page.headers['cache-control']).toBe('no-cache');
      const deep = await get(`/trace/${traceIdOf(1)}?span=x`, { port: served.port });
      expect(deep.body.toString()).toBe(page.body.toString());
      expect((await get('/services/api.v2', { port: served.port })).status).toBe(200);
      const again = await get('/', { port: served.port, headers: { 'if-none-match': String(page.headers.etag) } });
      expect([again.status, again.body.length]).toEqual([304, 0]);
      expect(again.headers['content-length']).toBeUndefined();
      const script = await get('/assets/main-abc.js', { port: served.port });
      expect(script.headers['cache-control']).toMatch(/immutable/);
      expect(script.headers['content-type']).toMatch(/javascript/);
      expect((await get('/assets/gone.js', { port: served.port })).status).toBe(404);
      for (const path of [
        '/../outside.txt',
        '/%2e%2e/outside.txt',
        '/..%2foutside.txt',
        '/assets/..%2f..%2foutside.txt',
      ]) {
        expect((await get(path, { port: served.port })).body.toString(), path).not.toBe('outside');
      }
    } finally {
      await served.close();
      rmSync(around, { recursive: true });
    }
  });

  test('without a built explorer a page says how to build it', async () => {
    const answer = await get('/search');
    expect(answer.status).toBe(503);
    expect(answer.body.toString()).toMatch(/npm run build/);
  });
});
