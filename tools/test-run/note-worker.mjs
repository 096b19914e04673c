import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import { expect } from 'vitest';
import { root } from '../lib/root.mjs';

// Before each file of tests, in the process that runs it: so that one that hangs can be ended by its pid.
const { TEST_JOURNAL } = process.env;
if (TEST_JOURNAL)
  appendFileSync(
    TEST_JOURNAL,
    `${JSON.stringify({ at: Date.now(), is: 'worker', file: relative(root, expect.getState().testPath), pid: process.pid })}\n`,
  );
