import type { Attributes, Context } from '@opentelemetry/api';
import type { TimeSource } from '../clock/time-source.js';
import type { ContextStore } from '../ports.js';
import { encodeAttributes } from '../wire/encode-attributes.js';
import { type EncodableExemplar, exemplarAttributes, exemplarSize, writeExemplar } from '../wire/exemplar.js';
import type { ShapeOf } from './attribute-paths.js';
import { isSampled, type SeriesReservoir } from './exemplar-reservoirs.js';
import { readAttributes } from './read-metrics.js';
import type { SeriesTable } from './series-table.js';
import type { Exemplars } from './stream.js';

export interface ExemplarStoreOptions {
  readonly contextStore: ContextStore;
  readonly time: TimeSource;
  /** Those of sampled spans alone. */
  readonly isTraceBased: boolean;
  /** Points may have fewer attributes than measurements, or other ones; or a reservoir of the program's own wants to see them. */
  readonly keepsAttributes: boolean;
  /** What becomes of secrets. */
  readonly secrets: ShapeOf | undefined;
  readonly isInteger: boolean;
  /** Of the field `exemplars` in the kind of data point. */
  readonly tag: number;
  /** For each series that has some. */
  readonly createReservoir: () => SeriesReservoir;
  readonly onError: (error: unknown) => void;
}

/** The exemplars of a stream: a reservoir for each series in which something was measured that may become one. */
export class ExemplarStore implements Exemplars {
  readonly #options: ExemplarStoreOptions;
  #reservoirs: (SeriesReservoir | undefined)[] = [];
  /** What was collected, encoded, and where that of each series ends. */
  #bytes = new Uint8Array(0);
  #ends = new Uint32Array(0);
  /** Something was offered since the last collection; and what it brought is there. */
  #isOffered = false;
  #isEncoded = false;

  constructor(options: ExemplarStoreOptions) {
    this.#options = options;
  }

  offer(
    series: number,
    value: number,
    attributes: Attributes | undefined,
    given: Context | undefined,
    isOverflow: boolean,
  ): void {
    const { contextStore, isTraceBased, keepsAttributes, time, createReservoir, onError } = this.#options;
    const context = given ?? contextStore.active();
    if (isTraceBased && !isSampled(context)) return;
    this.#isOffered = true;
    try {
      this.#reservoirs[series] ??= createReservoir();
      this.#reservoirs[series].offer(value, keepsAttributes || isOverflow ? attributes : undefined, context, time);
    } catch (error) {
      onError(error);
    }
  }

  encode(count: number, table: SeriesTable): void {
    this.#isEncoded = this.#isOffered;
    if (!this.#isOffered) return;
    this.#isOffered = false;
    const all: EncodableExemplar[][] = [];
    let size = 0;
    this.#ends = new Uint32Array(count);
    for (let series = 0; series < count; series++) {
      all[series] = this.#take(series, table);
      for (const exemplar of all[series]!) size += exemplarSize(exemplar);
      this.#ends[series] = size;
    }
    this.#bytes = new Uint8Array(size);
    const view = new DataView(this.#bytes.buffer);
    let at = 0;
    for (const exemplar of all.flat()) at = writeExemplar(this.#bytes, view, at, this.#options.tag, exemplar);
  }

  #take(series: number, table: SeriesTable): EncodableExemplar[] {
    const { time, secrets, isInteger, onError } = this.#options;
    const taken: EncodableExemplar[] = [];
    let known: Attributes | undefined;
    const pointAttributes = () => {
      known ??= readAttributes(table.encoded(series));
      return known;
    };
    try {
      this.#reservoirs[series]?.take(pointAttributes, time, ({ hi, lo, value, span, attributes = {} }) => {
        const filtered: Attributes = {};
        for (const [key, each] of Object.entries(attributes)) {
          if (Object.hasOwn(pointAttributes(), key)) continue;
          const secret = secrets?.(key);
          filtered[key] = (secret ? secret(each) : each) as Attributes[string];
        }
        taken.push({ hi, lo, value, isInteger, span, attributes: encodeAttributes(exemplarAttributes, filtered) });
      });
    } catch (error) {
      onError(error);
    }
    return taken;
  }

  size(series: number): number {
    return this.#isEncoded ? this.#ends[series]! - (series ? this.#ends[series - 1]! : 0) : 0;
  }

  write(bytes: Uint8Array, pos: number, series: number): number {
    if (!this.#isEncoded) return pos;
    const part = this.#bytes.subarray(series ? this.#ends[series - 1]! : 0, this.#ends[series]);
    bytes.set(part, pos);
    return pos + part.length;
  }

  move(to: number, from: number): void {
    this.#reservoirs[to] = this.#reservoirs[from];
    this.#reservoirs[from] = undefined;
  }
}
