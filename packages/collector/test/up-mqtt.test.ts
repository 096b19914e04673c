import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Mosquitto, startMosquitto } from '../../testkit/src/mosquitto.js';
import { pathOnMachine } from '../../testkit/src/on-this-machine.js';
import type { Status } from '../src/shapes/api.js';
import { encodeTraces } from './otlp-proto.js';
import { eventually, runCli, startCollector, type TestCollector } from './start-collector.js';

const scratch = mkdtempSync(join(tmpdir(), 'throughline-up-mqtt-'));
const running: TestCollector[] = [];
async function up(...given: Parameters<typeof startCollector>): Promise<TestCollector> {
  const collector = await startCollector(...given);
  running.push(collector);
  return collector;
}
afterEach(async () => {
  await Promise.all(running.splice(0).map((collector) => collector.stop('SIGKILL')));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const reading = (number: number): Buffer =>
  Buffer.from(
    encodeTraces({
      resourceSpans: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'station' } }] },
          scopeSpans: [
            {
              spans: [
                {
                  traceId: Buffer.alloc(16, number + 1),
                  spanId: Buffer.alloc(8, number + 1),
                  name: `reading ${number}`,
                  startTimeUnixNano: String(BigInt(Date.now()) * 1_000_000n),
                  endTimeUnixNano: String(BigInt(Date.now()) * 1_000_000n + 5_000n),
                },
              ],
            },
          ],
        },
      ],
    }),
  );

test.each([
  [['--mqtt', 'broker:1883'], '--mqtt must be an address like mqtt://user:password@host:1883'],
  [['--mqtt', 'http://me:secret@broker'], 'not "http://…@broker".'],
  [['--mqtt', 'mqtt://broker', '--mqtt-topic', 'a/#'], '--mqtt-topic is what stands in front of /v1/traces'],
  [
    ['--mqtt', 'mqtts://broker', '--mqtt-ca', 'nowhere.pem'],
    'nowhere.pem (--mqtt-ca) cannot be read: there is no such file.',
  ],
])('what cannot be is said before anything starts: %j', async (args, said) => {
  const ended = await runCli(['up', '--data', join(scratch, 'never'), ...args]);
  expect(ended.code).toBe(1);
  expect(ended.stderr).toContain(said);
  expect(ended.stderr).not.toContain('secret');
});

describe.skipIf(!pathOnMachine('mosquitto'))('throughline up --mqtt (needs mosquitto)', () => {
  let broker: Mosquitto;
  let client: MqttClient;
  beforeAll(async () => {
    broker = await startMosquitto();
    client = await connectAsync(broker.url, { protocolVersion: 5 });
  });
  afterAll(async () => {
    await client.endAsync(true);
    await broker.close();
  });
  const publish = (number: number, topic = 'throughline', bytes = reading(number)) =>
    client.publishAsync(`${topic}/v1/traces`, bytes, {
      qos: 1,
      properties: { userProperties: { 'tl-batch': `00112233445566ff${number.toString(16).padStart(16, '0')}` } },
    });
  const spansIn = (collector: TestCollector, count: number) =>
    eventually(
      async () => (await fetch(`${collector.explorer}/api/v1/status`)).json() as Promise<Status>,
      (answer) => answer.spans === count,
    );

  test('keeps what is published: before, while it is killed, and after, each once [S11]', {
    timeout: 90_000,
  }, async () => {
    const data = join(scratch, 'data');
    const first = await up(['--mqtt', broker.url], { data });
    await first.said('Taking OTLP from mqtt://');
    expect(first.output()).toContain(`OTLP/MQTT   ${broker.url}, throughline/v1/…`);
    const twice = reading(0);
    await publish(0, 'throughline', twice);
    for (const number of [1, 2]) await publish(number);
    await spansIn(first, 3);
    await first.stop('SIGKILL');
    for (const number of [3, 4, 5]) await publish(number);
    const second = await up([], { data, environment: { THROUGHLINE_MQTT: broker.url } });
    await spansIn(second, 6);
    // As a device does that never saw the acknowledgement.
    await publish(0, 'throughline', twice);
    await publish(0, 'throughline', twice);
    await publish(6);
    await spansIn(second, 7);
    expect(await second.stop('SIGTERM')).toMatchObject({ code: 0 });
    expect(readFileSync(join(data, 'mqtt-client-id'), 'utf8')).toMatch(/^throughline-[0-9a-f]{11}\n$/);
  });

  test('says that the broker is away, stays up, and takes telemetry the other ways meanwhile', async () => {
    await broker.stop();
    const config = join(scratch, 'settings.yaml');
    writeFileSync(config, `mqtt: ${broker.url}\nmqtt-topic: plant/+\n`);
    const collector = await up(['--config', config]);
    await collector.said('ECONNREFUSED');
    const answer = await fetch(`${collector.otlpHttp}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: reading(20),
    });
    expect(answer.status).toBe(200);
    await broker.start();
    await collector.said('Taking OTLP from mqtt://');
    await publish(21, 'plant/north');
    await spansIn(collector, 2);
    expect(await collector.stop()).toMatchObject({ code: 0 });
  });
});
