import type { TraceAnswer } from '../src/shapes/api.js';
import { eventually, type TestCollector } from './start-collector.js';

/** Ids of the spans of span-file.ts that a collector has, once there are so many. */
export function storedSpanIds(collector: TestCollector, count: number): Promise<string[]> {
  return eventually(
    async () => {
      const answer = await fetch(`${collector.explorer}/api/v1/traces/${'07'.repeat(16)}`);
      return answer.ok ? ((await answer.json()) as TraceAnswer).spans.map(({ spanId }) => spanId) : [];
    },
    (ids) => ids.length >= count,
    60_000,
  );
}
