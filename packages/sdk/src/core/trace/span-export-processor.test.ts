import { expect, test } from 'vitest';
import { fakeTime } from '../../../../testkit/src/fake-time.js';
import { traceRig } from '../../../../testkit/src/trace-rig.js';
import { createStackContextStore } from '../context/stack-context-store.js';
import { isTracingSuppressed } from '../context/suppress-tracing.js';
import type { ReadableSpan } from './readable-span.js';
import { createSpanExportProcessor, type SpanExportOptions } from './span-export-processor.js';
import type { ExportResult } from './span-exporter.js';

function rigWith(options: Partial<SpanExportOptions> = {}, answerAtOnce = true) {
  const time = fakeTime();
  const contextStore = createStackContextStore();
  const calls: { names: string[]; suppressed: boolean; answer: (result: ExportResult) => void }[] = [];
  const errors: string[] = [];
  const shut: string[] = [];
  const processor = createSpanExportProcessor({
    timers: time.timers,
    contextStore,
    onError: (error) => errors.push((error as Error).message),
    exporter: {
      export(spans, answer) {
        calls.push({
          names: spans.map(({ name }) => name),
          suppressed: isTracingSuppressed(contextStore.active()),
          answer,
        });
        if (answerAtOnce) answer({ code: 0 });
      },
      async shutdown() {
        shut.push('exporter');
      },
    },
    ...options,
  });
  const rig = traceRig({ time, contextStore, processors: [processor] });
  const end = (...names: string[]) => {
    for (const name of names) rig.tracer.startSpan(name).end();
  };
  return { time, calls, errors, shut, processor, rig, end };
}

test('spans are handed over in batches by count and by age, under suppressed tracing [F26]', async () => {
  const { time, calls, end } = rigWith({ maxItems: 2, maxAgeMs: 1_000 });
  end('a', 'b', 'c');
  await time.settle();
  expect(calls.map(({ names }) => names)).toEqual([['a', 'b'], ['c']]);
  end('d');
  await time.advance(999);
  expect(calls).toHaveLength(2);
  await time.advance(1);
  expect(calls[2]).toMatchObject({ names: ['d'], suppressed: true });
});

test('a span that is not sampled is not exported', async () => {
  const { time, calls, processor } = rigWith();
  const notSampled = { spanContext: () => ({ traceId: '', spanId: '', traceFlags: 0 }) } as unknown as ReadableSpan;
  processor.onEnd(notSampled);
  await processor.forceFlush();
  await time.advance(10_000);
  expect(calls).toEqual([]);
});

test('export is never called again before it has called back', async () => {
  const { time, calls, end } = rigWith({ maxItems: 1 }, false);
  end('a', 'b');
  await time.settle();
  expect(calls.map(({ names }) => names)).toEqual([['a']]);
  calls[0]!.answer({ code: 0 });
  await time.settle();
  expect(calls.map(({ names }) => names)).toEqual([['a'], ['b']]);
});

test('an exporter that fails, throws or never answers is reported and the next batch goes on', async () => {
  const failing = rigWith({ maxItems: 1 }, false);
  failing.end('a');
  await failing.time.settle();
  failing.calls[0]!.answer({ code: 1, error: new Error('refused') });
  failing.end('b');
  await failing.time.advance(30_000);
  failing.end('c');
  await failing.time.settle();
  expect(failing.calls).toHaveLength(3);
  expect(failing.errors).toEqual(['refused', 'the span exporter did not answer within 30000 ms']);

  const throwing = rigWith({
    exporter: {
      export() {
        throw new Error('broken');
      },
      shutdown: async () => {},
    },
  });
  throwing.end('a');
  await throwing.processor.forceFlush();
  expect(throwing.errors).toEqual(['broken']);
});

test('what a slow exporter does not take is bounded, and said', async () => {
  const { time, calls, errors, end } = rigWith({ maxItems: 1, maxQueueItems: 2 }, false);
  end('a');
  await time.settle();
  end('b', 'c', 'd', 'e');
  for (let i = 0; i < 3; i++) {
    calls[i]!.answer({ code: 0 });
    await time.settle();
  }
  expect(calls.map(({ names }) => names[0])).toEqual(['a', 'b', 'c']);
  expect(errors).toEqual(['2 spans were dropped because the span exporter is too slow']);
});

test('the exporter waits for late attributes of the resource', async () => {
  let settle = () => {};
  const late = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const { time, calls, processor } = rigWith();
  const rig = traceRig({
    time,
    processors: [processor],
    resource: { attributes: {}, asyncAttributesPending: true, waitForAsyncAttributes: () => late },
  });
  rig.tracer.startSpan('s').end();
  const flushed = processor.forceFlush();
  await time.settle();
  expect(calls).toEqual([]);
  settle();
  await flushed;
  expect(calls).toHaveLength(1);
});

test('shutdown exports what waits, then shuts the exporter down, once; later spans are not taken', async () => {
  const { calls, shut, processor, end } = rigWith();
  end('a');
  await Promise.all([processor.shutdown(), processor.shutdown()]);
  end('late');
  await processor.forceFlush();
  expect(calls.map(({ names }) => names)).toEqual([['a']]);
  expect(shut).toEqual(['exporter']);
});
