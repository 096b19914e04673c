import {
  type DataTag,
  encodeDataTail,
  encodeMetricHead,
  gaugeData,
  histogramData,
  sumData,
  type Temporality,
} from '../wire/metric.js';
import type { EncodedScope } from '../wire/scope.js';
import { defaultBounds, HistogramStream } from './histogram-stream.js';
import { type InstrumentDescriptor, isGauge, isMonotonic } from './instrument-kinds.js';
import { LastValueStream, NumberStream } from './number-stream.js';
import { ObservedStream } from './observed-stream.js';
import type { SeriesRules } from './series-table.js';
import type { Exemplars, Pipeline, Stream, StreamOptions } from './stream.js';

/** What a stream is made of: what an instrument measures, under a name, for one reader. */
export interface StreamRequest {
  readonly instrument: InstrumentDescriptor;
  readonly scope: EncodedScope;
  readonly pipeline: Pipeline;
  readonly name: string;
  readonly description: string;
  readonly temporality: Temporality;
  readonly rules: SeriesRules;
  /** Attributes are left out or changed: what a callback observes apart may be one series. */
  readonly isMerging: boolean;
  readonly exemplars?: Exemplars | undefined;
}

export function streamOptions(request: StreamRequest, data: DataTag): StreamOptions & Pick<StreamRequest, 'isMerging'> {
  const { instrument, scope, name, description, temporality } = request;
  return {
    ...request,
    frame: {
      scope,
      head: encodeMetricHead(name, description, instrument.unit),
      data,
      tail:
        data === gaugeData
          ? new Uint8Array(0)
          : encodeDataTail(temporality, data === sumData && isMonotonic(instrument.kind)),
    },
  };
}

/** The aggregation that the specification gives a kind of instrument ("Default Aggregation"). */
export function createDefaultStream(request: StreamRequest): Stream {
  const { kind, isInteger, boundaries } = request.instrument;
  const isSum = !isGauge(kind);
  if (kind === 'histogram')
    return new HistogramStream(streamOptions(request, histogramData), boundaries ?? defaultBounds);
  const options = streamOptions(request, isSum ? sumData : gaugeData);
  if (kind.startsWith('observable'))
    return new ObservedStream({ ...options, isInteger, isSum, isMonotonic: isMonotonic(kind) });
  return isSum ? new NumberStream(options, isInteger) : new LastValueStream(options, isInteger);
}
