import type { Attributes } from '@opentelemetry/api';

export type TestSpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';
export type TestStatusCode = 'unset' | 'ok' | 'error';

/** An attribute as it left: 64-bit integers that a double cannot hold are bigints, bytes are base64 text. */
export type TestValue =
  | string
  | number
  | boolean
  | bigint
  | null
  | readonly TestValue[]
  | { readonly [key: string]: TestValue };
export type TestAttributes = { readonly [key: string]: TestValue };

export interface TestEvent {
  readonly name: string;
  readonly unixNano: bigint;
  readonly attributes: TestAttributes;
  readonly droppedAttributesCount: number;
}

export interface TestLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: TestAttributes;
  readonly droppedAttributesCount: number;
}

/** A finished span as a receiver would see it: it was read back from the very bytes that would have left. */
export interface TestSpan {
  readonly name: string;
  readonly kind: TestSpanKind;
  readonly traceId: string;
  readonly spanId: string;
  /** `undefined`: the span is the root of its trace. */
  readonly parentSpanId: string | undefined;
  /** The parent came from another process. */
  readonly hasRemoteParent: boolean;
  readonly traceState: string;
  /** W3C trace flags: 1 sampled, 2 random trace id. */
  readonly traceFlags: number;
  readonly startUnixNano: bigint;
  readonly endUnixNano: bigint;
  readonly durationMs: number;
  readonly attributes: TestAttributes;
  readonly events: readonly TestEvent[];
  readonly links: readonly TestLink[];
  readonly status: { readonly code: TestStatusCode; readonly message: string };
  readonly scope: { readonly name: string; readonly version: string; readonly attributes: TestAttributes };
  readonly resource: TestAttributes;
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
}

/** What people write in an assertion for a value. */
export type ExpectedValue = Attributes[string] | TestValue | RegExp | ((value: TestValue) => boolean);
