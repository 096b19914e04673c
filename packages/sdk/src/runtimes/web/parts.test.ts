import { expect, test } from 'vitest';
import type { Diagnostic } from '../../core/options.js';
import type { Transport } from '../../core/ports.js';
import { exportRequestToJson } from '../../core/wire/export-request-to-json.js';
import { type BareWebOptions, createExtras, createFullOutbox, createRedactor, logging, start } from './bare.js';
import { offline } from './offline.js';

/** A telemetry beside the globals, what it sends as JSON, and what it says. */
function setUp(options: BareWebOptions, parts: Parameters<typeof start>[1] = {}) {
  const sent: string[] = [];
  const said: Diagnostic[] = [];
  const destination: Transport = {
    destination: 'here',
    async send(batch) {
      sent.push(exportRequestToJson(batch.signal, batch.bytes));
      return { kind: 'accepted', rejectedItems: 0 };
    },
  };
  const telemetry = start(
    { global: false, destinations: destination, onDiagnostic: (diagnostic) => said.push(diagnostic), ...options },
    parts,
  );
  return { telemetry, said, sent, destination };
}

const some: BareWebOptions = {
  redact: ['password'],
  resourceDetectors: [
    { name: 'shop', schemaUrl: 'https://opentelemetry.io/schemas/1.45.0', detect: () => ({ 'shop.id': 'seven' }) },
  ],
};

test('an option whose part is not handed over is named, and the others work [F2]', async () => {
  const { telemetry, said, sent } = setUp({ ...some, unendedSpanMs: 1_000 });
  telemetry.tracer.startSpan('login', { attributes: { password: 'hunter2' } }).end();
  expect(await telemetry.flush()).toBe(true);
  expect(sent[0]).toContain('hunter2');
  expect(said.map(({ code }) => code)).toEqual(['part-missing']);
  expect(said[0]!.message).toContain('redact');
});

test('with createExtras a small telemetry redacts, asks detectors, counts open spans and feeds exporters [F11 F26]', async () => {
  const exported: string[] = [];
  const { telemetry, said, sent } = setUp(
    {
      ...some,
      unendedSpanMs: 60_000,
      spanExporters: [
        {
          export(spans, done) {
            exported.push(...spans.map(({ name }) => name));
            done({ code: 0 });
          },
          shutdown: async () => {},
        },
      ],
    },
    { createExtras },
  );
  const open = telemetry.tracer.startSpan('open');
  telemetry.tracer.startSpan('login', { attributes: { password: 'hunter2' } }).end();
  expect(telemetry.status().openSpans).toBe(1);
  expect(await telemetry.flush()).toBe(true);
  expect(exported).toEqual(['login']);
  expect(sent[0]).not.toContain('hunter2');
  expect(sent[0]).toContain('[REDACTED]');
  expect(sent[0]).toContain('"seven"');
  expect(sent[0]).toContain('schemas/1.45.0');
  expect(said).toEqual([]);
  open.end();
  await telemetry.shutdown();
});

test('several destinations need the full outbox, which can be handed over [S5]', async () => {
  const { destination } = setUp({});
  const missing = setUp({ destinations: { copies: [destination, destination] } });
  expect(missing.said.map(({ code }) => code)).toEqual(['part-missing']);
  const whole = setUp(
    { destinations: { copies: [missing.destination, missing.destination] } },
    { createOutbox: createFullOutbox },
  );
  whole.telemetry.tracer.startSpan('twice').end();
  expect(await whole.telemetry.flush()).toBe(true);
  expect(missing.sent).toHaveLength(2);
  expect(whole.said).toEqual([]);
});

test('offline() keeps the batches of one destination, and those of several with the full outbox [S5 B14]', async () => {
  const { destination } = setUp({});
  const missing = setUp({ destinations: { copies: [destination, destination] } }, offline());
  expect(missing.said.map(({ code }) => code)).toContain('part-missing');
  const whole = setUp(
    { destinations: { copies: [missing.destination, { ...missing.destination, destination: 'there' }] } },
    offline({ createOutbox: createFullOutbox }),
  );
  whole.telemetry.tracer.startSpan('twice').end();
  expect(await whole.telemetry.flush({ timeoutMs: 5_000 })).toBe(true);
  expect(missing.sent).toHaveLength(2);
  expect(whole.said.map(({ code }) => code)).not.toContain('part-missing');
});

test('log records need their part: without it nothing is kept, with it they leave beside the spans they belong to [S7]', async () => {
  const without = setUp({});
  expect(without.telemetry.logger.enabled()).toBe(false);
  without.telemetry.logger.emit({ body: 'lost' });
  expect(await without.telemetry.flush()).toBe(true);
  expect(without.sent).toEqual([]);

  const { telemetry, sent, said } = setUp({ spanProcessors: [createRedactor(['password'])] }, { logging });
  let spanId = '';
  telemetry.tracer.startActiveSpan('checkout', (span) => {
    ({ spanId } = span.spanContext());
    telemetry.logger.emit({ severityNumber: 17, body: 'not paid', attributes: { password: 'hunter2' } });
    span.end();
  });
  expect(await telemetry.flush()).toBe(true);
  const [record] = sent.filter((text) => text.includes('resourceLogs'));
  expect(sent).toHaveLength(2);
  expect(record).toContain('"not paid"');
  expect(record).toContain(`"spanId":"${spanId}"`);
  expect(record).toContain('[REDACTED]');
  expect(record).not.toContain('hunter2');
  expect(said).toEqual([]);
  await telemetry.shutdown();
  expect(telemetry.logger.enabled()).toBe(false);
});
