import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeTraces } from '../../packages/testkit/src/otlp-proto.js';
import { otlpSink } from '../../packages/testkit/src/otlp-sink.js';
import { root } from '../lib/root.mjs';
import { readSnippets } from './docs/read-snippets.js';
import { canInstall, killAll, mustRun, shell } from './packed/shell.js';

/* docs/wasm.md as a newcomer follows it: an empty folder, its files, its commands. Only the package comes from a tarball. */

const registry = canInstall();
if (!registry) console.warn('SKIPPED: following docs/wasm.md needs a registry that npm can install from');

describe.skipIf(!registry)('docs/wasm.md from an empty folder (needs npm’s registry)', () => {
  let folder: string;
  let tarball: string;
  beforeAll(async () => {
    await mustRun('node tools/build.mjs', root);
    folder = mkdtempSync(join(tmpdir(), 'throughline-wasm-guide-'));
    const [report] = JSON.parse(
      await mustRun(`npm pack --json --pack-destination "${folder}"`, join(root, 'packages/sdk')),
    );
    tarball = join(folder, report.filename);
  }, 300_000);
  afterAll(() => {
    killAll();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  test('its module is compiled, runs, prints what it says, and its spans arrive below each other [W1]', async () => {
    const at = join(folder, 'shop');
    mkdirSync(at);
    const sink = await otlpSink({ protocol: 'http1' });
    try {
      let printed = '';
      for (const { language, words, code } of readSnippets('docs/wasm.md')) {
        if (typeof words.file === 'string') {
          mkdirSync(dirname(join(at, words.file)), { recursive: true });
          writeFileSync(join(at, words.file), code);
        } else if (language === 'sh') {
          for (const line of code.trim().split('\n')) {
            const command = line.replace(/(?<=\s)@throughline\/sdk(?=\s|$)/, `"${tarball}"`);
            const { code, stdout, stderr } = await shell(command, at, { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url });
            expect(code, `${line}\n${stdout}${stderr}`).toBe(0);
            printed += stdout;
          }
        }
      }
      expect(printed).toContain('4246\n');
      const spans = sink.received
        .flatMap(({ body }) => decodeTraces(body).resourceSpans)
        .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
      const named = (name: string) => spans.find((span) => span.name === name)!;
      expect(named('discount').parentSpanId).toEqual(named('price').spanId);
      expect(named('price').parentSpanId).toEqual(named('order').spanId);
      expect(spans).toHaveLength(3);
    } finally {
      await sink.close();
    }
  }, 300_000);
});
