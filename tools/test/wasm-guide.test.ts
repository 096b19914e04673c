import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeTraces } from '../../packages/testkit/src/otlp-proto.js';
import { otlpSink } from '../../packages/testkit/src/otlp-sink.js';
import { readSnippets } from './docs/read-snippets.js';
import { fromTarballs, type Packed, pack, type Room } from './packed/pack.js';
import { canInstall, killAll, shell } from './packed/shell.js';

/* docs/wasm.md and docs/wasi.md as a newcomer follows them: an empty folder, their files, their commands. Only the packages come from tarballs. */

const registry = canInstall();
if (!registry)
  console.warn('SKIPPED: following docs/wasm.md and docs/wasi.md needs a registry that npm can install from');

describe.skipIf(!registry)('the guides of WebAssembly from an empty folder (needs npm’s registry)', () => {
  let folder: string;
  let packed: Readonly<Record<Room, Packed>>;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'throughline-wasm-guide-'));
    packed = await pack(['sdk', 'collector'], folder);
  }, 300_000);
  afterAll(() => {
    killAll();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  /** Follows a guide up to the heading `until`; gives what was printed and the spans that arrived where a collector would stand. */
  async function follow(doc: string, until: (code: string) => boolean) {
    const at = join(folder, doc.replaceAll('/', '-'));
    mkdirSync(at);
    const sink = await otlpSink({ protocol: 'http1' });
    const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, npm_config_omit: 'optional' };
    let printed = '';
    try {
      for (const { language, words, code } of readSnippets(doc)) {
        if (until(code)) break;
        if (typeof words.file === 'string') {
          mkdirSync(dirname(join(at, words.file)), { recursive: true });
          writeFileSync(join(at, words.file), code);
        } else if (language === 'sh') {
          for (const line of code.trim().split('\n')) {
            const command = line.startsWith('npm install') ? fromTarballs(line, packed) : line;
            const { code, stdout, stderr } = await shell(command, at, environment);
            expect(code, `${line}\n${stdout}${stderr}`).toBe(0);
            printed += stdout;
          }
        }
      }
      const spans = sink.received
        .flatMap(({ body }) => decodeTraces(body).resourceSpans ?? [])
        .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
      return { at, printed, spans, named: (name: string) => spans.find((span) => span.name === name)! };
    } finally {
      await sink.close();
    }
  }

  test('docs/wasm.md: the module is compiled, runs, prints what it says, and its spans lie below each other [W1]', async () => {
    const { printed, spans, named } = await follow('docs/wasm.md', () => false);
    expect(printed).toContain('4246\n');
    expect(named('discount').parentSpanId).toEqual(named('price').spanId);
    expect(named('price').parentSpanId).toEqual(named('order').spanId);
    expect(spans).toHaveLength(3);
  }, 300_000);

  test('docs/wasi.md: the program writes to a file, and the import takes its spans and empties it [W4]', async () => {
    const { at, printed, spans, named } = await follow('docs/wasi.md', (code) => code.includes('fileTransport'));
    expect(printed).toContain('written: true\n');
    expect(printed).toContain('spans.tl: 1 batches taken: 3 spans. The file is empty.\n');
    expect(spans.map(({ name }) => name)).toEqual(['resize', 'resize', 'make thumbnails']);
    for (const { parentSpanId } of spans.slice(0, 2)) expect(parentSpanId).toEqual(named('make thumbnails').spanId);
    expect(existsSync(join(at, 'spans.tl'))).toBe(false);
  }, 300_000);
});
