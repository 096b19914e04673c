import { expect, test } from 'vitest';
import { fakeTime } from '../../../../testkit/src/fake-time.js';
import { decodeLogs, plainAttributes, plainValue } from '../../../../testkit/src/otlp-proto.js';
import { createStackContextStore } from '../context/stack-context-store.js';
import { fullLogging } from '../logs/full-logging.js';
import type { SignalPart } from '../signal-part.js';
import { startTelemetry } from '../telemetry.js';
import type { LogRecord } from '../telemetry-handle.js';
import { smallLogging } from './small-logging.js';

/** The attributes and the body that arrive of a record whose texts may have so many UTF-16 units. */
async function arrived(logging: SignalPart, record: LogRecord, attributeValueLengthLimit: number) {
  const time = fakeTime();
  const requests: Uint8Array[] = [];
  const telemetry = startTelemetry(
    {
      clock: time.clock,
      timers: time.timers,
      entropy: { fill: (target) => void crypto.getRandomValues(target) },
      contextStore: createStackContextStore(),
      lifecycle: { onSuspend: () => () => {}, onResume: () => () => {}, onShutdown: () => () => {} },
    },
    {
      global: false,
      logRecordLimits: { attributeValueLengthLimit },
      destinations: {
        destination: 'here',
        async send({ bytes }) {
          requests.push(bytes);
          return { kind: 'accepted', rejectedItems: 0 };
        },
      },
    },
    { logging },
  );
  telemetry.logger.emit(record);
  await telemetry.shutdown();
  const { body, attributes } = decodeLogs(requests[0]!).resourceLogs[0]!.scopeLogs[0]!.logRecords[0]!;
  return { body: plainValue(body), attributes: plainAttributes(attributes) };
}

test('a text that is cut keeps whole characters, in a page’s log records as in others’', async () => {
  const smiles = '\u{1f600}\u{1f600}';
  const record = {
    body: smiles,
    attributes: { smiles, deep: [{ smiles }], lone: '\ud83d\ud83d\ud83d', plain: 'abcd' },
  };
  for (let limit = 0; limit < 5; limit++) {
    const text = smiles.slice(0, limit - (limit % 2));
    const expected = {
      body: smiles,
      attributes: {
        smiles: text,
        deep: [{ smiles: text }],
        lone: '\ufffd'.repeat(Math.min(limit, 3)),
        plain: 'abcd'.slice(0, limit),
      },
    };
    expect(await arrived(smallLogging, record, limit)).toEqual(expected);
    expect(await arrived(fullLogging, record, limit)).toEqual(expected);
  }
});
