import type { Attributes, Context, Link, SpanKind, TraceState } from '@opentelemetry/api';

/** 0: not recorded · 1: recorded for processors, not sent · 2: recorded, sent and told to children. OpenTelemetry's numbers. */
export type SamplingDecision = 0 | 1 | 2;

export interface SamplingResult {
  readonly decision: SamplingDecision;
  /** Added to the span. */
  readonly attributes?: Readonly<Attributes> | undefined;
  /** The span's `tracestate`; absent: the parent's. */
  readonly traceState?: TraceState | undefined;
}

/** Decides for each new span whether it is recorded, as in OpenTelemetry. What it throws counts as "not recorded". */
export interface Sampler {
  shouldSample(
    context: Context,
    traceId: string,
    spanName: string,
    spanKind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): SamplingResult;
  toString(): string;
}

/**
 * A sampler that can mostly decide without strings. `decide` is asked first, where the parent has no `tracestate`:
 * `parentFlags` is -1 without a parent, else its W3C flags and `remoteFlag`; the other two are the last 64 bits of the
 * trace id. `undefined`: ask `shouldSample`.
 */
export interface QuickSampler extends Sampler {
  decide(parentFlags: number, randomHi: number, randomLo: number): SamplingResult | undefined;
}
