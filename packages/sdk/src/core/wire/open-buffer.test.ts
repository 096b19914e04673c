import { expect, test } from 'vitest';
import { decodeTraces } from '../../../../testkit/src/otlp-proto.js';
import { traceRig } from '../../../../testkit/src/trace-rig.js';
import { createOpenBuffer, type FragmentBuffer } from './open-buffer.js';
import { encodeResource } from './resource.js';
import { encodeScope } from './scope.js';

const resource = encodeResource({ 'service.name': 'shop', 'host.name': 'h' }, 'https://resource');
const a = encodeScope({ name: 'a', schemaUrl: 'https://a' });
const b = encodeScope({ name: 'b' });

/** A span that has nothing but a name. */
function write(buffer: FragmentBuffer, scope: ReturnType<typeof encodeScope>, name: string): boolean {
  let at = buffer.reserve(name.length + 8);
  const { bytes } = buffer;
  bytes[at++] = 0x12;
  bytes[at++] = name.length + 2;
  bytes[at++] = 0x2a;
  bytes[at++] = name.length;
  for (const char of name) bytes[at++] = char.charCodeAt(0);
  return buffer.commit(scope, at);
}

test('nothing written, nothing taken', () => {
  const buffer = createOpenBuffer('traces', 'normal');
  expect(buffer.take(resource)).toBeUndefined();
  expect([buffer.items, buffer.byteLength]).toEqual([0, 0]);
});

test('a batch is a complete request: resource, scopes with their fragments, schema URLs', () => {
  const buffer = createOpenBuffer('traces', 'high');
  expect([buffer.signal, buffer.priority]).toEqual(['traces', 'high']);
  for (const [scope, name] of [
    [a, '1'],
    [b, '2'],
    [a, '3'],
    [a, '4'],
    [b, '5'],
  ] as const)
    write(buffer, scope, name);
  expect(buffer.items).toBe(5);
  const batch = buffer.take(resource)!;
  expect(batch.items).toBe(5);
  const [only] = decodeTraces(batch.bytes).resourceSpans;
  expect(only!.schemaUrl).toBe('https://resource');
  expect(only!.resource!.attributes.map(({ key }) => key)).toEqual(['service.name', 'host.name']);
  expect(
    only!.scopeSpans.map(({ scope, schemaUrl, spans }) => [scope!.name, schemaUrl, spans.map(({ name }) => name)]),
  ).toEqual([
    ['a', 'https://a', ['1', '3', '4']],
    ['b', undefined, ['2', '5']],
  ]);
});

test('a batch that was taken is never written to again', () => {
  const buffer = createOpenBuffer('traces', 'normal');
  for (const size of [3, 40, 500, 500, 40, 500, 3, 500]) {
    for (let i = 0; i < size; i++) write(buffer, a, `first-${i}`);
    const batch = buffer.take(resource)!;
    const copy = batch.bytes.slice();
    for (let i = 0; i < size * 2; i++) write(buffer, i % 2 ? a : b, `other-${i}`);
    buffer.take(encodeResource({ other: 'resource '.repeat(100) }));
    expect(batch.bytes).toEqual(copy);
    const { spans } = decodeTraces(batch.bytes).resourceSpans[0]!.scopeSpans[0]!;
    expect(spans.map(({ name }) => name)).toEqual(Array.from({ length: size }, (_, i) => `first-${i}`));
  }
});

test('byteLength never says less than the scopes and fragments take, and little more', () => {
  const buffer = createOpenBuffer('traces', 'normal');
  const empty = { bytes: new Uint8Array(0), schemaUrl: '' };
  for (let i = 0; i < 300; i++) write(buffer, i % 3 ? a : b, `span-${i}`);
  const said = buffer.byteLength;
  const { length } = buffer.take(empty)!.bytes;
  expect(said).toBeGreaterThanOrEqual(length - 8);
  expect(said).toBeLessThan(length + 16);
});

test('a fragment that did not fit its bound is not kept', () => {
  const buffer = createOpenBuffer('traces', 'normal');
  write(buffer, a, 'kept');
  const at = buffer.reserve(10);
  expect(buffer.commit(a, at + 1_000_000)).toBe(false);
  expect(buffer.items).toBe(1);
  write(buffer, a, 'after');
  const { spans } = decodeTraces(buffer.take(resource)!.bytes).resourceSpans[0]!.scopeSpans[0]!;
  expect(spans.map(({ name }) => name)).toEqual(['kept', 'after']);
});

test('what one span is larger than the buffer does not lose it, nor its neighbours', () => {
  const rig = traceRig();
  rig.tracer.startSpan('before').end();
  rig.tracer.startSpan('large', { attributes: { text: 'ü'.repeat(300_000) } }).end();
  rig.tracer.startSpan('after').end();
  const spans = rig.spans();
  expect(spans.map(({ name }) => name)).toEqual(['before', 'large', 'after']);
  expect(spans[1]!.attributes[0]!.value!.stringValue).toHaveLength(300_000);
});

test('sealed batches keep little more memory than their bytes', () => {
  const rig = traceRig();
  let bytes = 0;
  let kept = 0;
  for (let batch = 0; batch < 8; batch++) {
    for (let i = 0; i < 512; i++) rig.tracer.startSpan('GET /', { attributes: { n: i, path: `/${i}` } }).end();
    const sealed = rig.normal.take(resource)!.bytes;
    bytes += sealed.length;
    kept += sealed.buffer.byteLength;
  }
  expect(kept / bytes).toBeLessThan(1.12);
});
