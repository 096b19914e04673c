import type { Attributes, Context, HrTime } from '@opentelemetry/api';
import type { Aggregation } from './aggregation.js';
import type { InstrumentKind } from './instrument-kinds.js';
import type { Exemplar } from './metric-data.js';

/**
 * What becomes of the instruments it matches (specification "View"). An instrument must match everything that is said; without a word it matches
 * all. Each view that matches makes a metric of its own; where none does, the instrument has what its kind has.
 */
export interface View {
  /** The instrument's name; `*` stands for any number of any characters, `?` for one. */
  readonly instrumentName?: string | undefined;
  readonly instrumentType?: InstrumentKind | undefined;
  readonly instrumentUnit?: string | undefined;
  readonly meterName?: string | undefined;
  readonly meterVersion?: string | undefined;
  readonly meterSchemaUrl?: string | undefined;

  /** What the metric is called. Only for a view that can match one instrument; else it is named in `onDiagnostic` and not used. Default: the instrument's name. */
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  /**
   * Keys of attributes, with `*` and `?`: those that are `included` (default: what the instrument was advised, else all) and not `excluded`. What is left out
   * names no series, but an exemplar may still carry it: where it must not leave at all, use `redact`, or the exemplar filter `always_off`.
   */
  readonly attributeKeys?: AttributeKeys | undefined;
  readonly aggregation?: Aggregation | undefined;
  readonly exemplarReservoir?: ExemplarReservoirOptions | undefined;
  /** Series of the metric at most. Default: `cardinalityLimit`. */
  readonly aggregationCardinalityLimit?: number | undefined;
  /** Beyond the specification: attributes of a series at most (those whose keys come first), and characters of a text. */
  readonly attributeLimits?:
    | { readonly count?: number | undefined; readonly valueLength?: number | undefined }
    | undefined;
  /**
   * Beyond the specification: values of these keys are told apart by a hash alone, in so many buckets: `{ 'user.id': 16 }` makes `user.id` a number
   * from 0 to 15, the same for the same value everywhere and always.
   */
  readonly hashBuckets?: Readonly<Record<string, number>> | undefined;
}

export interface AttributeKeys {
  readonly included?: readonly string[] | undefined;
  readonly excluded?: readonly string[] | undefined;
}

/**
 * Where the exemplars of a series are kept (specification "ExemplarReservoir"). `simple_fixed_size`: `size` of them (default 1), each measurement with the
 * same chance. `aligned_histogram_bucket`: one for each bucket; `boundaries` default to those of the histogram. A function makes a reservoir of
 * the program's own for each series.
 */
export type ExemplarReservoirOptions =
  | { readonly type: 'simple_fixed_size'; readonly size?: number | undefined }
  | { readonly type: 'aligned_histogram_bucket'; readonly boundaries?: readonly number[] | undefined }
  | (() => ExemplarReservoir);

/** The exemplars of one series; its methods must not throw (what they throw is reported and the exemplar lost). */
export interface ExemplarReservoir {
  /**
   * A measurement that the exemplar filter lets through, with all its attributes and the context it was made in. The reservoir may keep it or not;
   * it must not keep `attributes`, which are the program's, but a copy.
   */
  offer(value: number, timestamp: HrTime, attributes: Attributes, context: Context): void;
  /** What was kept since the last call. `pointAttributes`: what the data point says already, to be left out of `filteredAttributes`. */
  collect(pointAttributes: Attributes): readonly Exemplar[];
}
