import { webcrypto } from 'node:crypto';
import { expect, test } from 'vitest';
import { rootContext } from '../context/context.js';
import { createStackContextStore } from '../context/stack-context-store.js';
import { createOpenBuffer } from '../wire/open-buffer.js';
import { createRedactor } from './redact.js';
import { createSpanEncoder } from './span-encoder.js';
import type { SdkSpan, SpanProcessor } from './span-processor.js';
import { createTracerProvider } from './tracer-provider.js';

const nothing = { onStart() {}, onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} };

/** A tracer whose spans pass these processors; `text` is what left, bytes read as Latin-1. */
function setUp(...processors: SpanProcessor[]) {
  const buffer = createOpenBuffer('traces', 'normal');
  const provider = createTracerProvider({
    clock: { wallMs: Date.now, monotonicMs: () => performance.now() },
    entropy: { fill: (target) => void webcrypto.getRandomValues(target) },
    contextStore: createStackContextStore(),
    resource: { attributes: {} },
    processors: [...processors, createSpanEncoder({ normal: buffer, high: buffer, onFragment() {} })],
  });
  const text = () =>
    Buffer.from(buffer.take({ bytes: new Uint8Array(), schemaUrl: '' })?.bytes ?? []).toString('latin1');
  return { tracer: provider.getTracer('test'), text };
}

const link = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };

test('values of matching keys are not in the bytes, on spans, events and links [F26]', () => {
  const { tracer, text } = setUp(createRedactor(['password', /token$/i]));
  const span = tracer.startSpan('login', { attributes: { password: 'hunter1', user: 'ada' } });
  span.setAttribute('session.Token', 'hunter2').setAttribute('PASSWORD', 'hunter3');
  span.addEvent('retry', { password: 'hunter4', attempt: 'second' });
  span.addLink({ context: link, attributes: { 'refresh-token': 'hunter5', why: 'resumed' } });
  span.end();
  const left = text();
  expect(left).not.toContain('hunter');
  expect(left.match(/\[REDACTED\]/g)).toHaveLength(5);
  for (const kept of ['ada', 'second', 'resumed', 'session.Token', 'refresh-token']) expect(left).toContain(kept);
});

test('values of every type are replaced, arrays as a whole [F26]', () => {
  const { tracer, text } = setUp(createRedactor([/^secret/]));
  tracer.startSpan('s', { attributes: { 'secret.list': ['hunter1', 'hunter2'], 'secret.pin': 987654321 } }).end();
  expect(text()).not.toContain('hunter');
});

test('a string matches a whole key in any case, never a part of one', () => {
  const { tracer, text } = setUp(createRedactor(['Secret']));
  tracer
    .startSpan('s', {
      attributes: { secret: 'hunter1', SECRET: 'hunter2', 'secret.count': 'kept1', nosecret: 'kept2' },
    })
    .end();
  const left = text();
  expect(left).not.toContain('hunter');
  expect(left).toContain('kept1');
  expect(left).toContain('kept2');
});

test.each([
  ['global', /pass/g],
  ['sticky', /pass/y],
  ['global and sticky', /pass/gy],
])('a %s pattern matches every time and its own state stays', (_kind, pattern) => {
  pattern.lastIndex = 3;
  const { tracer, text } = setUp(createRedactor([pattern]));
  for (let i = 0; i < 3; i++)
    tracer.startSpan('s', { attributes: { [`pass${i}`]: 'hunter', passphrase: 'hunter' } }).end();
  expect(text()).not.toContain('hunter');
  expect(pattern.lastIndex).toBe(3);
});

test('objects of the program are not changed', () => {
  const { tracer, text } = setUp(createRedactor(['password']));
  const attributes = { password: 'hunter2' };
  const span = tracer.startSpan('s', { attributes, links: [{ context: link, attributes }] });
  span.addEvent('e', attributes);
  span.end();
  expect(attributes).toEqual({ password: 'hunter2' });
  expect(text()).not.toContain('hunter');
});

test('what an earlier processor adds is redacted too', () => {
  const adds: SpanProcessor = {
    ...nothing,
    onEnding: (span: SdkSpan) => void span.setAttribute('password', 'hunter2'),
  };
  const { tracer, text } = setUp(adds, createRedactor(['password']));
  tracer.startSpan('s').end();
  expect(text()).toContain('[REDACTED]');
});

test('a processor of the program that deletes an attribute changes the bytes that leave [F26]', () => {
  const removes: SpanProcessor = {
    ...nothing,
    onEnding(span) {
      delete span.attributes.password;
      for (const event of span.events) delete event.attributes?.secret;
    },
  };
  const { tracer, text } = setUp(removes);
  const span = tracer.startSpan('s', { attributes: { password: 'hunter1', user: 'ada' } }, rootContext);
  span.addEvent('e', { secret: 'hunter2', size: 'large' });
  span.end();
  const left = text();
  for (const gone of ['password', 'secret', 'hunter']) expect(left).not.toContain(gone);
  for (const kept of ['user', 'ada', 'large']) expect(left).toContain(kept);
});

test('a processor of the program can remove whole events and links, and rename the span [F26]', () => {
  const { tracer, text } = setUp({
    ...nothing,
    onEnding(span) {
      span.events.length = 0;
      span.links.splice(0, 1);
      span.updateName('renamed');
    },
  });
  const span = tracer.startSpan('original', {
    links: [
      { context: link, attributes: { first: 'gone1' } },
      { context: link, attributes: { second: 'kept' } },
    ],
  });
  span.addEvent('gone2');
  span.end();
  const left = text();
  for (const gone of ['gone', 'original']) expect(left).not.toContain(gone);
  for (const kept of ['kept', 'renamed']) expect(left).toContain(kept);
});

test('a program that makes up keys does not fill the memory of decisions', () => {
  const { tracer, text } = setUp(createRedactor(['password']));
  for (let i = 0; i < 3_000; i++) tracer.startSpan('s', { attributes: { [`key${i}`]: 1 } }).end();
  tracer.startSpan('s', { attributes: { password: 'hunter2' } }).end();
  expect(text()).not.toContain('hunter');
});
