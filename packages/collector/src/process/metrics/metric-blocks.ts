import {
  EXPONENTIAL_HISTOGRAM_COLUMNS,
  GAUGE_COLUMNS,
  HISTOGRAM_COLUMNS,
  SUM_COLUMNS,
  SUMMARY_COLUMNS,
} from '../../store/metric-columns.js';
import {
  EndsColumn,
  Float64Column,
  LowCardinalityColumn,
  Uint8Column,
  Uint32Column,
  Uint64Column,
} from '../columns.js';
import { EnvelopeColumns } from '../envelope-columns.js';
import { MapColumn } from '../map-column.js';
import { fixed, low, map, NativeBlock, type Part, types } from '../native-block.js';
import { valueTypes } from '../value-types.js';
import { ExemplarColumns } from './exemplar-columns.js';

/** What the points of all kinds have. */
export abstract class MetricBlock extends NativeBlock {
  readonly envelope = new EnvelopeColumns();
  readonly name = new LowCardinalityColumn();
  readonly description = new LowCardinalityColumn();
  readonly unit = new LowCardinalityColumn();
  readonly metadata = new MapColumn();
  readonly metadataTypes = new LowCardinalityColumn();
  readonly attributes = new MapColumn();
  readonly attributeTypes = new LowCardinalityColumn();
  readonly startTime = new Uint64Column();
  readonly time = new Uint64Column();
  readonly originalTime = new Uint64Column();
  readonly flags = new Uint32Column();
  /** 1: its series has had a point in this span of time (known-series.ts). */
  readonly seriesKnown = new Uint8Column();

  /** Of all its rows, for what was known may not reach the disk. */
  knowsNoSeries(): void {
    this.seriesKnown.values.fill(0, 0, this.seriesKnown.length);
  }

  protected sharedParts(): Readonly<Record<string, Part>> {
    return {
      ...this.envelope.parts(),
      MetricName: low(this.name),
      MetricDescription: low(this.description),
      MetricUnit: low(this.unit),
      MetricMetadata: map(this.metadata),
      MetricMetadataTypes: types(this.metadataTypes),
      Attributes: map(this.attributes),
      AttributeTypes: types(this.attributeTypes),
      StartTimeUnix: fixed(this.startTime),
      TimeUnix: fixed(this.time),
      OriginalTimeUnix: fixed(this.originalTime),
      Flags: fixed(this.flags),
      SeriesKnown: fixed(this.seriesKnown),
    };
  }
}

/** Points with one number: of gauges (`otel_metrics_gauge`) or of sums (`otel_metrics_sum`). */
export class NumberBlock extends MetricBlock {
  readonly exemplars = new ExemplarColumns();
  readonly value = new Float64Column();
  readonly valueType = new LowCardinalityColumn();
  readonly intValue = new Uint64Column();
  /** Of sums alone. */
  readonly temporality = new Uint32Column();
  readonly isMonotonic = new Uint8Column();

  constructor(kind: 'gauge' | 'sum') {
    super();
    this.define(
      kind === 'gauge' ? GAUGE_COLUMNS : SUM_COLUMNS,
      {
        ...this.sharedParts(),
        ...this.exemplars.parts(),
        Value: fixed(this.value),
        ValueType: valueTypes(this.valueType),
        IntValue: fixed(this.intValue),
        AggregationTemporality: fixed(this.temporality),
        IsMonotonic: fixed(this.isMonotonic),
      },
      () => this.exemplars.ends,
    );
  }
}

/** What the points of both kinds of histogram have. */
export abstract class DistributionBlock extends MetricBlock {
  readonly exemplars = new ExemplarColumns();
  readonly count = new Uint64Column();
  readonly sum = new Float64Column();
  readonly min = new Float64Column();
  readonly max = new Float64Column();
  readonly noSum = new Uint8Column();
  readonly noMin = new Uint8Column();
  readonly noMax = new Uint8Column();
  readonly temporality = new Uint32Column();

  protected override sharedParts(): Readonly<Record<string, Part>> {
    return {
      ...super.sharedParts(),
      ...this.exemplars.parts(),
      Count: fixed(this.count),
      Sum: fixed(this.sum),
      Min: fixed(this.min),
      Max: fixed(this.max),
      NoSum: fixed(this.noSum),
      NoMin: fixed(this.noMin),
      NoMax: fixed(this.noMax),
      AggregationTemporality: fixed(this.temporality),
    };
  }
}

/** `otel_metrics_histogram` */
export class HistogramBlock extends DistributionBlock {
  readonly bucketEnds = new EndsColumn();
  readonly bucketCounts = new Uint64Column();
  readonly boundEnds = new EndsColumn();
  readonly bounds = new Float64Column();

  constructor() {
    super();
    this.define(
      HISTOGRAM_COLUMNS,
      { ...this.sharedParts(), BucketCounts: fixed(this.bucketCounts), ExplicitBounds: fixed(this.bounds) },
      (name) =>
        name === 'BucketCounts' ? this.bucketEnds : name === 'ExplicitBounds' ? this.boundEnds : this.exemplars.ends,
    );
  }
}

/** `otel_metrics_exp_histogram` */
export class ExponentialHistogramBlock extends DistributionBlock {
  readonly scale = new Uint32Column();
  readonly zeroCount = new Uint64Column();
  readonly zeroThreshold = new Float64Column();
  readonly positiveOffset = new Uint32Column();
  readonly positiveEnds = new EndsColumn();
  readonly positiveCounts = new Uint64Column();
  readonly negativeOffset = new Uint32Column();
  readonly negativeEnds = new EndsColumn();
  readonly negativeCounts = new Uint64Column();

  constructor() {
    super();
    this.define(
      EXPONENTIAL_HISTOGRAM_COLUMNS,
      {
        ...this.sharedParts(),
        Scale: fixed(this.scale),
        ZeroCount: fixed(this.zeroCount),
        ZeroThreshold: fixed(this.zeroThreshold),
        PositiveOffset: fixed(this.positiveOffset),
        PositiveBucketCounts: fixed(this.positiveCounts),
        NegativeOffset: fixed(this.negativeOffset),
        NegativeBucketCounts: fixed(this.negativeCounts),
      },
      (name) =>
        name.startsWith('Positive')
          ? this.positiveEnds
          : name.startsWith('Negative')
            ? this.negativeEnds
            : this.exemplars.ends,
    );
  }
}

/** `otel_metrics_summary` */
export class SummaryBlock extends MetricBlock {
  readonly count = new Uint64Column();
  readonly sum = new Float64Column();
  readonly quantileEnds = new EndsColumn();
  readonly quantile = new Float64Column();
  readonly quantileValue = new Float64Column();

  constructor() {
    super();
    this.define(
      SUMMARY_COLUMNS,
      {
        ...this.sharedParts(),
        Count: fixed(this.count),
        Sum: fixed(this.sum),
        'ValueAtQuantiles.Quantile': fixed(this.quantile),
        'ValueAtQuantiles.Value': fixed(this.quantileValue),
      },
      () => this.quantileEnds,
    );
  }
}

/** Where the points of one request go. */
export interface MetricBlocks {
  readonly gauge: NumberBlock;
  readonly sum: NumberBlock;
  readonly histogram: HistogramBlock;
  readonly exponentialHistogram: ExponentialHistogramBlock;
  readonly summary: SummaryBlock;
}
