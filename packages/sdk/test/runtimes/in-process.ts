import { afterAll, beforeAll } from 'vitest';
import type { Shown } from '../../../testkit/src/contract-tests.js';
import { type Engine, enginePath } from '../../../testkit/src/engines.js';
import { runInProcess } from '../../../testkit/src/run-in-process.js';
import { runtimeRow } from '../../../testkit/src/runtime-rows.js';
import type { CaseResult, Suite } from '../../../testkit/src/suite.js';
import { type InstalledProgram, installNodeProgram } from './node-programs.js';

export interface InProcess {
  /** `packages/testkit/runtimes/<row>.json` */
  readonly row: string;
  /** Absent: the Node that runs the tests. */
  readonly engine?: Engine;
  /** Before the program's file. */
  readonly args?: readonly string[];
  /** A file beside this one. Default `node-program.ts`. */
  readonly program?: string;
}

/** What `contractTestsElsewhere` needs for a suite in a program of this engine. */
export type ShownInProcess = <H>(
  suite: Suite<H>,
  of?: string,
) => Shown<H> & { run(only: readonly string[]): Promise<readonly CaseResult[]> };

/** The suites in a program of another engine, or of this one. */
export function inProcess({ row, engine, args = [], program: file }: InProcess): ShownInProcess {
  const { lacksFor } = runtimeRow(row);
  const path = engine ? enginePath(engine) : process.execPath;
  let program: InstalledProgram;
  beforeAll(async () => {
    program = await installNodeProgram(file);
  });
  afterAll(() => program?.remove());
  return (suite, of) => ({
    suite,
    absent: !path,
    lacks: lacksFor(suite.name, of),
    run: (only) =>
      runInProcess([path!, ...args, program.file], { suite: of ? `${suite.name}: ${of}` : suite.name, only }),
  });
}
