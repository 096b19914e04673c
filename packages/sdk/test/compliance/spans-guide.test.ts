import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, expect, test } from 'vitest';

const here = dirname(fileURLToPath(import.meta.url));
const guide = readFileSync(join(here, '../../../../docs/spans.md'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'throughline-spans-guide-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The programs of one section, each with what it says it prints and what it prints. */
async function programsOf(heading: string) {
  const section = guide.split(/^## /m).find((text) => text.startsWith(heading)) ?? '';
  const programs = [...section.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code!);
  expect(programs.length).toBeGreaterThan(0);
  return Promise.all(
    programs.map(async (contents, at) => {
      const outfile = join(folder, `${heading.slice(0, 4)}${at}.mjs`);
      await build({
        stdin: { contents, resolveDir: here },
        bundle: true,
        format: 'esm',
        platform: 'node',
        outfile,
        alias: {
          '@throughline/sdk/testing': join(here, '../../src/runtimes/testing/index.ts'),
          '@throughline/sdk/sampling': join(here, '../../src/core/sampling/index.ts'),
        },
      });
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [outfile]);
      return { said: /console\.log.* \/\/ (.*)\n/.exec(contents)?.[1], printed: stdout.trim(), stderr };
    }),
  );
}

test('the guide prefers attributes at the creation of a span, and its program shows why', async () => {
  expect(guide).toMatch(/\*\*giving them at creation is preferred\*\*/);
  for (const { said, printed, stderr } of await programsOf('Say attributes'))
    expect({ printed, stderr }).toEqual({ printed: said, stderr: '' });
});

test('the guide says that null and undefined are no values, and its program shows what becomes of them', async () => {
  expect(guide).toMatch(/\*\*`null` and `undefined` are no values\.\*\*/);
  for (const { said, printed, stderr } of await programsOf('What an attribute'))
    expect({ printed, stderr }).toEqual({ printed: said, stderr: '' });
});

test('the guide’s samplers keep what it says [F3]', async () => {
  for (const { said, printed, stderr } of await programsOf('Samplers'))
    expect({ printed, stderr }).toEqual({ printed: said, stderr: '' });
});
