import { expect, test } from 'vitest';
import { groupAttributes } from './attribute-groups.js';
import { drawTrace } from './made-trace.test-helper.js';
import { spanMatcher } from './match-span.js';
import { placeName, runtimeName, systemName } from './runtime-name.js';

const answer = drawTrace([
  {
    id: '00f067aa0ba902b7',
    name: 'POST /cart',
    at: 0,
    took: 300,
    kind: 'server',
    process: 1,
    error: true,
    attributes: {
      'http.route': '/cart',
      'http.response.status_code': 502,
      big: { $int: '9007199254740993' },
      'shop.items': ['lamp', 'chair'],
    },
  },
]);
const candidate = {
  span: answer.spans[0]!,
  resource: answer.resources[1]!,
  scope: answer.scopes[0]!,
  traceId: answer.traceId,
};
const matches = (text: string): boolean => spanMatcher(text)(candidate);

test.each([
  ['service=api', true],
  ['service!=api', false],
  ['status=ERROR kind=server', true],
  ['duration>250ms duration<=300ms', true],
  ['duration>1s', false],
  ['http.response.status_code>=500', true],
  ['http.response.status_code<500', false],
  ['missing<500', false],
  ['missing!=x', true],
  ['http.route?', true],
  ['-http.route?', false],
  ['http.route=~"^/c"', true],
  ['http.route!~cart$', false],
  ['http.route=~"("', false],
  ['resource.service.name=api', true],
  ['span.service.name=api', false],
  ['service.name=api', true],
  ['big=9007199254740993', true],
  ['scope=test', true],
  ['cart', true],
  ['CART', true],
  ['chair', true],
  ['00f067aa0ba902b7', true],
  ['-chair', false],
  ['nowhere', false],
  ['duration>', false],
])('searching inside a trace for %s', (text, expected) => {
  expect(matches(text)).toBe(expected);
});

test('attributes are grouped by namespace and narrowed by key or value', () => {
  const groups = groupAttributes(candidate.span.attributes);
  expect(groups.map((group) => [group.name, group.rows.map((row) => row.rest)])).toEqual([
    ['http', ['response.status_code', 'route']],
    ['', ['big', 'shop.items']],
  ]);
  expect(
    groupAttributes(candidate.span.attributes, 'lamp').flatMap((group) => group.rows.map((row) => row.key)),
  ).toEqual(['shop.items']);
});

test('a process is called by what it runs in', () => {
  expect(runtimeName({ 'telemetry.sdk.language': 'webjs' })).toBe('page');
  expect(runtimeName({ 'process.runtime.name': 'nodejs', 'process.runtime.version': '20.19.4' })).toBe('Node.js 20.19');
  expect(runtimeName({ 'process.runtime.name': 'cpython', 'telemetry.sdk.language': 'python' })).toBe('Python');
  expect(runtimeName({})).toBe('');
  expect(systemName({ 'db.system.name': 'postgresql' })).toBe('PostgreSQL');
  expect(systemName({ 'db.system': 'tigerbeetle' })).toBe('tigerbeetle');
});

test('a thread and a WebAssembly module are places of their own inside of a process', () => {
  expect(placeName({ 'thread.id': 3, 'messaging.system': 'message_channel' })).toBe('thread 3');
  expect(placeName({ 'wasm.module': 'pricing', 'thread.id': 3 })).toBe('WebAssembly pricing');
  // Spans inside of the thread are below the one that says so; Java writes the attribute on every span.
  expect(placeName({ 'thread.id': 3 })).toBe('');
});
