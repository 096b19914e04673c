import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundlePage } from './support/bundle-page.js';
import { chromiumPath, launchChromium } from './support/chromium.js';
import { openPage } from './support/open-page.js';

describe.skipIf(!chromiumPath)('a page sends what it records', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  test('ids of 16 and 8 random bytes, attributes of every kind, events, an error, a parent and a duration arrive [B1]', async () => {
    await using opened = await openPage(browser, {
      script: `
        import { start } from '@throughline/sdk/web/bare';
        const { tracer, flush } = start({ serviceName: 'page', serviceVersion: '1.2', environment: 'test', endpoint: 'COLLECTOR' });
        tracer.startActiveSpan('parent', { attributes: { s: 'é\\u{1F600}', i: 42, f: 1.5, b: false, list: ['a', 'b'] } }, (parent) => {
          const child = tracer.startSpan('child', { kind: 2 });
          child.addEvent('event', { n: 1 });
          child.recordException(new RangeError('too far'));
          child.setStatus({ code: 2, message: 'too far' });
          setTimeout(() => { child.end(); parent.end(); flush(); }, 30);
        });`,
    });
    const child = await opened.sink.span('child');
    const parent = await opened.sink.span('parent');
    expect(parent.traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    expect(parent.spanId).toMatch(/^(?!0{16})[0-9a-f]{16}$/);
    expect(child).toMatchObject({ traceId: parent.traceId, parentSpanId: parent.spanId, kind: 3 });
    expect(child.spanId).not.toBe(parent.spanId);
    expect(parent.parentSpanId).toBe('');
    expect(parent.attributes).toEqual({ s: 'é😀', i: 42, f: 1.5, b: false, list: ['a', 'b'] });
    expect(child.events.map((event) => event.name)).toEqual(['event', 'exception']);
    expect(child.events[1]!.attributes).toMatchObject({
      'exception.type': 'RangeError',
      'exception.message': 'too far',
    });
    expect(child.status).toEqual({ code: 2, message: 'too far' });
    expect(Number(child.endNano - child.startNano)).toBeGreaterThan(25e6);
    expect(child.startNano).toBeGreaterThanOrEqual(parent.startNano);
    expect(Math.abs(Number(parent.endNano / 1_000_000n) - Date.now())).toBeLessThan(60_000);
    expect(parent.resource).toMatchObject({
      'service.name': 'page',
      'service.version': '1.2',
      'deployment.environment.name': 'test',
      'user_agent.original': expect.stringContaining('Chrome'),
      'browser.language': expect.any(String),
    });
    expect(opened.pageErrors).toEqual([]);
  });

  test('a batch leaves when it is full, and a smaller one when it is old enough [B2]', async () => {
    await using opened = await openPage(browser, {
      script: `
        import { start } from '@throughline/sdk/web/bare';
        const { tracer } = start({ endpoint: 'COLLECTOR', batch: { maxItems: 4, maxAgeMs: 60 } });
        for (let n = 0; n < 9; n++) tracer.startSpan('span ' + n).end();`,
    });
    await opened.sink.until((spans) => spans.length === 9);
    const posts = opened.sink.requests.filter((request) => request.method === 'POST');
    expect(posts).toHaveLength(3);
    expect(posts.every((post) => post.url.startsWith('/v1/traces'))).toBe(true);
    expect(posts.every((post) => post.headers['content-type'] === 'application/x-protobuf')).toBe(true);
    expect(new Set(opened.sink.spans.map((span) => span.name)).size).toBe(9);
  });

  test('flush() sends at once and resolves when everything was taken [B2 F7]', async () => {
    await using opened = await openPage(browser, {
      script: `
        import { start } from '@throughline/sdk/web/bare';
        window.telemetry = start({ endpoint: 'COLLECTOR', batch: { maxAgeMs: 3_600_000 } });
        telemetry.tracer.startSpan('flushed').end();`,
    });
    expect(await opened.page.evaluate('telemetry.flush()')).toBe(true);
    expect(opened.sink.spans.map((span) => span.name)).toEqual(['flushed']);
    expect(await opened.page.evaluate('telemetry.status().sent.traces')).toBe(1);
  });

  test('OTLP/JSON leaves when its encoder is handed over [B2]', async () => {
    await using opened = await openPage(browser, {
      script: `
        import { otlpJson, start } from '@throughline/sdk/web/bare';
        const { tracer, flush } = start({ serviceName: 'page', endpoint: 'COLLECTOR', encoding: otlpJson });
        tracer.startSpan('as JSON', { attributes: { i: 7, s: 'x' } }).end();
        flush();`,
    });
    const span = await opened.sink.span('as JSON');
    expect(span).toMatchObject({ attributes: { i: 7, s: 'x' }, resource: { 'service.name': 'page' } });
    expect(opened.sink.requests.at(-1)!.headers['content-type']).toBe('application/json');
  });

  test('a body is compressed by the browser when asked to [B2 S1]', async () => {
    await using opened = await openPage(browser, {
      script: `
        import { gzip, start } from '@throughline/sdk/web/bare';
        const { tracer, flush } = start({ endpoint: 'COLLECTOR', compressor: gzip() });
        for (let n = 0; n < 50; n++) tracer.startSpan('compressed', { attributes: { text: 'again and again and again' } }).end();
        flush();`,
    });
    await opened.sink.until((spans) => spans.length === 50);
    const post = opened.sink.requests.at(-1)!;
    expect(post.headers['content-encoding']).toBe('gzip');
    expect(post.bytes.length).toBeLessThan(50 * 50);
  });

  test('a collector that is away is reported and nothing is thrown into the page [B2 F2 F15 F16]', async () => {
    await using opened = await openPage(browser, {
      script: `
        import { start } from '@throughline/sdk/web/bare';
        window.said = [];
        window.telemetry = start({ endpoint: 'http://127.0.0.1:9', onDiagnostic: (diagnostic) => said.push(diagnostic) });
        telemetry.tracer.startSpan('lost').end();`,
    });
    expect(await opened.page.evaluate('telemetry.flush({ timeoutMs: 500 })')).toBe(false);
    const status = (await opened.page.evaluate('telemetry.status()')) as {
      state: string;
      queued: { items: number };
      lastError?: { message: string };
    };
    expect(status.state).toBe('degraded');
    expect(status.queued.items).toBe(1);
    expect(status.lastError?.message).toContain('http://127.0.0.1:9');
    expect(opened.pageErrors).toEqual([]);
  });

  test('a second start is the first telemetry and starts nothing twice [F2]', async () => {
    await using opened = await openPage(browser, {
      body: '<button id="go">Go</button>',
      script: `
        import { start } from '@throughline/sdk/web';
        window.said = [];
        const options = { endpoint: 'COLLECTOR', pageLoad: false, onDiagnostic: (diagnostic) => said.push(diagnostic.code) };
        window.telemetry = start(options);
        window.same = start(options) === telemetry;`,
    });
    expect(await opened.page.evaluate('same')).toBe(true);
    expect(await opened.page.evaluate('said')).toContain('started-twice');
    await opened.page.click('#go');
    await opened.page.evaluate('new Promise((resolve) => setTimeout(resolve, 150)).then(() => telemetry.flush())');
    expect(opened.sink.spans.map((span) => span.name)).toEqual(['click #go']);
  });

  test('a collector on another origin is asked once, not for every batch [B2]', async () => {
    await using opened = await openPage(browser, {
      script: `
        import { start } from '@throughline/sdk/web/bare';
        window.telemetry = start({ endpoint: 'COLLECTOR' });
        for (const name of ['first', 'second', 'third']) {
          telemetry.tracer.startSpan(name).end();
          await telemetry.flush();
        }`,
    });
    await opened.sink.span('third');
    expect(opened.sink.requests.map((request) => request.method)).toEqual(['OPTIONS', 'POST', 'POST', 'POST']);
  });

  test('protobuf under text/plain reaches another origin without a preflight, and carries its batch id [B2]', async () => {
    await using opened = await openPage(browser, {
      script: `
        import { start } from '@throughline/sdk/web/bare';
        const { tracer, flush } = start({ endpoint: 'COLLECTOR', plainText: true });
        tracer.startSpan('unasked').end();
        flush();`,
    });
    await opened.sink.span('unasked');
    expect(opened.sink.requests.map((request) => request.method)).toEqual(['POST']);
    const [post] = opened.sink.requests;
    expect(post!.headers['content-type']).toBe('text/plain');
    expect(post!.url).toMatch(/^\/v1\/traces\?tl-batch=[0-9a-f]{32}$/);
  });

  test('the bundle of a page holds no @opentelemetry package and nothing a content security policy refuses [B1 B12]', async () => {
    const { code, inputs } = await bundlePage(
      `import { start } from '@throughline/sdk/web'; start({ serviceName: 'page' });`,
    );
    expect(inputs.filter((path) => path.includes('node_modules'))).toEqual([]);
    expect(code).not.toMatch(/\beval\(|new Function|node:|process\.env/);
    await using opened = await openPage(browser, {
      headers: { 'content-security-policy': "default-src 'self'; connect-src *; img-src data:" },
      script: `
        import { start } from '@throughline/sdk/web';
        const { tracer, flush } = start({ endpoint: 'COLLECTOR' });
        tracer.startSpan('under a policy').end();
        flush();`,
    });
    await opened.sink.span('under a policy');
  });

  test('a page that uses the OpenTelemetry API is traced through it, also by a tracer taken before the start [B1 F6]', async () => {
    await using opened = await openPage(browser, {
      script: `
        import * as api from '@opentelemetry/api';
        import { start } from '@throughline/sdk/web/bare';
        const early = api.trace.getTracer('early');
        const telemetry = start({ endpoint: 'COLLECTOR', api: [api] });
        early.startActiveSpan('outer', (outer) => {
          api.trace.getTracer('late').startSpan('inner').end();
          outer.end();
        });
        telemetry.flush();`,
    });
    const inner = await opened.sink.span('inner');
    const outer = await opened.sink.span('outer');
    expect(inner.parentSpanId).toBe(outer.spanId);
  });
});
