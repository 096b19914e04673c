import { expect, test } from 'vitest';
import type { TraceAnswer } from '#shapes/api.js';
import { readTour, TOUR_STOPS } from './tour.js';

const span = (spanId: string, resource: number, changes: object): TraceAnswer['spans'][number] =>
  ({ spanId, resource, name: '', kind: 'internal', attributes: {}, ...changes }) as never;

const purchase: TraceAnswer = {
  traceId: 'a'.repeat(32),
  resources: [
    { service: 'shop-page', attributes: {} },
    { service: 'shop-edge', attributes: { 'process.runtime.name': 'workerd' } },
    { service: 'shop-api', attributes: {} },
    { service: 'shop-payment', attributes: {} },
  ],
  scopes: [],
  spans: [
    span('1', 0, { name: 'click #buy' }),
    span('2', 1, { kind: 'server' }),
    span('3', 2, { kind: 'server' }),
    span('4', 2, { attributes: { 'wasm.module': 'pricing' } }),
    span('5', 2, { attributes: { 'thread.id': 1, 'messaging.system': 'message_channel' } }),
    span('6', 3, { kind: 'server' }),
    span('7', 2, { attributes: { 'db.system.name': 'postgresql', 'db.query.text': 'SELECT 1' } }),
    span('8', 2, { attributes: { 'db.system.name': 'postgresql', 'db.query.text': 'INSERT INTO orders' } }),
    span('9', 2, { kind: 'server' }),
  ],
  stats: { elapsedMs: 0, rowsRead: 0, bytesRead: 0 },
};

test('a purchase passes every stop of the tour, each at its first span', () => {
  const tour = readTour(purchase);
  expect(TOUR_STOPS.map(({ id }) => tour.visited[id])).toEqual(['1', '2', '3', '4', '5', '6', '8']);
  expect(tour).toMatchObject({ traceId: purchase.traceId, spans: 9 });
});

test('a stop that was not passed is not marked', () => {
  const { visited } = readTour({ ...purchase, spans: purchase.spans.filter(({ resource }) => resource !== 1) });
  expect(visited.edge).toBeUndefined();
  expect(visited.page).toBe('1');
});
