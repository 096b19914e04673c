import type { Attributes, Meter, MetricOptions } from '@opentelemetry/api';
import { claimApiEntry } from '../api-entry.js';
import type { OnFragment } from '../batch.js';
import type { BindableMeter } from '../metrics/bindable.js';
import { createCollection } from '../metrics/collection.js';
import { type InstrumentKind, isPreference, temporalityOf } from '../metrics/instrument-kinds.js';
import type { SignalPart } from '../signal-part.js';
import type { ScopeOptions } from '../trace/tracer-provider.js';
import { within } from '../within.js';
import { type Bytes, attributes as encodeAttributes, field, join, text } from './protobuf.js';
import { createSmallBuffer, type SmallBuffer } from './small-buffer.js';

const bounds = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000];
/** A fragment is begun anew when it is this large: it cannot be divided when a batch is sealed. */
const FRAGMENT_BYTES = 2048;
const overflow: Attributes = { 'otel.metric.overflow': true };

interface Series {
  readonly point: Uint8Array;
  readonly isOverflow: boolean;
  startMs: number;
  /** The sum, or the last value; what was written of it, where callbacks tell all of it. */
  value: number;
  written: number;
  /** Of a histogram. */
  readonly counts: number[];
  min: number;
  max: number;
  /** Measured since the last collection. */
  isNew: boolean;
}

interface SmallInstrument {
  readonly scope: Bytes;
  readonly key: string;
  readonly kind: InstrumentKind;
  readonly head: Bytes;
  readonly isInteger: boolean;
  readonly bounds: readonly number[];
  readonly series: Map<string, Series>;
  readonly api: object;
}

type Callback = (result: { observe(...args: never[]): void }) => unknown;

const nanos = (ms: number): bigint => BigInt(Math.floor(ms * 1e3)) * 1000n;
const number = new Uint8Array(8);

/**
 * A point as it is sent but for its numbers, which have their eight bytes each at its end: what is done while a page is closed is to be little, because code that has not
 * run before is slow.
 */
function createPoint({ kind, isInteger, bounds }: SmallInstrument, attributes: Attributes): Uint8Array {
  const isHistogram = kind === 'histogram';
  const numbers = [17, 25, ...(isHistogram ? [33, 41, 89, 97] : [isInteger ? 49 : 33])];
  return join(
    field(
      10,
      encodeAttributes(isHistogram ? 74 : 58, attributes),
      isHistogram
        ? [
            bounds.length ? field(58, new Uint8Array(new Float64Array(bounds).buffer)) : [],
            field(50, new Uint8Array(8 * bounds.length + 8)),
          ]
        : [],
      numbers.map((tag) => [tag, number]),
    ),
  );
}

/**
 * Metrics of a page: a quarter of the code of `fullMetering`, at several times the work for a measurement; what a receiver gets is the same. What stands in the option `metrics`
 * is in `fullMetering`.
 */
