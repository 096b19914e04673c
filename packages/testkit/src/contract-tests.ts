import { beforeAll, describe, expect, test } from 'vitest';
import { type Case, type CaseResult, runCase, type Suite } from './suite.js';

export interface Shown<H> {
  readonly suite: Suite<H>;
  /** What the runtime lacks, by the word a case needs it with, each with the reason. */
  readonly lacks?: Readonly<Record<string, string>> | undefined;
  /** The runtime is not on this machine: the tests are skipped by name. */
  readonly absent?: boolean | undefined;
}

/**
 * Shows each case of a suite as a test of its own, in this very process:
 * `contractTests('memoryStore keeps the contract of a store', { suite: batchStoreSuite, harness })`.
 *
 * A case that the runtime lacks something for is run as well, and must fail: the day it holds, the row is to be mended.
 */
export function contractTests<H>(
  title: string,
  { suite, lacks, absent, harness }: Shown<H> & { readonly harness: H },
): void {
  describe.skipIf(absent)(title, () => {
    for (const each of suite.cases) {
      const reason = reasonAgainst(each, lacks);
      if (reason === undefined) test(each.name, () => runCase(each, harness));
      else
        test(`${each.name} (lacking: ${reason})`, () =>
          runCase(each, harness).then(
            () => expect.fail(`it holds here, so the row is wrong that says: ${reason}`),
            () => {},
          ));
    }
  });
}

export interface Elsewhere {
  /** Runs the cases of these names in the other runtime; rejects where it could not be run at all. */
  run(only: readonly string[]): Promise<readonly CaseResult[]>;
}

/** The same for a suite that runs in another runtime, all of it at once, before the first test. */
export function contractTestsElsewhere<H>(title: string, { suite, lacks, absent, run }: Shown<H> & Elsewhere): void {
  describe.skipIf(absent)(title, () => {
    const results = new Map<string, CaseResult>();
    beforeAll(async () => {
      for (const result of await run(suite.cases.map(({ name }) => name))) results.set(result.name, result);
    }, 180_000);
    const resultOf = ({ name }: Case<H>): CaseResult => results.get(name) ?? { name, error: 'it was not run' };

    for (const each of suite.cases) {
      const reason = reasonAgainst(each, lacks);
      if (reason === undefined)
        test(each.name, () => {
          const { error } = resultOf(each);
          if (error !== undefined) expect.fail(error);
        });
      else
        test(`${each.name} (lacking: ${reason})`, () => {
          expect(resultOf(each).error, `it holds here, so the row is wrong that says: ${reason}`).toBeDefined();
        });
    }
  });
}

const reasonAgainst = <H>({ needs }: Case<H>, lacks: Shown<H>['lacks'] = {}): string | undefined =>
  needs.map((need) => lacks[need]).find((reason) => reason !== undefined);
