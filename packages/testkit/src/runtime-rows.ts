import { readFileSync } from 'node:fs';

/**
 * A row of docs/runtimes.md, `packages/testkit/runtimes/<file>.json`: which suites a runtime runs, and what it lacks. Tests take what is lacking from
 * here, and the page is made from it, so that both say the same.
 */
export interface RuntimeRow {
  /** As it begins the titles of its tests: `Deno`, for `Deno keeps the contract of a runtime`. */
  readonly name: string;
  /** Where it stands in the table. */
  readonly order: number;
  /** What was run, for readers: `156 (Debian)`; or `npm:<package>`, whose version is that of a lock file of this repository. */
  readonly version: string;
  /** What a program of it imports. */
  readonly import: string;
  /** A file of docs/. */
  readonly guide: string;
  /** The test that runs the suites, from the root. */
  readonly test: string;
  readonly suites: readonly {
    /** `runtime`, `clock`, `transport`, `batch-store`, `page`. */
    readonly suite: string;
    /** Of several implementations, which one; stands in the title behind a colon. */
    readonly of?: string;
    readonly lacks?: Readonly<Record<string, string>>;
  }[];
  /** Suites that it does not run, each with the reason. */
  readonly without?: Readonly<Record<string, string>>;
  /** What cases need and the runtime has not, each with the reason. Those of a suite are added. */
  readonly lacks?: Readonly<Record<string, string>>;
}

export interface ReadRow extends RuntimeRow {
  /** Everything that is lacking for one of its suites. */
  lacksFor(suite: string, of?: string): Readonly<Record<string, string>>;
}

/** The row of `packages/testkit/runtimes/<file>.json`. */
export function runtimeRow(file: string): ReadRow {
  const text = readFileSync(new URL(`../runtimes/${file}.json`, import.meta.url), 'utf8');
  const row = JSON.parse(text) as RuntimeRow;
  return {
    ...row,
    lacksFor(suite, of) {
      const entry = row.suites.find((one) => one.suite === suite && one.of === of);
      if (!entry) throw new Error(`${file}.json does not say that ${row.name} runs ${suite}${of ? `: ${of}` : ''}`);
      return { ...row.lacks, ...entry.lacks };
    },
  };
}
