import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { TelemetryStatus } from '../../core/options.js';
import { type HealthHandlerOptions, healthHandler } from './health-handler.js';

const status: TelemetryStatus = {
  state: 'healthy',
  queued: { items: 3, bytes: 300 },
  stored: { items: 0, bytes: 0, durability: 'memory' },
  sent: { traces: 40, metrics: 0, logs: 2 },
  rejected: 1,
  dropped: { 'queue-full': 5, 'store-full': 0, 'too-old': 0, refused: 2, 'too-large': 0, shutdown: 0, damaged: 0 },
  lastSuccessUnixMs: Date.UTC(2026, 10, 20, 12, 0, 0),
  lastError: undefined,
  destinations: [],
  openSpans: undefined,
};
const degraded: TelemetryStatus = {
  ...status,
  state: 'degraded',
  lastSuccessUnixMs: undefined,
  lastError: { message: 'connection refused', unixMs: Date.UTC(2026, 10, 20, 12, 0, 1) },
};

let close = () => {};
afterEach(() => close());

async function ask(current: TelemetryStatus, options?: HealthHandlerOptions, init?: RequestInit) {
  const server = createServer(healthHandler({ status: () => current }, options)).listen(0, '127.0.0.1');
  close = () => server.close();
  await once(server, 'listening');
  return fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/health`, init);
}

test('says healthy with queue, errors and last export [F23]', async () => {
  const answer = await ask(status);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toContain('application/json');
  expect(await answer.json()).toMatchObject({
    status: 'healthy',
    queue: { items: 3, bytes: 300 },
    sent: 42,
    rejected: 1,
    dropped: 7,
    lastExport: '2026-11-20T12:00:00.000Z',
    lastError: null,
  });
});

test('says degraded with the last error; the status code is the mounting program’s choice [F23]', async () => {
  const answer = await ask(degraded);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({
    status: 'degraded',
    lastExport: null,
    lastError: { message: 'connection refused', at: '2026-11-20T12:00:01.000Z' },
  });
  close();
  expect((await ask(degraded, { degradedStatus: 503 })).status).toBe(503);
});

test('answers HEAD without a body and refuses other methods', async () => {
  const head = await ask(status, {}, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
  close();
  expect((await ask(status, {}, { method: 'POST' })).status).toBe(405);
});
