import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { bundleSize, sdkFromSource } from '../../bench/size/bundle-size.mjs';
import { findForbidden } from '../../bench/size/forbidden.mjs';
import { root } from '../lib/root.mjs';

const folder = mkdtempSync(join(tmpdir(), 'throughline-size-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('npm run size', () => {
  test('counts every byte of a bundle to the file it came from', async () => {
    writeFileSync(
      join(folder, 'part.ts'),
      'export const used = (n: number) => console.log(n); export const unused = "not in the bundle";',
    );
    writeFileSync(join(folder, 'entry.ts'), 'import { used } from "./part.js"; used(1);');
    const { code, gzipBytes, modules } = await bundleSize(join(folder, 'entry.ts'), { root });
    expect(code).not.toContain('not in the bundle');
    expect(gzipBytes).toBeGreaterThan(20);
    expect(modules.map(({ path }: { path: string }) => path.replace(/^.*\//, '')).sort()).toEqual([
      'entry.ts',
      'part.ts',
    ]);
    const counted = modules.reduce((sum: number, { bytes }: { bytes: number }) => sum + bytes, 0);
    expect(Math.abs(code.length - counted)).toBeLessThan(5);
  });

  test('finds what a page must never load', () => {
    for (const code of [
      'import "node:fs"',
      'eval("1")',
      'new Function("a")',
      'process.env.X',
      'require("x")',
      'Buffer.from(x)',
    ])
      expect(findForbidden(code), code).toHaveLength(1);
    expect(findForbidden('const evaluate = (a) => retrieval(a)')).toEqual([]);
  });

  test('a page loads nothing that a page must never load, and nothing of another package [B12]', async () => {
    for (const entry of ['core', 'web', 'web-lossless']) {
      const { code, modules } = await bundleSize(`bench/size/${entry}.ts`, { root, plugins: [sdkFromSource(root)] });
      expect(findForbidden(code), entry).toEqual([]);
      const foreign = modules.filter(({ path }: { path: string }) => !/^(packages\/sdk\/src|bench\/size)\//.test(path));
      expect(foreign, entry).toEqual([]);
    }
  });

  test('what the small page does not use is not in it [B12]', async () => {
    const { modules } = await bundleSize('bench/size/core.ts', { root, plugins: [sdkFromSource(root)] });
    const paths = modules.map(({ path }: { path: string }) => path.replace('packages/sdk/src/', ''));
    for (const part of [
      'core/trace/recording-span.ts',
      'core/wire/export-request-to-json.ts',
      'core/outbox/full-outbox.ts',
    ])
      expect(paths, part).not.toContain(part);
    expect(paths.filter((path: string) => path.startsWith('instruments/'))).toEqual([]);
  });
});