export const smallMetering: SignalPart = (host) => {
  const { clock, timers, limits, onFragment, report, telemetry, resource, redact = [] } = host;
  const { cardinalityLimit = 2000, metricTemporality = 'cumulative' } = host;
  const intervalMs = host.metricIntervalMs! >= 1 ? host.metricIntervalMs! : host.preset === 'development' ? 1e4 : 6e4;
  const limit = cardinalityLimit >= 1 ? Math.floor(cardinalityLimit) : 2000;
  const preference = isPreference(metricTemporality) ? metricTemporality : 'cumulative';
  if (host.metrics) report('error', 'part-missing', 'metrics needs fullMetering');
  let buffer: SmallBuffer;
  const instruments: SmallInstrument[] = [];
  const callbacks: { run: Callback; of: readonly object[]; isBatch?: boolean }[] = [];
  const meters: Record<string, Meter> = {};
  let dirty = false;
  let stopped = false;
  let cancel: (() => void) | undefined;
  let lastMs = 0;
  let nowMs = 0;

  const isSecret = (key: string): boolean =>
    host.spanProcessors?.some((one) => (one as { isSecret?: (key: string) => boolean }).isSecret?.(key)) ||
    redact.some((secret) =>
      typeof secret === 'string' ? secret.toLowerCase() === key.toLowerCase() : key.search(secret) >= 0,
    );

  function seriesOf(instrument: SmallInstrument, given: Attributes = {}): Series {
    const { series, bounds } = instrument;
    const named: Attributes = {};
    for (const key of Object.keys(given).sort()) {
      const value = given[key];
      if (key && (Array.isArray(value) || /^(string|number|boolean)$/.test(typeof value)))
        named[key] = isSecret(key) ? '[REDACTED]' : value;
    }
    let name = JSON.stringify(named);
    let found = series.get(name);
    if (!found && series.size >= limit - 1) {
      name = '';
      found = series.get(name);
    }
    if (!found) {
      found = {
        point: createPoint(instrument, name ? named : overflow),
        isOverflow: !name,
        startMs: clock.wallMs(),
        value: 0,
        written: 0,
        counts: Array(bounds.length + 1).fill(0),
        min: 1 / 0,
        max: -1 / 0,
        isNew: false,
      };
      series.set(name, found);
    }
    return found;
  }

  function measure(instrument: SmallInstrument, value: number, given: Attributes | undefined, isSum: boolean): void {
    const { kind, isInteger } = instrument;
    const isBad = typeof value !== 'number' || (value - value !== 0 && (isInteger || !/gauge/i.test(kind)));
    if (isBad || (value < 0 && /^(counter|histogram)$/.test(kind))) {
      report('warn', 'measurement-refused', `${instrument.key} was given ${value}.`);
      return;
    }
    try {
      const one = seriesOf(instrument, given);
      const taken = isInteger ? Math.trunc(value) : value;
      one.value = isSum || (one.isNew && one.isOverflow && !/gauge/i.test(kind)) ? one.value + taken : taken;
      const at = instrument.bounds.findIndex((bound) => taken <= bound);
      one.counts[at < 0 ? instrument.bounds.length : at]!++;
      one.min = Math.min(one.min, taken);
      one.max = Math.max(one.max, taken);
      one.isNew = dirty = true;
    } catch (error) {
      report('warn', 'measurement-refused', `${instrument.key}: ${error}`);
    }
  }

  /** Asks callbacks; the promises of those that answer later. */
  const ask = (): Promise<unknown>[] => {
    const failed = (error: unknown) =>
      report('warn', 'observable-failed', `A callback of an observable failed: ${error}`);
    return callbacks.flatMap(({ run, of, isBatch }) => {
      const of1 = (api: object) => instruments.find((one) => one.api === api)!;
      const observe = isBatch
        ? (api: object, value: number, given?: Attributes) => of.includes(api) && measure(of1(api), value, given, false)
        : (value: number, given?: Attributes) => measure(of1(of[0]!), value, given, false);
      try {
        const answer = run({ observe });
        return answer instanceof Promise ? answer.catch(failed) : [];
      } catch (error) {
        failed(error);
        return [];
      }
    });
  };

  /** Whether it is not written, nor is anything of it since it was written last. */
  const isIdle = ({ kind }: SmallInstrument, { isNew }: Series) =>
    !isNew && (temporalityOf(preference, kind) === 1 || /^obs/.test(kind));

  /** Writes what there is; until `end` it would write the same again. */
  function write(note: OnFragment): void {
    nowMs = clock.wallMs();
    const now = nanos(nowMs);
    for (const instrument of instruments) {
      const { scope, kind, head, isInteger, series } = instrument;
      const isGauge = /gauge/i.test(kind);
      const isHistogram = kind === 'histogram';
      const temporality = temporalityOf(preference, kind);
      const isDelta = temporality === 1;
      const tail = isGauge ? [] : [16, temporality, ...(/^counter|eCounter/.test(kind) ? [24, 1] : [])];
      let points: Uint8Array[] = [];
      let size = 0;
      const flush = (): void => {
        if (!points[0]) return;
        buffer.add(scope, join(field(18, head, field(isGauge ? 42 : isHistogram ? 74 : 58, points, tail))));
        (buffer as { items: number }).items += points.length - 1;
        points = [];
        size = 0;
        note(buffer);
      };
      for (const one of series.values()) {
        if (isIdle(instrument, one)) continue;
        const { point, value } = one;
        const view = new DataView(point.buffer);
        if (/^observableCounter/.test(kind) && value < one.written) {
          one.written = 0;
          one.startMs = lastMs;
        }
        const written = /^obs/.test(kind) && isDelta && !isGauge ? value - one.written : value;
        const startMs = Math.min(isDelta ? lastMs || one.startMs : one.startMs, nowMs);
        let at = point.length - (isHistogram ? 54 : 27);
        const whole = (of: number | bigint) => {
          view.setBigInt64(at + 1, BigInt(of), true);
          at += 9;
        };
        const double = (of: number) => {
          view.setFloat64(at + 1, of, true);
          at += 9;
        };
        if (isHistogram)
          for (const [bucket, each] of one.counts.entries())
            view.setBigInt64(at + 8 * (bucket - one.counts.length), BigInt(each), true);
        whole(nanos(startMs));
        whole(now);
        if (isHistogram) {
          whole(one.counts.reduce((sum, each) => sum + each));
          double(value);
          double(one.min);
          double(one.max);
        } else (isInteger ? whole : double)(written);
        points.push(point);
        size += point.length;
        if (size > FRAGMENT_BYTES) flush();
      }
      flush();
    }
  }

  /** All of it is written. */
  function end(): void {
    dirty = false;
    lastMs = nowMs;
    for (const instrument of instruments) {
      const { kind, series } = instrument;
      const isFull = series.has('');
      for (const [name, one] of series) {
        // What comes and goes must not fill the table for ever.
        if (isIdle(instrument, one) ? isFull : temporalityOf(preference, kind) === 1 && !/^obs/.test(kind))
          series.delete(name);
        one.written = one.value;
        one.isNew = false;
      }
    }
  }

  const collection =
    onFragment &&
    createCollection<SmallBuffer>({
      limits,
      create: () => Object.assign(createSmallBuffer('normal'), { signal: 'metrics' as const }),
      use: (next) => {
        buffer = next;
      },
      write,
      end,
      onFragment,
    });
  const isDirty = () => dirty || !!collection?.isPending;
  const collect = () => collection?.collect();

  function observe(waitMs: number): Promise<unknown> | undefined {
    const later = ask();
    return later.length
      ? within(
          timers,
          waitMs,
          Promise.all(later).then(() => true),
        )
      : undefined;
  }
  async function tick(): Promise<void> {
    await observe(intervalMs);
    if (stopped) return;
    collect();
    cancel = timers.after(intervalMs, tick);
  }

  const provider = {
    getMeter(meterName: string, version?: string, more: ScopeOptions = {}): Meter {
      const scope = [
        field(10, text(10, meterName || undefined), text(18, version), encodeAttributes(26, more.attributes)),
        text(26, more.schemaUrl),
      ];
      const id = `${join(scope)}`;
      const own: SmallInstrument[] = [];
      const create =
        (kind: InstrumentKind) =>
        (name: string, { unit = '', description = '', valueType = 1, advice }: MetricOptions = {}): never => {
          const key = `${name}`;
          const same = own.filter((one) => one.key.toLowerCase() === key.toLowerCase());
          const isInteger = valueType === 0;
          const equal = same.find(
            (one) =>
              one.kind === kind && one.isInteger === isInteger && one.api && (one as { unit?: string }).unit === unit,
          );
          if (!/^[a-z][\w.\-/]{0,254}$/i.test(key))
            report('warn', 'bad-instrument', `"${key}" is no name for an instrument`);
          if (same.length && !equal) report('warn', 'instrument-conflict', `There is another instrument ${key}.`);
          if (equal) return equal.api as never;
          const take = (isSum: boolean) => (value: number, given?: Attributes) =>
            measure(instrument, value, given, isSum);
          const isSum = !/gauge/i.test(kind);
          const bind = (given?: Attributes) => {
            const bound = { ...given };
            return {
              add: (value: number) => take(isSum)(value, bound),
              record: (value: number) => take(isSum)(value, bound),
            };
          };
          const api = {
            add: take(true),
            record: take(isSum),
            bind,
            enabled: () => !stopped && !!onFragment,
            addCallback(run: Callback) {
              if (!callbacks.some((one) => one.run === run && one.of[0] === api)) callbacks.push({ run, of: [api] });
              dirty = true;
            },
            removeCallback(run: Callback) {
              remove((one) => one.run === run && one.of[0] === api && !one.isBatch);
            },
          };
          const rising = advice?.explicitBucketBoundaries?.every((bound, i, all) => !i || bound > all[i - 1]!);
          const instrument: SmallInstrument & { unit: string } = {
            scope,
            unit,
            key: same[0]?.key ?? key,
            kind,
            head: [text(10, same[0]?.key ?? key), text(18, description || undefined), text(26, unit || undefined)],
            isInteger,
            bounds: rising ? advice!.explicitBucketBoundaries!.filter((bound) => bound < 1 / 0) : bounds,
            series: new Map(),
            api,
          };
          own.push(instrument);
          instruments.push(instrument);
          if (!stopped) cancel ??= timers.after(intervalMs, tick);
          return api as never;
        };
      meters[id] ??= {
        createCounter: create('counter'),
        createUpDownCounter: create('upDownCounter'),
        createGauge: create('gauge'),
        createHistogram: create('histogram'),
        createObservableCounter: create('observableCounter'),
        createObservableUpDownCounter: create('observableUpDownCounter'),
        createObservableGauge: create('observableGauge'),
        addBatchObservableCallback(run, of) {
          callbacks.push({ run: run as unknown as Callback, of: [...of], isBatch: true });
        },
        removeBatchObservableCallback(run, of) {
          remove(
            (one) =>
              one.run === (run as unknown) && one.of.length === of.length && of.every((each) => one.of.includes(each)),
          );
        },
      };
      return meters[id];
    },
  };
  const remove = (isIt: (one: (typeof callbacks)[number]) => boolean) => {
    const at = callbacks.findIndex(isIt);
    if (at >= 0) callbacks.splice(at, 1);
  };

  const { flush, shutdown, status } = telemetry;
  const first = (timeoutMs: number, then: (left: { timeoutMs: number }) => Promise<boolean>): Promise<boolean> => {
    const beganMs = clock.monotonicMs();
    const rest = () => then({ timeoutMs: Math.max(timeoutMs - (clock.monotonicMs() - beganMs), 0) });
    return observe(timeoutMs / 2)?.then(rest) ?? rest();
  };
  telemetry.flush = ({ timeoutMs = limits.flushTimeoutMs } = {}) =>
    first(timeoutMs, (left) => {
      if (!stopped) collect();
      return flush(left);
    });
  telemetry.shutdown = ({ timeoutMs = limits.shutdownTimeoutMs } = {}) =>
    stopped ? shutdown() : first(timeoutMs, shutdown);
  telemetry.status = () => ({ ...status(), uncollected: isDirty() });
  host.meterProvider = provider;
  telemetry.meter = provider.getMeter(
    String(resource.attributes['service.name']),
    host.serviceVersion,
  ) as BindableMeter;
  const giveBack = host.global === false ? undefined : claimApiEntry('metrics', provider, host.tracerProvider, report);
  const stopListening = host.lifecycle.onSuspend(() => {
    if (!isDirty() && !callbacks.length) return;
    ask();
    collect();
    host.suspend();
  });
  return () => {
    stopListening();
    cancel?.();
    giveBack?.();
    collect();
    stopped = true;
  };
};
