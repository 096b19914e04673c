import type { Receivers } from './receivers.js';
import { receiversOver } from './receivers-client.js';
import { type CaseResult, type RunOptions, runSuite, type Suite } from './suite.js';

/** What a test asks of the program that runs inside the runtime. Plain data. */
export interface SuiteRequest {
  /** Where `receiversOver` asks. */
  readonly control: string;
  /** One of the names the program gives its suites: `runtime`, `transport: grpcTransport`. */
  readonly suite: string;
  /** Names of cases. */
  readonly only: readonly string[];
}

export type BoundSuite = (options: RunOptions) => Promise<CaseResult[]>;

/** A suite with what it runs against. */
export const bound =
  <H>(suite: Suite<H>, harness: H): BoundSuite =>
  (options) =>
    runSuite(suite, harness, options);

/** Runs what is asked for, inside the runtime, and reports the results to the test. */
export async function runRequested(
  { control, suite, only }: SuiteRequest,
  suites: (receivers: Receivers) => Readonly<Record<string, BoundSuite>>,
): Promise<void> {
  const client = receiversOver(control);
  const run = suites(client)[suite];
  await client.report(
    run ? await run({ only }) : only.map((name) => ({ name, error: `this program has no suite "${suite}"` })),
  );
}
