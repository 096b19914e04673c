import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Mosquitto, startMosquitto } from '../../testkit/src/mosquitto.js';
import { pathOnMachine } from '../../testkit/src/on-this-machine.js';
import { createTestAuthority } from '../../testkit/src/test-certificates.js';
import { createAdmission } from '../src/admit/admission.js';
import { createIntake, type ExportRequest, type Intake, type Verdict } from '../src/admit/intake.js';
import { mqttAddress } from '../src/receive/mqtt-address.js';
import { createOtlpMqtt, type OtlpMqtt, type OtlpMqttOptions } from '../src/receive/otlp-mqtt.js';
import { openSpool, type Spool } from '../src/spool/spool.js';
import { encodeLogs, encodeTraces } from './otlp-proto.js';

const MIB = 1024 * 1024;
const directory = mkdtempSync(join(tmpdir(), 'throughline-mqtt-'));
let spool: Spool;
beforeAll(async () => {
  spool = await openSpool({ directory, insert: async () => undefined });
});
afterAll(async () => {
  await spool.close(1000);
  rmSync(directory, { recursive: true, force: true });
});

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const tracesOf = (name: string): Buffer =>
  Buffer.from(
    encodeTraces({
      resourceSpans: [
        {
          scopeSpans: [
            {
              spans: [
                {
                  traceId: Buffer.alloc(16, 1),
                  spanId: Buffer.alloc(8, 2),
                  name,
                  startTimeUnixNano: '1',
                  endTimeUnixNano: '2',
                },
              ],
            },
          ],
        },
      ],
    }),
  );
const idOf = (number: number): string => `00112233445566ff${number.toString(16).padStart(16, '0')}`;

/** Words that were said, and when something was. */
function createHearing() {
  const lines: string[] = [];
  const listeners = new Set<() => void>();
  return {
    lines,
    hear(line: string) {
      lines.push(line);
      for (const look of [...listeners]) look();
    },
    said: (pattern: RegExp, count = 1): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (lines.filter((line) => pattern.test(line)).length < count) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        look();
      }),
  };
}

interface HeldIntake {
  readonly asked: ExportRequest[];
  readonly intake: Intake;
  gate: ((request: ExportRequest) => Promise<Verdict> | undefined) | undefined;
  batches(count: number): Promise<void>;
}

/** What the spool takes, with what it was asked; `gate` may hold it or answer otherwise. */
function createHeldIntake(): HeldIntake {
  const asked: ExportRequest[] = [];
  const hearing = createHearing();
  const real = createIntake(spool);
  const held: HeldIntake = {
    asked,
    gate: undefined,
    batches: (count: number) => hearing.said(/./, count),
    intake: {
      submit(request) {
        asked.push({ ...request, bytes: Uint8Array.from(request.bytes) });
        const verdict = held.gate?.(request) ?? real.submit(request);
        void verdict.then((each) => {
          if (each.kind !== 'busy') hearing.hear(`${request.batchId}`);
        });
        return verdict;
      },
    },
  };
  return held;
}

test('an address of a broker has a scheme, a host, and perhaps a port, a user and a password', () => {
  expect(mqttAddress('mqtt://broker')).toEqual({ host: 'broker', port: 1883, tls: false, shown: 'mqtt://broker:1883' });
  expect(mqttAddress('mqtts://me:s%40cret@[::1]:9/')).toEqual({
    host: '::1',
    port: 9,
    tls: true,
    username: 'me',
    password: 's@cret',
    shown: 'mqtts://[::1]:9',
  });
  for (const wrong of ['broker:1883', 'http://broker', 'mqtt://', 'mqtt://a/topic', 'ws://a', 'mqtt://a:%zz@b'])
    expect(mqttAddress(wrong), wrong).toBeUndefined();
});

