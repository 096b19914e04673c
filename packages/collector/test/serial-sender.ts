import { randomBytes } from 'node:crypto';
import { SERIAL } from '../../testkit/src/faults/serials.js';
import type { FaultSignal } from '../../testkit/src/faults/serials-on-the-wire.js';
import { encodeLogs, encodeMetrics, encodeTraces } from './otlp-proto.js';

export interface SerialSender {
  /** Of the spans, log records and points that the collector has said it keeps. */
  readonly acknowledged: readonly number[];
  /** Those of one signal; each serial is of one. */
  acknowledgedOf(signal: FaultSignal): readonly number[];
  /** Exports that were answered with success. */
  readonly answers: number;
  /** Sends no new ones, and repeats what is under way until it was acknowledged. */
  finish(): Promise<void>;
}

export interface SerialSenderOptions {
  /** Asked before each attempt: who was killed comes back at another address. */
  readonly url: () => string;
  readonly connections?: number | undefined;
  /** Of requests in turn. Default: spans alone. */
  readonly signals?: readonly FaultSignal[] | undefined;
  /** Or log records, or points. */
  readonly spansOfRequest?: number | undefined;
  /** Called after each success. */
  readonly onAnswer?: ((answers: number) => void) | undefined;
  /** Default 1. */
  readonly firstSerial?: number | undefined;
  /** An id that travels with each repetition, as the SDK's do (default); without it a request is known by what is in it. */
  readonly ids?: boolean | undefined;
}

const AGAIN_MS = 20;

/** Spans, and what else `signals` names, with serials from 1 up, by as many senders at once, each of which repeats a request, byte for byte, until somebody says it has it. */
export function sendSerials(options: SerialSenderOptions): SerialSender {
  const { url, connections = 4, signals = ['traces'], spansOfRequest = 100, onAnswer, ids = true } = options;
  const acknowledged: number[] = [];
  const ofSignal = { traces: [] as number[], logs: [] as number[], metrics: [] as number[] };
  const source = randomBytes(8).toString('hex');
  let lastSerial = (options.firstSerial ?? 1) - 1;
  let answers = 0;
  let batches = 0;
  let finishing = false;

  async function send(path: string, body: Uint8Array): Promise<boolean> {
    try {
      const headers = { 'content-type': 'application/x-protobuf' };
      const response = await fetch(new URL(path, url()), { method: 'POST', headers, body });
      await response.arrayBuffer();
      if (response.status === 200) return true;
      if (response.status === 429 || response.status === 503) return false;
      throw new TypeError(`the collector answered ${response.status}`);
    } catch (error) {
      // Nobody there, or gone in between. What it says itself is no fault of the network.
      if (error instanceof TypeError && error.message.startsWith('the collector')) throw error;
      return false;
    }
  }

  async function work(): Promise<void> {
    while (!finishing) {
      const serials = Array.from({ length: spansOfRequest }, () => ++lastSerial);
      const signal = signals[batches % signals.length]!;
      const body = serialRequest(serials, signal);
      const id = `${source}${(++batches).toString(16).padStart(16, '0')}`;
      while (!(await send(`/v1/${signal}${ids ? `?tl-batch=${id}` : ''}`, body)))
        await new Promise((done) => setTimeout(done, AGAIN_MS));
      acknowledged.push(...serials);
      ofSignal[signal].push(...serials);
      answers++;
      onAnswer?.(answers);
    }
  }
  const working = Promise.all(Array.from({ length: connections }, work));
  // Who finishes hears of it; until then nobody does.
  working.catch(() => undefined);

  return {
    acknowledged,
    acknowledgedOf: (signal) => ofSignal[signal],
    get answers() {
      return answers;
    },
    async finish() {
      finishing = true;
      await working;
    },
  };
}

