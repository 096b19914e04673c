import type { OnFragment } from '../batch.js';
import { TimeSource } from '../clock/time-source.js';
import type { Report } from '../limit-diagnostics.js';
import type { Clock } from '../ports.js';
import { createScopes } from '../scopes.js';
import type { InstrumentationScope } from '../trace/readable-span.js';
import { redacted } from '../trace/redact.js';
import type { ScopeOptions } from '../trace/tracer-provider.js';
import { KeyCache } from '../wire/encoded-key.js';
import type { Temporality } from '../wire/metric.js';
import { createOpenBuffer } from '../wire/open-buffer.js';
import type { Aggregation } from './aggregation.js';
import type { ShapeOf } from './attribute-paths.js';
import type { BindableMeter } from './bindable.js';
import { createDefaultStream } from './default-stream.js';
import type { InstrumentDescriptor, InstrumentKind } from './instrument-kinds.js';
import { type MeterScope, type NamedStream, SdkMeter } from './meter.js';
import { Callbacks } from './observables.js';
import type { Pipeline, SelectSeries } from './stream.js';

/** How a reader wants what it reads. */
export interface ReaderRules {
  temporalityOf(kind: InstrumentKind): Temporality;
  /** Series of one metric at most; what is over it goes together into one with the attribute `otel.metric.overflow`. */
  limitOf(kind: InstrumentKind): number;
  /** Absent, or nothing: what the specification gives the kind. */
  aggregationOf?(kind: InstrumentKind): Aggregation | undefined;
  /** Asked for each stream at each collection: whether it is written, or which series of it. */
  select?(scope: InstrumentationScope, stream: NamedStream): boolean | SelectSeries;
}

/** A reader as the provider knows it. */
export interface ReaderPipeline extends Pipeline {
  readonly reader: ReaderRules;
}

/** How a `MeterConfigurator` wants a meter (specification "MeterConfig"). */
export interface MeterConfig {
  /** `false`: the meter's instruments keep nothing. Default `true`. */
  readonly enabled?: boolean | undefined;
}

/** Asked for each meter there is and will be; `undefined` is the default. Must be quick. */
export type MeterConfigurator = (scope: InstrumentationScope) => MeterConfig | undefined;

export interface MeterProviderOptions {
  readonly clock: Clock;
  /** Which attribute keys hold secrets. */
  readonly isSecret?: ((key: string) => boolean) | undefined;
  readonly meterConfigurator?: MeterConfigurator | undefined;
  readonly report: Report;
  /** Told of each new instrument. */
  readonly onInstrument: () => void;
  /** What an instrument feeds, where that is not its kind's own stream alone: what views say. */
  readonly createStreams?: CreateStreams | undefined;
}

export type CreateStreams = (
  instrument: InstrumentDescriptor,
  scope: MeterScope,
  pipeline: ReaderPipeline,
  /** What becomes of secrets. */
  shapeOf: ShapeOf | undefined,
) => readonly NamedStream[];

/** A meter provider (specification "Metrics SDK"), as the API has it. */
export interface SdkMeterProvider {
  getMeter(name: string, version?: string, options?: ScopeOptions): BindableMeter;
  /** Another configuration of meters, for those there are and those there will be. `undefined`: all are on. */
  setMeterConfigurator(configurator: MeterConfigurator | undefined): void;
}

/** Who reads does so in three steps: `observe`, `collect`, and `endCollection` when it has what was written. */
export interface ReadableMeterProvider extends SdkMeterProvider {
  /** One reader more: from now on all instruments keep what they measure for it too. */
  addReader(reader: ReaderRules): ReaderPipeline;
  /** Nothing is kept for it any more. */
  removeReader(pipeline: ReaderPipeline): void;
  /**
   * Asks the callbacks of observables for a reader; the promises of those that answer later, which never reject. What one throws is told to `onError`.
   */
  observe(pipeline: ReaderPipeline, onError: (error: unknown) => void): Promise<unknown>[];
  /** Writes what was measured and observed for a reader as fragments, at this moment. Not ended, it may be called again, and writes the same. */
  collect(pipeline: ReaderPipeline, onFragment: OnFragment): void;
  endCollection(pipeline: ReaderPipeline): void;
  /** There are callbacks to ask. */
  readonly isObserving: boolean;
}