describe.skipIf(!pathOnMachine('mosquitto'))('from a real broker (needs mosquitto)', () => {
  let broker: Mosquitto;
  beforeAll(async () => {
    broker = await startMosquitto();
  });
  afterAll(() => broker.close());

  let clients = 0;
  async function publisher(options: IClientOptions = {}, url = broker.url): Promise<MqttClient> {
    const client = await connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0, ...options });
    closing.push(() => client.endAsync(true));
    return client;
  }
  const send = (client: MqttClient, payload: Buffer, id?: string, topic = 'throughline/v1/traces', retain = false) =>
    client.publishAsync(topic, payload, {
      qos: 1,
      retain,
      properties: id === undefined ? {} : { userProperties: { 'tl-batch': id } },
    });

  /** A receiver that is connected. Each has a session of its own unless it is given one. */
  async function receiver(
    held: ReturnType<typeof createHeldIntake>,
    { isAway = false, ...options }: Partial<OtlpMqttOptions> & { isAway?: boolean } = {},
  ) {
    const hearing = createHearing();
    const mqtt = createOtlpMqtt({
      intake: held.intake,
      admission: createAdmission(8 * MIB),
      address: mqttAddress(broker.url)!,
      topic: 'throughline',
      clientId: `throughline-${clients++}`,
      firstRetryMs: 50,
      onEvent: hearing.hear,
      ...options,
    });
    closing.push(() => mqtt.close(100));
    if (!isAway) await hearing.said(/^Taking OTLP/);
    return { mqtt: mqtt as OtlpMqtt, ...hearing };
  }

  test('traces, metrics and logs arrive as they were published, with the ids of their batches [S11]', async () => {
    const held = createHeldIntake();
    await receiver(held);
    const client = await publisher();
    await send(client, tracesOf('reading'), idOf(1));
    const logs = Buffer.from(encodeLogs({ resourceLogs: [{ scopeLogs: [{ logRecords: [{}, {}] }] }] }));
    await send(client, logs, 'not an id', 'throughline/v1/logs');
    await held.batches(2);
    expect(held.asked.map(({ signal, batchId }) => [signal, batchId])).toEqual([
      ['traces', idOf(1)],
      ['logs', undefined],
    ]);
    expect(Buffer.from(held.asked[0]!.bytes)).toEqual(tracesOf('reading'));
  });

  test('a message is acknowledged when it is durable: what a collector had not written comes again to the next [S11]', async () => {
    const held = createHeldIntake();
    held.gate = () => new Promise(() => undefined);
    const clientId = 'throughline-again';
    const first = await receiver(held, { clientId });
    const client = await publisher();
    for (const number of [1, 2, 3]) await send(client, tracesOf(`reading ${number}`), idOf(number));
    while (held.asked.length < 3) await new Promise((done) => setImmediate(done));
    await first.mqtt.close(10);
    // While nobody is there.
    await send(client, tracesOf('reading 4'), idOf(4));

    const next = createHeldIntake();
    await receiver(next, { clientId });
    await next.batches(4);
    expect(next.asked.map(({ batchId }) => batchId)).toEqual([1, 2, 3, 4].map(idOf));
  });

  test('many batches share the disk, and are acknowledged in their order', async () => {
    const held = createHeldIntake();
    let underWay = 0;
    let most = 0;
    const answers: (() => void)[] = [];
    held.gate = () => {
      most = Math.max(most, ++underWay);
      return new Promise((resolve) => {
        answers.push(() => {
          underWay--;
          resolve({ kind: 'accepted', rejected: 0, message: '' });
        });
        // The last ones are ready first.
        if (answers.length === 50) for (const answer of answers.splice(0).reverse()) answer();
      });
    };
    const clientId = 'throughline-many';
    const { mqtt } = await receiver(held, { clientId });
    const client = await publisher();
    await Promise.all(Array.from({ length: 200 }, (_, number) => send(client, tracesOf('reading'), idOf(number))));
    await held.batches(200);
    expect(most).toBe(50);
    await mqtt.close(1_000);
    // All were acknowledged: nothing comes again.
    const next = createHeldIntake();
    await receiver(next, { clientId });
    await send(client, tracesOf('last'), idOf(999));
    await next.batches(1);
    expect(next.asked.map(({ batchId }) => batchId)).toEqual([idOf(999)]);
  });

  test('what is no OTLP is counted, said once, and not sent again', async () => {
    const held = createHeldIntake();
    const clientId = 'throughline-malformed';
    const { mqtt, lines } = await receiver(held, { clientId });
    const client = await publisher();
    for (let time = 0; time < 12; time++) await send(client, Buffer.from([0xff, time]), idOf(time));
    await send(client, tracesOf('sound'), idOf(99));
    await held.batches(13);
    expect(lines.slice(1)).toEqual([
      expect.stringMatching(/^A message on throughline\/v1\/traces is left out\. This is not an OTLP export request/),
      expect.stringMatching(/\(10 times so far\)$/),
    ]);
    await mqtt.close(100);
    const next = createHeldIntake();
    await receiver(next, { clientId });
    await send(client, tracesOf('next'), idOf(100));
    await next.batches(1);
    expect(next.asked.map(({ batchId }) => batchId)).toEqual([idOf(100)]);
  });

  test('what the spool has no room for waits unacknowledged and is taken later', async () => {
    const held = createHeldIntake();
    let refusals = 3;
    held.gate = () => (refusals-- > 0 ? Promise.resolve({ kind: 'busy', message: 'The spool is full.' }) : undefined);
    const { lines } = await receiver(held);
    const client = await publisher();
    for (let number = 0; number < 20; number++) await send(client, tracesOf('reading'), idOf(number));
    await held.batches(20);
    expect(new Set(held.asked.map(({ batchId }) => batchId)).size).toBe(20);
    expect(held.asked).toHaveLength(23);
    expect(lines.slice(1)).toEqual(['Messages wait at the MQTT broker. The spool is full.']);
  });

  test('a broker that is away is said once and asked until it answers; nothing is lost when it restarts', async () => {
    await broker.stop();
    const held = createHeldIntake();
    const clientId = 'throughline-restart';
    const { lines, said } = await receiver(held, { clientId, isAway: true });
    await said(/Trying again/);
    await broker.start();
    await said(/^Taking OTLP/);
    const before = await publisher();
    await send(before, tracesOf('before'), idOf(1));
    await held.batches(1);
    await broker.stop();
    await said(/Trying again/, 2);
    await broker.start();
    await said(/^Taking OTLP/, 2);
    const client = await publisher();
    await send(client, tracesOf('after'), idOf(2));
    await held.batches(2);
    const told = lines.map((line) => line.replace(/:\d+/g, ':…'));
    expect(told.slice(0, 2)).toEqual([
      'The MQTT broker mqtt://127.0.0.1:…: connect ECONNREFUSED 127.0.0.1:…. Trying again until it answers.',
      'Taking OTLP from mqtt://127.0.0.1:…, topics throughline/v1/traces, metrics and logs.',
    ]);
    // However often it was asked: that it ended the connection, and perhaps that it then was away.
    expect(told[2]).toMatch(/shutting down|closed the connection|ECONNRESET/);
    expect(told.filter((line) => line.includes('Trying again')).length).toBeLessThanOrEqual(3);
  });

  test('topics may hold a level for the device, and what is retained at the broker is not taken again and again', async () => {
    const held = createHeldIntake();
    const client = await publisher();
    await send(client, tracesOf('retained'), idOf(0), 'devices/a/otlp/v1/traces', true);
    await receiver(held, { topic: 'devices/+/otlp' });
    await send(client, tracesOf('of b'), idOf(1), 'devices/b/otlp/v1/traces');
    await held.batches(1);
    expect(held.asked.map(({ batchId }) => batchId)).toEqual([idOf(1)]);
    await send(client, Buffer.alloc(0), undefined, 'devices/a/otlp/v1/traces', true);
  });

  test('a user and a password are needed where the broker says so, and a wrong one is named without being shown', async () => {
    const closed = await startMosquitto({ users: { me: 'secret' } });
    closing.push(() => closed.close());
    const held = createHeldIntake();
    const at = (user: string) => mqttAddress(closed.url.replace('//', `//${user}@`))!;
    const wrong = await receiver(held, { address: at('me:guess'), isAway: true });
    await wrong.said(/Trying again/);
    expect(wrong.lines[0]).toMatch(/^The MQTT broker mqtt:\/\/127\.0\.0\.1:\d+: not allowed\. Trying again/);
    await receiver(held, { address: at('me:secret') });
  });

  test('over TLS the authority of the broker is checked, a private one by its file', async () => {
    const authority = createTestAuthority();
    const secure = await startMosquitto({ tls: authority.issue() });
    closing.push(() => secure.close());
    const held = createHeldIntake();
    const address = mqttAddress(secure.url)!;
    const unknown = await receiver(held, { address, isAway: true });
    await unknown.said(/--mqtt-ca names the authority/);
    await receiver(held, { address, ca: Buffer.from(authority.cert) });
    const client = await publisher({ ca: authority.cert }, secure.url);
    await send(client, tracesOf('sealed'), idOf(1));
    await held.batches(1);
  });
});

