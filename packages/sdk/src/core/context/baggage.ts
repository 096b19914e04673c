import type { Baggage, BaggageEntry, BaggageEntryMetadata, Context } from '@opentelemetry/api';

const baggageKey: symbol = Symbol.for('OpenTelemetry Baggage Key');

/** Baggage as the OpenTelemetry API has it: immutable, every change makes a copy. */
class ImmutableBaggage implements Baggage {
  readonly #entries: ReadonlyMap<string, BaggageEntry>;

  constructor(entries: ReadonlyMap<string, BaggageEntry>) {
    this.#entries = entries;
  }

  getEntry(key: string): BaggageEntry | undefined {
    const entry = this.#entries.get(key);
    return entry && { ...entry };
  }

  getAllEntries(): [string, BaggageEntry][] {
    return [...this.#entries].map(([key, entry]) => [key, { ...entry }]);
  }

  setEntry(key: string, entry: BaggageEntry): Baggage {
    return new ImmutableBaggage(new Map(this.#entries).set(key, { ...entry }));
  }

  removeEntry(key: string): Baggage {
    return this.removeEntries(key);
  }

  removeEntries(...keys: string[]): Baggage {
    return new ImmutableBaggage(new Map([...this.#entries].filter(([key]) => !keys.includes(key))));
  }

  clear(): Baggage {
    return createBaggage();
  }
}

/** Baggage of the given entries; an empty one without. Order is kept; the last of two equal keys counts. */
export const createBaggage = (
  entries: Iterable<readonly [string, BaggageEntry]> | Readonly<Record<string, BaggageEntry>> = [],
): Baggage => {
  const pairs = Symbol.iterator in entries ? entries : Object.entries(entries);
  return new ImmutableBaggage(new Map([...pairs].map(([key, entry]) => [key, { ...entry }])));
};

/** Opaque text that travels beside a value: the properties of a W3C `baggage` member, `a=b;c`. */
export const baggageMetadata = (text: string): BaggageEntryMetadata =>
  // The API brands the type with a symbol it does not export; nothing reads the brand at run time.
  ({ toString: () => text }) as unknown as BaggageEntryMetadata;

export const getBaggage = (context: Context): Baggage | undefined =>
  context.getValue(baggageKey) as Baggage | undefined;

export const setBaggage = (context: Context, baggage: Baggage): Context => context.setValue(baggageKey, baggage);

export const deleteBaggage = (context: Context): Context => context.deleteValue(baggageKey);
