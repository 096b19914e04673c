import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeTraces, plainAttributes } from '../../../testkit/src/otlp-proto.js';
import { simulatedFlash } from '../../../testkit/src/simulated-flash.js';
import { compileSdk } from '../node/compile-sdk.js';
import { type QuickJsDevice, quickJsDevice } from './quickjs-device.js';

const KIB = 1024;
const folder = mkdtempSync(join(tmpdir(), 'throughline-tiny-'));
let tiny: string;
beforeAll(async () => {
  await compileSdk(join(folder, 'dist'));
  tiny = readFileSync(join(folder, 'dist/for-devices/tiny.js'), 'utf8');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a program on the device has of its own: random bytes, a clock, a flash and a way to publish. */
const ports = `
  const entropy = { fill(target) { target.set(new Uint8Array(host.random(target.length))); } };
  const clock = { wallMs: host.nowMs, monotonicMs: host.nowMs };
  const flash = {
    blockBytes: 4096,
    blockCount: 16,
    read(position, target) { target.set(new Uint8Array(host.read(position, target.length))); },
    program(position, bytes) { host.program(position, bytes.slice().buffer); },
    erase(block) { host.erase(block); },
  };
  const publish = async (topic, bytes, id) => host.publish(topic, bytes.slice().buffer, id);
`;
const program = (options: string, rest: string): string => `
  import { start } from '@throughline/sdk/tiny';
  ${ports}
  globalThis.said = [];
  globalThis.telemetry = start({
    serviceName: 'station',
    resource: { 'process.runtime.name': 'quickjs' },
    entropy, clock, publish,
    onDiagnostic: ({ code, message }) => said.push(code + ': ' + message),
    ${options}
  });
  ${rest}
`;

interface Message {
  readonly id: string;
  readonly bytes: Uint8Array;
}
const devices: QuickJsDevice[] = [];
afterAll(() => {
  for (const device of devices) device.off();
});

async function boot(flash?: ReturnType<typeof simulatedFlash>) {
  const messages: Message[] = [];
  const broker = { refuses: false };
  const device = await quickJsDevice({
    memoryBytes: 256 * KIB,
    modules: { '@throughline/sdk/tiny': tiny },
    flash,
    publish(_topic, bytes, id) {
      if (broker.refuses) throw new Error('no network');
      messages.push({ id, bytes });
    },
  });
  devices.push(device);
  const spans = () =>
    messages.flatMap(({ bytes }) =>
      decodeTraces(bytes).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
    );
  return { device, messages, broker, spans };
}

const status = (device: QuickJsDevice) => device.ask('telemetry.status()');

describe('in QuickJS with 256 KB', () => {
  test('the engine has nothing but the language, and spans leave as OTLP [S10]', async () => {
    const { device, spans, messages } = await boot();
    expect(
      device.ask(
        '[typeof TextEncoder, typeof URL, typeof crypto, typeof performance, typeof fetch, typeof setTimeout, typeof queueMicrotask].join()',
      ),
    ).toBe(Array.from({ length: 7 }, () => 'undefined').join());
    device.run(
      program(
        '',
        `telemetry.measure('wake', () => {
          for (const [name, value] of [['temperature', 21.5], ['humidity', 64]])
            telemetry.measure('reading', { attributes: { 'sensor.name': name, 'sensor.value': value } }, () => {});
        });
        try { telemetry.measure('broken', () => { throw new TypeError('the sensor is silent'); }); } catch {}
        telemetry.flush();`,
      ),
    );
    expect(device.ask('said')).toEqual([]);
    expect(messages[0]!.id).toMatch(/^[0-9a-f]{32}$/);
    expect(spans().map(({ name, attributes }) => [name, plainAttributes(attributes)])).toEqual([
      ['reading', { 'sensor.name': 'temperature', 'sensor.value': 21.5 }],
      ['reading', { 'sensor.name': 'humidity', 'sensor.value': 64n }],
      ['wake', {}],
      ['broken', {}],
    ]);
    const [reading, , wake, broken] = spans();
    expect(reading!.parentSpanId).toEqual(wake!.spanId);
    expect(broken!.status).toEqual({ code: 2, message: 'the sensor is silent' });
    expect(plainAttributes(broken!.events[0]!.attributes)).toMatchObject({ 'exception.type': 'TypeError' });
    expect(status(device)).toMatchObject({ state: 'healthy', sent: { traces: 4 } });
  });

  test('what is in flash when the power goes is sent by the next start [S10]', async () => {
    const flash = simulatedFlash({ blockBytes: 4096, blockCount: 16 });
    const first = await boot(flash);
    first.broker.refuses = true;
    first.device.run(
      program(
        'flash',
        `for (let n = 0; n < 20; n++) telemetry.tracer.startSpan('reading ' + n).end();
        telemetry.persist();
        telemetry.flush();`,
      ),
    );
    expect(status(first.device)).toMatchObject({ stored: { items: 20, durability: 'power-loss' }, state: 'degraded' });
    devices.splice(devices.indexOf(first.device), 1)[0]!.off();

    const second = await boot(flash);
    second.device.run(program('flash', 'telemetry.flush();'));
    expect(second.spans().map(({ name }) => name)).toEqual(Array.from({ length: 20 }, (_, n) => `reading ${n}`));
    expect(status(second.device)).toMatchObject({ stored: { items: 0 }, sent: { traces: 20 } });
  });

  test('memory does not grow over 100,000 spans [S10]', async () => {
    const { device } = await boot();
    device.run(
      program(
        'publish(topic, bytes, id, done) { done(); },',
        `globalThis.spans = (count) => {
          for (let n = 0; n < count; n++)
            telemetry.tracer.startSpan('reading').setAttribute('sensor.value', n / 8).end();
          telemetry.flush();
        };`,
      ),
    );
    // As many as the ring holds: a send is settled when the engine has nothing else to do.
    device.ask('spans(40)');
    const before = device.memoryUsed();
    for (let done = 0; done < 100_000; done += 40) device.ask('spans(40)');
    expect(device.memoryUsed()).toBe(before);
    expect(before).toBeLessThan(240 * KIB);
    expect(status(device)).toMatchObject({ sent: { traces: 100_040 }, stored: { items: 0 } });
    expect(device.ask('said')).toEqual([]);
  }, 120_000);

  test('a program that is out of memory loses nothing that was in flash', async () => {
    const flash = simulatedFlash({ blockBytes: 4096, blockCount: 16 });
    const { device, messages } = await boot(flash);
    device.run(program('flash', `telemetry.tracer.startSpan('before').end(); telemetry.persist();`));
    expect(() => device.run('const hoard = []; for (;;) hoard.push(new Uint8Array(1000));')).toThrow();
    device.run('telemetry.flush();');
    expect(messages).toHaveLength(1);
  });
});

test('the bundle is one file of the size that the guide says, and asks for nothing that small engines lack', async () => {
  expect(tiny.length).toBeLessThan(23_000);
  expect(gzipSync(tiny, { level: 9 }).length).toBeLessThan(10_500);
  expect(tiny).not.toMatch(
    /\b(TextEncoder|TextDecoder|URL|crypto|performance|fetch|queueMicrotask|setTimeout|structuredClone|AbortController|WeakMap|WeakRef|BigUint64Array|process|require|import|class|async|await)\b(?!["':])/,
  );
});

/** Hermes 0.12 knows neither classes nor async functions: what it takes, every engine of today takes. */
const hermes = (() => {
  try {
    const found = join(
      createRequire(import.meta.url).resolve('hermes-engine-cli/package.json'),
      `../${process.platform === 'darwin' ? 'osx-bin' : 'linux64-bin'}/hermes`,
    );
    return existsSync(found) ? found : undefined;
  } catch {
    return undefined;
  }
})();

test.skipIf(!hermes)('the same file runs in Hermes (needs hermes-engine-cli)', async () => {
  const file = join(folder, 'hermes.js');
  const script = tiny.replace(/export\{(\w+) as start\};?\s*$/, 'globalThis.start=$1;');
  writeFileSync(
    file,
    `${script}
    let seed = 1;
    const telemetry = start({
      serviceName: 'hermes',
      entropy: { fill(target) { for (let at = 0; at < target.length; at++) target[at] = (seed = (seed * 48271) % 2147483647) & 255; } },
      publish(topic, bytes, id, done) { print(id, Array.from(bytes).join()); done(); },
    });
    telemetry.measure('reading', { attributes: { 'sensor.value': 21.5 } }, () => {});
    telemetry.flush();`,
  );
  const { stdout } = await promisify(execFile)(hermes!, [file]);
  const [, bytes] = /^\S+ (\S+)/.exec(stdout)!;
  const [{ scopeSpans } = {}] = decodeTraces(Uint8Array.from(bytes!.split(',').map(Number))).resourceSpans;
  expect(scopeSpans![0]!.spans.map(({ name }) => name)).toEqual(['reading']);
});