describe('a broker that does not do what is asked', () => {
  /** Answers packets by command; an answer of bytes is sent as it is. */
  async function scripted(answers: Readonly<Record<string, Packet | string>>): Promise<readonly string[]> {
    const server = createServer((socket) => {
      const parser = mqttPacket.parser({ protocolVersion: 5 });
      parser.on('packet', ({ cmd }: Packet) => {
        const answer = answers[cmd];
        if (typeof answer === 'string') socket.end(answer);
        else if (answer) socket.write(mqttPacket.generate(answer, { protocolVersion: 5 }));
      });
      socket.on('data', (chunk) => parser.parse(chunk));
      socket.on('error', () => undefined);
    });
    closing.push(() => new Promise((done) => server.close(done)));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as { port: number };
    const hearing = createHearing();
    const mqtt = createOtlpMqtt({
      intake: createHeldIntake().intake,
      admission: createAdmission(MIB),
      address: mqttAddress(`mqtt://127.0.0.1:${port}`)!,
      topic: 'throughline',
      clientId: 'throughline-x',
      firstRetryMs: 10,
      onEvent: hearing.hear,
    });
    closing.push(() => mqtt.close(10));
    await hearing.said(/Trying again/);
    return hearing.lines.map((line) => line.replace(/^.*:\d+: |\. Trying again.*$/g, ''));
  }
  const connack: Packet = { cmd: 'connack', reasonCode: 0, sessionPresent: false };

  test.each<[string, Record<string, Packet | string>, RegExp]>([
    [
      'refuses a subscription',
      { connect: connack, subscribe: { cmd: 'suback', messageId: 1, granted: [1, 0x87, 1] } },
      /^it refuses the subscription to throughline\/v1\/metrics: not allowed$/,
    ],
    ['knows an older MQTT only', { connect: '\x20\x02\x00\x01' }, /^it does not speak MQTT 5/],
    ['is busy', { connect: { ...connack, reasonCode: 0x89 } }, /^it is busy$/],
    [
      'says goodbye',
      { connect: connack, subscribe: { cmd: 'disconnect', reasonCode: 0x8e } },
      /^it ended the connection: another client has the same id$/,
    ],
    [
      'is a web server',
      { connect: 'HTTP/1.1 400 Bad Request\r\n\r\n' },
      /^it (does not speak MQTT 5|closed the connection)/,
    ],
  ])('one that %s is said in words and asked again', async (_what, answers, said) => {
    expect((await scripted(answers))[0]).toMatch(said);
  });
});
