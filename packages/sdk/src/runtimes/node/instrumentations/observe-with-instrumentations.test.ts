import { ProxyTracerProvider, ROOT_CONTEXT } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import type { InstrumentHost } from '../../../core/instrument.js';
import type { Diagnostic } from '../../../core/options.js';
import type { Instrumentation } from './instrumentation.js';
import { observeWithInstrumentations } from './observe-with-instrumentations.js';

const tracerProvider = new ProxyTracerProvider();
const host: InstrumentHost = {
  tracer: tracerProvider.getTracer('host'),
  tracerProvider,
  contextStore: {
    active: () => ROOT_CONTEXT,
    with: (_context, fn, self, ...args) => fn.apply(self, args),
    bind: (_, target) => target,
    disable() {},
  },
  propagator: { inject() {}, extract: (context) => context, fields: () => [] },
  onLeaving: () => () => {},
  outbox: { onFragment: undefined, flush: async () => true },
};

function fake(name: string, calls: string[], fail?: 'enable' | 'disable'): Instrumentation {
  const call = (what: string) => () => {
    calls.push(`${name}.${what}`);
    if (what === fail) throw new Error('broken');
  };
  return {
    instrumentationName: name,
    enable: call('enable'),
    disable: call('disable'),
    setTracerProvider: (provider) => calls.push(`${name}.provider ${provider === tracerProvider}`),
  };
}

test('each is given the tracer provider and enabled, and disabled at the end [F19]', () => {
  const calls: string[] = [];
  const stop = observeWithInstrumentations([fake('a', calls), fake('b', calls)], () => {})(host);
  expect(calls).toEqual(['a.provider true', 'a.enable', 'b.provider true', 'b.enable']);
  calls.length = 0;
  stop();
  expect(calls).toEqual(['a.disable', 'b.disable']);
});

test('one that throws is reported and left out; the program and the others go on', () => {
  const calls: string[] = [];
  const diagnostics: Diagnostic[] = [];
  const broken = [fake('bad', calls, 'enable'), fake('good', calls), undefined as unknown as Instrumentation];
  const stop = observeWithInstrumentations(broken, (diagnostic) => diagnostics.push(diagnostic))(host);
  stop();
  expect(calls).toContain('good.disable');
  expect(calls).not.toContain('bad.disable');
  expect(diagnostics.map(({ code }) => code)).toEqual(['instrumentation-failed', 'instrumentation-failed']);
});
