import { expect, test } from 'vitest';
import { fakeTime } from '../../../testkit/src/fake-time.js';
import { createExportingProcessor } from './exporting-processor.js';
import type { SdkSpan, SpanProcessor } from './trace/span-processor.js';

const sampledSpan = () => ({ spanContext: () => ({ traceFlags: 1 }), resource: {} }) as unknown as SdkSpan;

test('a span that ends in any moment around the end of an export is exported without another span', async () => {
  for (let turns = 0; turns < 8; turns++) {
    const time = fakeTime();
    const exported: number[] = [];
    const processor: SpanProcessor = createExportingProcessor(
      {
        export(spans, done) {
          exported.push(spans.length);
          done({ code: 0 });
          if (exported.length > 1) return;
          let later = Promise.resolve();
          for (let turn = 0; turn < turns; turn++) later = later.then(() => {});
          void later.then(() => processor.onEnd(sampledSpan()));
        },
        shutdown: async () => {},
      },
      {
        timers: time.timers,
        limits: { maxItems: 10, maxAgeMs: 5, maxQueueItems: 10, sendTimeoutMs: 1_000 },
        quietly: (run) => run(),
        report: () => {},
      },
    );
    processor.onEnd(sampledSpan());
    await time.advance(5);
    await time.advance(5);
    expect(exported, `after ${turns} turns`).toEqual([1, 1]);
    expect(time.pending).toBe(0);
  }
});
