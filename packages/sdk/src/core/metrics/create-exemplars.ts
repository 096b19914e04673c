import type { Report } from '../limit-diagnostics.js';
import type { ContextStore } from '../ports.js';
import type { Aggregation } from './aggregation.js';
import type { ShapeOf } from './attribute-paths.js';
import type { ExemplarFilter } from './exemplar-filter.js';
import {
  AlignedBucketReservoir,
  OwnReservoir,
  type SeriesReservoir,
  SimpleFixedSizeReservoir,
} from './exemplar-reservoirs.js';
import { ExemplarStore } from './exemplar-store.js';
import { defaultBounds } from './histogram-stream.js';
import type { InstrumentDescriptor } from './instrument-kinds.js';
import type { Exemplars, Pipeline } from './stream.js';
import type { ExemplarReservoirOptions } from './view.js';

interface ExemplarRequest {
  readonly aggregation: Aggregation;
  readonly instrument: InstrumentDescriptor;
  readonly pipeline: Pipeline;
  readonly reservoir: ExemplarReservoirOptions | undefined;
  readonly keepsAttributes: boolean;
  readonly secrets: ShapeOf | undefined;
}

/** What a stream keeps examples in; `undefined` where it keeps none, and spends nothing on it. */
export type CreateExemplars = (request: ExemplarRequest) => Exemplars | undefined;

/** The field `exemplars` of the kinds of data points (metrics.proto). */
const ofNumbers = 0x2a;
const ofHistograms = 0x42;
const ofExponentialHistograms = 0x5a;
/** Of exponential histograms (specification "Exemplar defaults"). */
const mostOfExponential = 20;

/** Exemplars as the filter says. One that does not exist is named, and the default taken. */
export function exemplarsBy(
  filter: ExemplarFilter = 'trace_based',
  { contextStore, report }: { readonly contextStore: ContextStore; readonly report: Report },
): CreateExemplars {
  if (!/^(trace_based|always_on|always_off)$/.test(filter))
    report('warn', 'bad-option', `exemplarFilter cannot be ${filter}`);
  if (filter === 'always_off') return () => undefined;
  return ({ aggregation, instrument, pipeline, reservoir, keepsAttributes, secrets }) => {
    // What is observed is observed in no span, whoever asks for it.
    if (filter !== 'always_on' && instrument.kind.startsWith('observable')) return undefined;
    const { type } = aggregation;
    const isExplicit = type === 'explicit_bucket_histogram' || (type === 'default' && instrument.kind === 'histogram');
    const isExponential = type === 'base2_exponential_bucket_histogram';
    const boundaries = isExplicit
      ? ((type === 'explicit_bucket_histogram' ? aggregation.boundaries : instrument.boundaries) ?? defaultBounds)
      : [];
    const size = isExponential ? Math.min(aggregation.maxSize ?? mostOfExponential, mostOfExponential) : 1;
    return new ExemplarStore({
      contextStore,
      time: pipeline.time,
      isTraceBased: filter !== 'always_on',
      keepsAttributes: keepsAttributes || typeof reservoir === 'function',
      secrets,
      isInteger: instrument.isInteger,
      tag: isExplicit ? ofHistograms : isExponential ? ofExponentialHistograms : ofNumbers,
      createReservoir: reservoirs(reservoir, boundaries, size),
      onError: (error) => report('warn', 'exemplar-failed', `An exemplar of ${instrument.name} was lost: ${error}`),
    });
  };
}

function reservoirs(
  options: ExemplarReservoirOptions | undefined,
  boundaries: readonly number[],
  size: number,
): () => SeriesReservoir {
  if (typeof options === 'function') return () => new OwnReservoir(options());
  if (options?.type === 'simple_fixed_size') {
    const own = options.size ?? 1;
    return () => new SimpleFixedSizeReservoir(own >= 1 ? Math.floor(own) : 1);
  }
  const bounds = (options?.boundaries ?? boundaries).filter((bound) => bound < Number.POSITIVE_INFINITY);
  // A histogram of a single bucket is like a sum.
  return options || bounds.length ? () => new AlignedBucketReservoir(bounds) : () => new SimpleFixedSizeReservoir(size);
}
