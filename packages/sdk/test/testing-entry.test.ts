import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';

/* `@throughline/sdk/testing` with another test runner than the one that runs this file. */

const here = dirname(fileURLToPath(import.meta.url));
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'throughline-testing-'));
  await build({
    entryPoints: [join(here, '../src/runtimes/testing/index.ts')],
    bundle: true,
    format: 'esm',
    outfile: join(directory, 'testing.mjs'),
  });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function nodeTest(file: string, code: string): Promise<{ readonly exitCode: number; readonly output: string }> {
  writeFileSync(
    join(directory, file),
    `import test, { afterEach } from 'node:test';
     import { createTestTelemetry, expectSpan } from './testing.mjs';
     ${code}`,
  );
  return new Promise((resolve) => {
    // Node's runner tells a child of another runner by this variable and then reports in its binary protocol.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    execFile(process.execPath, ['--test', join(directory, file)], { env }, (error, stdout, stderr) =>
      resolve({ exitCode: Number(error?.code ?? 0), output: stdout + stderr }),
    );
  });
}

test('spans are asserted on under node:test, and context follows await there [F20]', async () => {
  const { exitCode, output } = await nodeTest(
    'passing.test.mjs',
    `
    let telemetry;
    afterEach(() => telemetry.shutdown());
    for (const round of ['first', 'second']) {
      test(round, async () => {
        telemetry = createTestTelemetry();
        const pay = telemetry.traced('pay', async () => { throw new Error('card declined'); });
        await telemetry.measure('checkout', async () => {
          await new Promise((resolve) => setTimeout(resolve, 1));
          await pay().catch(() => {});
        });
        expectSpan(telemetry, 'pay').toHaveStatus('error', /card/).toHaveEvent('exception').toBeChildOf('checkout');
      });
    }
    `,
  );
  expect(output).toMatch(/pass 2/);
  expect(exitCode).toBe(0);
});

test('under node:test a failed expectation fails the test with its message [F20]', async () => {
  const { exitCode, output } = await nodeTest(
    'failing.test.mjs',
    `
    test('fails', async () => {
      const telemetry = createTestTelemetry();
      telemetry.measure('checkout', (span) => span.setAttribute('cart.items', 2));
      expectSpan(telemetry, 'checkout').toHaveAttribute('cart.items', 3);
    });
    `,
  );
  expect(exitCode).not.toBe(0);
  expect(output).toContain('Expected span "checkout" to have cart.items = 3, but it is 2.');
});

test('the testing entry bundles for a page, without Node and without the API', async () => {
  const { metafile } = await build({
    entryPoints: [join(here, '../src/runtimes/testing/index.ts')],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    outfile: join(directory, 'page.mjs'),
    metafile: true,
  });
  expect(Object.keys(metafile.inputs).filter((input) => input.includes('node_modules'))).toEqual([]);
  expect(Object.values(metafile.outputs).flatMap((output) => output.imports)).toEqual([]);
});