/** Of two services, so that the views have something to make of them. */
export function serialRequest(serials: readonly number[], signal: FaultSignal = 'traces'): Uint8Array {
  const half = Math.ceil(serials.length / 2);
  const parts = [serials.slice(0, half), serials.slice(half)].map((part, at) => ({
    resource: { attributes: [{ key: 'service.name', value: { stringValue: `sender-${at}` } }] },
    part,
  }));
  const nowNano = `${Date.now()}000000`;
  if (signal === 'logs')
    return encodeLogs({
      resourceLogs: parts.map(({ resource, part }) => ({
        resource,
        scopeLogs: [{ logRecords: part.map((serial) => logRecord(serial, nowNano)) }],
      })),
    });
  if (signal === 'metrics')
    return encodeMetrics({
      resourceMetrics: parts.map(({ resource, part }) => ({
        resource,
        scopeMetrics: [{ metrics: metrics(part, nowNano) }],
      })),
    });
  return encodeTraces({
    resourceSpans: parts.map(({ resource, part }) => ({
      resource,
      scopeSpans: [{ spans: part.map((serial) => span(serial, nowNano)) }],
    })),
  });
}

const idOf = (serial: number, digit: string, length: number): Buffer =>
  Buffer.from(serial.toString(16).padStart(length, digit), 'hex');
const attributesOf = (serial: number): object[] => [{ key: SERIAL, value: { intValue: serial } }];

/** Four to a trace. */
const span = (serial: number, nowNano: string): object => ({
  traceId: idOf(Math.ceil(serial / 4), '7', 32),
  spanId: idOf(serial, '0', 16),
  name: `work ${serial % 5}`,
  startTimeUnixNano: nowNano,
  endTimeUnixNano: String(BigInt(nowNano) + 1_000_000n),
  attributes: attributesOf(serial),
});

const logRecord = (serial: number, nowNano: string): object => ({
  timeUnixNano: nowNano,
  observedTimeUnixNano: nowNano,
  severityNumber: 1 + (serial % 24),
  body: { stringValue: `work ${serial} is done` },
  traceId: idOf(Math.ceil(serial / 4), '7', 32),
  spanId: idOf(serial, '0', 16),
  attributes: attributesOf(serial),
});

/**
 * Points of every kind, so that a request goes into five tables: half of them of a sum, the rest of each other kind alike. Each is a series of its own; beside them stands one point of a series
 * that all requests share, which has no number: the collector takes it for known (process/metrics/known-series.ts) from the second request on, and its row must be there after all.
 */
function metrics(serials: readonly number[], nowNano: string): object[] {
  const points = (kind: number, more: object): object[] =>
    serials
      .filter((serial) => (serial % 2 === 0 ? 0 : 1 + ((serial >> 1) % 4)) === kind)
      .map((serial) => ({
        startTimeUnixNano: nowNano,
        timeUnixNano: nowNano,
        attributes: attributesOf(serial),
        ...more,
      }));
  const one = { count: 1, sum: 1, min: 1, max: 1 };
  const buckets = { offset: 0, bucketCounts: [1] };
  return [
    { name: 'work.sum', sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: points(0, { asInt: 1 }) } },
    { name: 'work.gauge', gauge: { dataPoints: points(1, { asDouble: 1 }) } },
    { name: 'work.steady', gauge: { dataPoints: [{ timeUnixNano: nowNano, asDouble: 1 }] } },
    {
      name: 'work.histogram',
      histogram: {
        aggregationTemporality: 1,
        dataPoints: points(2, { ...one, bucketCounts: [1, 0], explicitBounds: [5] }),
      },
    },
    {
      name: 'work.exponential',
      exponentialHistogram: {
        aggregationTemporality: 1,
        dataPoints: points(3, { ...one, scale: 3, positive: buckets }),
      },
    },
    {
      name: 'work.summary',
      summary: { dataPoints: points(4, { count: 1, sum: 1, quantileValues: [{ quantile: 0.5, value: 1 }] }) },
    },
  ];
}
