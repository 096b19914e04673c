import type { NativeBlock } from '../native-block.js';
import type { OpenRequest, Place } from '../open-request.js';
import { createRequestReader, type ItemReader, type RequestReader } from '../read-request.js';
import { ExponentialHistogramPoints } from './exponential-histogram-points.js';
import { HistogramPoints } from './histogram-points.js';
import { KnownSeries } from './known-series.js';
import type { MetricBlocks } from './metric-blocks.js';
import { NumberPoints } from './number-points.js';
import type { MetricPlaces } from './point-reader.js';
import { SummaryPoints } from './summary-points.js';

/** Reads `ExportMetricsServiceRequest`s; each kind of metric has a block of its own. Tell `known` when rows do not reach the disk. */
export function createMetricReader(known = new KnownSeries()): RequestReader<MetricBlocks> {
  return createRequestReader((request) => new MetricReader(request, known));
}

const GAUGE = 0x2a;
const SUM = 0x3a;
const HISTOGRAM = 0x4a;
const EXPONENTIAL_HISTOGRAM = 0x52;
const SUMMARY = 0x5a;

class MetricReader implements ItemReader<MetricBlocks> {
  private readonly request: OpenRequest;
  private readonly gauge: NumberPoints;
  private readonly sum: NumberPoints;
  private readonly histogram: HistogramPoints;
  private readonly exponentialHistogram: ExponentialHistogramPoints;
  private readonly summary: SummaryPoints;
  private readonly places: MetricPlaces = {
    name: nowhere(),
    description: nowhere(),
    unit: nowhere(),
    metric: nowhere(),
  };

  private readonly known: KnownSeries;

  constructor(request: OpenRequest, known: KnownSeries) {
    this.request = request;
    this.known = known;
    this.gauge = new NumberPoints(request, known, GAUGE);
    this.sum = new NumberPoints(request, known, SUM);
    this.histogram = new HistogramPoints(request, known, HISTOGRAM);
    this.exponentialHistogram = new ExponentialHistogramPoints(request, known, EXPONENTIAL_HISTOGRAM);
    this.summary = new SummaryPoints(request, known, SUMMARY);
  }

  blocksOf({ gauge, sum, histogram, exponentialHistogram, summary }: MetricBlocks): readonly NativeBlock[] {
    return [gauge, sum, histogram, exponentialHistogram, summary];
  }

  begin(blocks: MetricBlocks): void {
    this.gauge.begin(blocks.gauge);
    this.sum.begin(blocks.sum);
    this.histogram.begin(blocks.histogram);
    this.exponentialHistogram.begin(blocks.exponentialHistogram);
    this.summary.begin(blocks.summary);
  }

  end(): void {
    this.gauge.end();
    this.sum.end();
    this.histogram.end();
    this.exponentialHistogram.end();
    this.summary.end();
  }

  cutBack(): void {
    this.known.forget();
  }

  item(start: number, end: number): void {
    const { places } = this;
    const { at } = this.request;
    places.metric.start = start;
    places.metric.end = end;
    empty(places.name);
    empty(places.description);
    empty(places.unit);
    let kind = 0;
    let dataStart = 0;
    let dataEnd = 0;
    at.position = start;
    while (at.position < end) {
      const tag = at.tag(end);
      switch (tag) {
        case 0x0a:
        case 0x12:
        case 0x1a: {
          const place = tag === 0x0a ? places.name : tag === 0x12 ? places.description : places.unit;
          place.end = at.content(end);
          place.start = at.position;
          at.position = place.end;
          break;
        }
        // A metric is of one kind; should it say several, the last one counts.
        case GAUGE:
        case SUM:
        case HISTOGRAM:
        case EXPONENTIAL_HISTOGRAM:
        case SUMMARY:
          kind = tag;
          dataEnd = at.content(end);
          dataStart = at.position;
          at.position = dataEnd;
          break;
        default:
          at.skip(tag, end);
      }
    }
    this.readerOf(kind)?.read(dataStart, dataEnd, places);
  }

  private readerOf(kind: number) {
    switch (kind) {
      case GAUGE:
        return this.gauge;
      case SUM:
        return this.sum;
      case HISTOGRAM:
        return this.histogram;
      case EXPONENTIAL_HISTOGRAM:
        return this.exponentialHistogram;
      case SUMMARY:
        return this.summary;
      default:
        return undefined;
    }
  }
}

function nowhere(): Place {
  return { start: 0, end: 0 };
}

function empty(place: Place): void {
  place.start = place.end = 0;
}
