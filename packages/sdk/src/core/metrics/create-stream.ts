import { exponentialHistogramData, gaugeData, histogramData, sumData } from '../wire/metric.js';
import type { Aggregation } from './aggregation.js';
import { createDefaultStream, type StreamRequest, streamOptions } from './default-stream.js';
import { ExponentialStream } from './exponential-stream.js';
import { defaultBounds, HistogramStream } from './histogram-stream.js';
import { isGauge, isMonotonic } from './instrument-kinds.js';
import { LastValueStream, NumberStream } from './number-stream.js';
import { ObservedStream } from './observed-stream.js';
import type { Stream } from './stream.js';

/** Why an aggregation makes no sense for an instrument; `undefined` where it does. */
export function whyNot(aggregation: Aggregation, kind: string): string | undefined {
  const isHistogram = /histogram$/.test(aggregation.type);
  if (isHistogram && kind.startsWith('observable')) return 'what is observed is no single measurement';
  if (aggregation.type === 'explicit_bucket_histogram') {
    const { boundaries = [] } = aggregation;
    if (!boundaries.every((bound, i) => typeof bound === 'number' && (!i || bound > boundaries[i - 1]!)))
      return 'its boundaries do not rise';
  }
  if (aggregation.type === 'base2_exponential_bucket_histogram') {
    const { maxSize = 160, maxScale = 20, zeroThreshold = 0 } = aggregation;
    if (!isWithin(maxSize, 2, 16_384)) return 'maxSize is from 2 to 16384';
    if (!isWithin(maxScale, -10, 20)) return 'maxScale is from -10 to 20';
    if (!(zeroThreshold >= 0 && zeroThreshold < Number.POSITIVE_INFINITY)) return 'zeroThreshold is 0 or more';
  }
  return undefined;
}

const isWithin = (value: number, least: number, greatest: number): boolean =>
  Number.isInteger(value) && value >= least && value <= greatest;

/** The stream of an aggregation that is neither `drop` nor makes no sense. */
export function createStream(request: StreamRequest, aggregation: Aggregation): Stream {
  const { kind, isInteger } = request.instrument;
  const parts = { sum: !/upDown|gauge/i.test(kind), minMax: true };
  switch (aggregation.type) {
    case 'explicit_bucket_histogram': {
      const { boundaries = defaultBounds, recordMinMax = true } = aggregation;
      const finite = boundaries.filter((bound) => bound < Number.POSITIVE_INFINITY);
      return new HistogramStream(streamOptions(request, histogramData), finite, { ...parts, minMax: recordMinMax });
    }
    case 'base2_exponential_bucket_histogram': {
      const { maxSize = 160, maxScale = 20, zeroThreshold = 0, recordMinMax = true } = aggregation;
      return new ExponentialStream({
        ...streamOptions(request, exponentialHistogramData),
        ...parts,
        minMax: recordMinMax,
        maxSize,
        maxScale,
        zeroThreshold,
      });
    }
    case 'sum':
    case 'last_value': {
      const isSum = aggregation.type === 'sum';
      const options = streamOptions(request, isSum ? sumData : gaugeData);
      if (kind.startsWith('observable'))
        return new ObservedStream({ ...options, isInteger, isSum, isMonotonic: isSum && isMonotonic(kind) });
      return isSum ? new NumberStream(options, isInteger) : new LastValueStream(options, isInteger);
    }
    default:
      return kind.startsWith('observable')
        ? createStream(request, { type: isGauge(kind) ? 'last_value' : 'sum' })
        : createDefaultStream(request);
  }
}
