import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { eventually, startCollector, type TestCollector } from '../../../packages/collector/test/start-collector.js';
import { ensureBuiltSdk } from '../../../packages/sdk/test/node/compile-sdk.js';
import { type Mosquitto, startMosquitto } from '../../../packages/testkit/src/mosquitto.js';
import { pathOnMachine } from '../../../packages/testkit/src/on-this-machine.js';

const scratch = mkdtempSync(join(tmpdir(), 'throughline-station-'));
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Span {
  readonly traceID: string;
  readonly spanID: string;
  readonly operationName: string;
  readonly references: readonly { readonly spanID: string }[];
  readonly tags: readonly { readonly key: string; readonly value: unknown }[];
}
const tag = (span: Span, key: string): unknown => span.tags.find((each) => each.key === key)?.value;

/** Everything the collector has of the station, as Jaeger's clients are told it. */
async function spansOf(collector: TestCollector): Promise<readonly Span[]> {
  const answer = await fetch(`${collector.explorer}/api/traces?service=sensor-station&limit=5000&lookback=1h`);
  const { data } = (await answer.json()) as { data: { spans: Span[] }[] };
  return data.flatMap(({ spans }) => spans);
}
const countOf = async (collector: TestCollector): Promise<number> =>
  ((await (await fetch(`${collector.explorer}/api/v1/status`)).json()) as { spans: number }).spans;

describe.skipIf(!pathOnMachine('mosquitto'))('a sensor station (needs mosquitto)', () => {
  test('loses its power 50 times at any byte, and the network, and every reading arrives, each span once [S10 S11]', {
    timeout: 180_000,
  }, async () => {
    await ensureBuiltSdk();
    const { live } = await import('../simulator/live.mjs');
    const broker: Mosquitto = await startMosquitto();
    closing.push(() => broker.close());
    const data = join(scratch, 'data');
    let collector = await startCollector(['--mqtt', broker.url], { data });
    closing.push(() => collector.stop('SIGKILL'));
    await collector.said('Taking OTLP from mqtt://');
    // The same story each time; `SEED=…` tells another.
    const seed = Number(process.env.SEED ?? 7);

    const { sensors, torn, givenUp, memoryUsed } = await live({
      broker: broker.url,
      folder: scratch,
      cuts: 50,
      seed,
      async onLife(life: number) {
        if (life === 20) {
          await broker.stop();
          await broker.start();
        }
        if (life === 35) {
          await collector.stop('SIGKILL');
          collector = await startCollector(['--mqtt', broker.url], { data });
        }
      },
    });

    const note = `seed ${seed}`;
    const readings: readonly number[] = sensors.timesGiven;
    expect(sensors.confirmed.size, note).toBe(readings.length);
    expect(givenUp, note).toBe(0);
    expect(readings.length, note).toBeGreaterThan(150);
    const missing = async () => {
      const numbers = new Set((await spansOf(collector)).map((span) => tag(span, 'reading.number')));
      return readings.flatMap((_, number) => (numbers.has(number) ? [] : [number]));
    };
    await eventually(missing, (left) => left.length === 0, 20_000);
    // What else the sensors sent may still be on its way into the table.
    const { spans } = await eventually(
      async () => ({ spans: await spansOf(collector), rows: await countOf(collector) }),
      ({ spans: found, rows }) => found.length === rows,
      20_000,
    );
    // Once by the ids of spans, and no row twice in the table.
    expect(new Set(spans.map(({ traceID, spanID }) => traceID + spanID)).size, note).toBe(spans.length);
    expect(await countOf(collector), note).toBe(spans.length);
    // A reading has as many spans as the sensor was asked for it, at most: more than once only where the power went before it could be confirmed.
    for (const [number, times] of readings.entries()) {
      const own = spans.filter((span) => tag(span, 'reading.number') === number);
      expect(own.length, `reading ${number}, ${note}`).toBeGreaterThanOrEqual(1);
      expect(own.length, `reading ${number}, ${note}`).toBeLessThanOrEqual(times);
    }
    expect(torn, note).toBeGreaterThan(0);
    expect(memoryUsed, note).toBeLessThan(256 * 1024);
  });

  test('its program can be started by hand', { timeout: 90_000 }, async () => {
    await ensureBuiltSdk();
    const broker = await startMosquitto();
    closing.push(() => broker.close());
    const program = fileURLToPath(new URL('../start.mjs', import.meta.url));
    const args = [program, '--broker', broker.url, '--cuts', '3', '--seed', '5'];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(stdout).toMatch(/^A station publishes to mqtt:.* and loses its power 3 times \(seed 5\)\.\n· start 1\n/);
    expect(stdout).toMatch(/\d+ readings, all published\. The engine used \d+ KB of 256\.\n/);
  });
});
