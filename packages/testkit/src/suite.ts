/*
 * A contract as cases that run anywhere. Nothing here, in `assert.ts` and in the `*-suite.ts` made of it imports Node, vitest or a DOM: a suite is
 * bundled into one file and runs inside the runtime it is about, where it answers with plain data; `contract-tests.ts` shows each case as a test
 * of its own. How a runtime plugs in, with packages/sdk/test/runtimes/{node,chromium}.test.ts and their programs as examples:
 *
 * 1. A program that runs inside: binds the suites to a harness and answers a request. Where there is `fetch`, `runRequested` (requested-suite.ts) does
 *    both: it gives the cases `receivers` (sinks on loopback that answer as told, and say what arrived) and reports the results; the test's side of
 *    that is `receiversServer`. Where there is none, the program calls `runSuite(suite, harness, { only })`, brings `receivers` of its own (core of it:
 *    `open(…).url`, `spans(count)`, `answer`, `unusedUrl`) and hands the results out in any way, as JSON.
 * 2. A row, packages/testkit/runtimes/<name>.json: what was run, what a program imports, its guide, its suites; in `lacks`, for each word in the `needs` of
 *    a case that the runtime has not, the reason in one sentence; in `without` suites it does not run at all, with the reason.
 * 3. A test, packages/sdk/test/runtimes/<name>.test.ts, with one call per suite and the title written out:
 *    `contractTestsElsewhere('Deno keeps the contract of a runtime', { suite: runtimeSuite, absent: !deno, lacks: row.lacksFor('runtime'), run })`.
 *    `run(only)` starts the runtime, runs the cases of these names in it and gives the results back. A case that is lacking something runs as
 *    well and must fail, so that no row says less than what holds.
 *
 * docs/runtimes.md is made from the rows and the suites: `npm run check -- pages --write`.
 */

export interface Case<H> {
  readonly name: string;
  /** What a runtime must have for this case. One that has not says why: `lacks` of its row (see `runtime-rows.ts`). */
  readonly needs: readonly string[];
  /** Throws, or rejects, when the contract is broken. `after` notes what is to be undone behind the case, last first. */
  run(harness: H, after: After): unknown;
}

export type After = (undo: () => unknown) => void;

export interface Suite<H> {
  /** As rows name it: `runtime`, `clock`. */
  readonly name: string;
  /** What it is the contract of, for titles: `a runtime`. */
  readonly of: string;
  readonly cases: readonly Case<H>[];
}

/** The same call as a test runner's, so that titles stand as literals where the generated pages look for them. */
export interface DefineCase<H> {
  (name: string, run: Case<H>['run']): void;
  (name: string, options: { readonly needs: readonly string[] }, run: Case<H>['run']): void;
}

/** `export const clockSuite = suite<Harness>('clock', 'a clock', (test) => { test('…', ({ create }) => …); });` */
export function suite<H>(name: string, of: string, define: (test: DefineCase<H>) => void): Suite<H> {
  const cases: Case<H>[] = [];
  const test = (title: string, second: Case<H>['run'] | { needs: readonly string[] }, third?: Case<H>['run']): void => {
    const [needs, run] = typeof second === 'function' ? [[], second] : [second.needs, third!];
    cases.push({ name: title, needs, run });
  };
  define(test);
  return { name, of, cases };
}

/** Plain data, so that it can leave any runtime as JSON. `error` is absent where the case held. */
export interface CaseResult {
  readonly name: string;
  readonly error?: string | undefined;
}

export interface RunOptions {
  /** Names of the cases to run. Default: all. */
  readonly only?: readonly string[] | undefined;
  /** A case that has not settled by then has failed, in milliseconds. Default 20,000; no limit where there is no `setTimeout`. */
  readonly limitMs?: number | undefined;
}

/** Runs the cases in turn, in this runtime. Never rejects. */
export async function runSuite<H>(
  { cases }: Suite<H>,
  harness: H,
  { only, limitMs = 20_000 }: RunOptions = {},
): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const each of cases) {
    if (only && !only.includes(each.name)) continue;
    try {
      await within(limitMs, runCase(each, harness));
      results.push({ name: each.name });
    } catch (error) {
      results.push({ name: each.name, error: describeError(error) });
    }
  }
  return results;
}

/** Rejects with the first thing that went wrong, in the case or behind it. */
export async function runCase<H>({ run }: Case<H>, harness: H): Promise<void> {
  const undo: (() => unknown)[] = [];
  const errors: unknown[] = [];
  try {
    await run(harness, (one) => void undo.push(one));
  } catch (error) {
    errors.push(error);
  }
  for (const one of undo.reverse()) {
    try {
      await one();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

function within(limitMs: number, work: Promise<void>): Promise<void> {
  if (typeof setTimeout !== 'function') return work;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not settled after ${limitMs} ms`)), limitMs);
    const stop = (): void => clearTimeout(timer);
    work.then(resolve, reject).then(stop, stop);
  });
}

/** Message and stack; not every engine has the message in the stack. */
function describeError(error: unknown): string {
  const { name, message, stack = '' } = (error ?? {}) as Partial<Error>;
  if (message === undefined) return `threw ${String(error)}`;
  return stack.includes(message) ? stack : `${name}: ${message}\n${stack}`;
}
