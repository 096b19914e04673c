export { createTestTelemetry, type TestTelemetry, type TestTelemetryOptions } from './create-test-telemetry.js';
export { expectSpan, type SpanExpectation, type SpanSource } from './expect-span.js';
export { createTestClock, type TestClock } from './test-clock.js';
export type {
  ExpectedValue,
  TestAttributes,
  TestEvent,
  TestLink,
  TestSpan,
  TestSpanKind,
  TestStatusCode,
  TestValue,
} from './test-span.js';