export function createMeterProvider(options: MeterProviderOptions): ReadableMeterProvider {
  const { report, onInstrument, isSecret, createStreams = defaultStreams } = options;
  let { meterConfigurator } = options;
  const time = new TimeSource(options.clock);
  const keys = new KeyCache();
  const shapeOf: ShapeOf | undefined = isSecret && ((key) => (isSecret(key) ? () => redacted : undefined));
  const pipelines = new Map<Pipeline, ReaderPipeline>();
  const callbacks = new Callbacks(() => {
    for (const pipeline of pipelines.keys()) pipeline.dirty = true;
  });
  const meters: SdkMeter[] = [];
  const configure = (meter: SdkMeter) => {
    try {
      meter.enable(meterConfigurator?.(meter.scope)?.enabled !== false);
    } catch (error) {
      report('warn', 'bad-option', `meterConfigurator failed: ${error}`);
    }
  };
  const reconnect = () => {
    for (const meter of meters) meter.reconnect();
  };
  return {
    getMeter: createScopes((encoded, scope) => {
      const meter = new SdkMeter(
        {
          pipelines: () => pipelines.keys(),
          createStreams: (instrument, meterScope, pipeline) =>
            createStreams(instrument, meterScope, pipelines.get(pipeline)!, shapeOf),
          callbacks,
          report,
          onInstrument,
        },
        encoded,
        scope,
      );
      configure(meter);
      meters.push(meter);
      return meter;
    }),
    setMeterConfigurator(configurator) {
      meterConfigurator = configurator;
      meters.forEach(configure);
    },
    addReader(reader) {
      const pipeline: ReaderPipeline = {
        time,
        keys,
        reader,
        buffer: createOpenBuffer('metrics', 'normal'),
        times: { startHi: 0, startLo: 0, timeHi: 0, timeLo: 0 },
        lastHi: 0,
        lastLo: 0,
        dirty: false,
        round: 0,
      };
      pipelines.set(pipeline, pipeline);
      reconnect();
      return pipeline;
    },
    removeReader(pipeline) {
      pipelines.delete(pipeline);
      reconnect();
    },
    observe: (pipeline, onError) => callbacks.run(pipeline, onError),
    collect(pipeline, onFragment) {
      time.now();
      const { hi, lo } = time;
      pipeline.times.timeHi = hi;
      pipeline.times.timeLo = lo;
      for (const meter of meters) meter.collect(pipeline, pipeline.reader, onFragment);
    },
    endCollection(pipeline) {
      for (const meter of meters) meter.endCollection(pipeline);
      const { times } = pipeline;
      pipeline.lastHi = times.timeHi;
      pipeline.lastLo = times.timeLo;
      pipeline.dirty = false;
    },
    get isObserving() {
      return !callbacks.isEmpty;
    },
  };
}

/** One stream, as the kind of instrument has it, with the attributes it was advised. */
const defaultStreams: CreateStreams = (instrument, { encoded }, pipeline, shapeOf) => {
  const { kind, name, description, attributeKeys } = instrument;
  const stream = createDefaultStream({
    instrument,
    scope: encoded,
    pipeline,
    name,
    description,
    temporality: pipeline.reader.temporalityOf(kind),
    isMerging: !!attributeKeys,
    rules: {
      keys: pipeline.keys,
      limit: pipeline.reader.limitOf(kind),
      shapeOf: attributeKeys ? (key) => (attributeKeys.includes(key) ? shapeOf?.(key) : leftOut) : shapeOf,
    },
  });
  return [{ name, description, unit: instrument.unit, stream }];
};

const leftOut = () => undefined;
