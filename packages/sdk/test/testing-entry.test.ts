import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
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

const imports = `
  import test, { afterEach } from 'node:test';
  import { createTestTelemetry, expectSpan } from './testing.mjs';
`;

/** Runs a file under `node --test`. */
function nodeTest(file: string, code: string): Promise<{ readonly exitCode: number; readonly output: string }> {
  writeFileSync(join(directory, file), code);
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
    `${imports}
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
    `${imports}
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

test('every program of the guide to testing runs as it stands there [F20]', async () => {
  const guide = readFileSync(join(here, '../../../docs/testing.md'), 'utf8');
  const programs = [...guide.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code!);
  expect(programs.length).toBeGreaterThan(1);
  const api = pathToFileURL(createRequire(import.meta.url).resolve('@opentelemetry/api')).href;
  for (const [index, code] of programs.entries()) {
    const resolved = code.replace('@throughline/sdk/testing', './testing.mjs').replace('@opentelemetry/api', api);
    const { exitCode, output } = await nodeTest(`guide-${index}.test.mjs`, resolved);
    expect(output).toMatch(/pass 1/);
    expect(exitCode).toBe(0);
  }
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
