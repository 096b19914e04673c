import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeSpans } from '../../packages/testkit/src/decode-spans.js';
import { type Engine, enginePath } from '../../packages/testkit/src/engines.js';
import { otlpSink } from '../../packages/testkit/src/otlp-sink.js';
import { root } from '../lib/root.mjs';
import { readSnippets } from './docs/read-snippets.js';
import { type LocalRegistry, localRegistry } from './packed/local-registry.js';
import { pack } from './packed/pack.js';
import { canInstall, killAll, mustRun, shell, startInShell } from './packed/shell.js';

/*
 * docs/deno.md and docs/bun.md as a newcomer follows them: an empty folder, their commands as they stand, their file. The package comes from a
 * registry on loopback that has it packed.
 */

const registry = canInstall();
if (!registry)
  console.warn('SKIPPED: following docs/deno.md and docs/bun.md needs a registry that npm can install from');

describe.skipIf(!registry)('by the guides of other engines, from an empty folder (needs npm’s registry)', () => {
  let folder: string;
  let packages: LocalRegistry;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'throughline-engines-'));
    const sdk = join(root, 'packages/sdk');
    const packed = await pack(['sdk'], folder);
    const npms = (await mustRun('npm config get registry', root)).trim();
    const manifest = JSON.parse(readFileSync(join(sdk, 'package.json'), 'utf8'));
    packages = await localRegistry(packed.sdk.tarball, manifest, npms);
  }, 300_000);
  afterAll(async () => {
    killAll();
    await packages?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  /** Runs the guide's commands in turn; the last one is the server, which is asked once and then ended by Ctrl-C. */
  async function follow(engine: Engine): Promise<void> {
    const at = join(folder, engine);
    const programs = join(folder, `${engine}-programs`);
    for (const path of [at, programs]) mkdirSync(path);
    symlinkSync(enginePath(engine)!, join(programs, engine));
    const sink = await otlpSink({ protocol: 'http1' });
    const port = String(await freePort());
    const environment = {
      PATH: `${programs}${delimiter}${process.env.PATH}`,
      NPM_CONFIG_REGISTRY: packages.url,
      // Caches of their own: this version of the package is published anew with every change.
      DENO_DIR: join(folder, 'deno-cache'),
      BUN_INSTALL_CACHE_DIR: join(folder, 'bun-cache'),
      DENO_NO_UPDATE_CHECK: '1',
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      PORT: port,
    };
    const snippets = readSnippets(`docs/${engine}.md`);
    const commands = snippets
      .filter(({ language }) => language === 'sh')
      .flatMap(({ code }) => code.trim().split('\n'));
    try {
      for (const line of commands.slice(0, -1)) {
        const { code, stdout, stderr } = await shell(line, at, environment);
        expect(code, `${line}\n${stdout}${stderr}`).toBe(0);
      }
      for (const { words, code } of snippets)
        if (typeof words.file === 'string') writeFileSync(join(at, words.file), code);
      const server = startInShell(commands.at(-1)!, at, environment);
      const [traceId, spanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
      const url = `http://127.0.0.1:${port}/?name=Ada`;
      expect(await answer(url, { traceparent: `00-${traceId}-${spanId}-01` }, server)).toBe('Hello Ada\n');
      await server.interrupt();
      expect(server.stderr()).not.toContain('[throughline]');
      const spans = sink.received.flatMap(({ body }) => decodeSpans(body));
      const named = (name: string) => spans.find((span) => span.name === name)!;
      expect(spans).toHaveLength(2);
      expect(named('GET')).toMatchObject({ traceId, parentSpanId: spanId, kind: 2 });
      expect(named('greet')).toMatchObject({ traceId, parentSpanId: named('GET').spanId });
      expect(named('GET').resource).toMatchObject({ 'service.name': 'greeter', 'process.runtime.name': engine });
    } finally {
      await sink.close();
    }
  }

  test.skipIf(!enginePath('deno'))(
    'a server in Deno continues the trace of who asks it, and sends its spans at Ctrl-C [F9 F22]',
    () => follow('deno'),
    300_000,
  );
  test.skipIf(!enginePath('bun'))(
    'a server in Bun continues the trace of who asks it, and sends its spans at Ctrl-C [F9 F22]',
    () => follow('bun'),
    300_000,
  );
});

async function answer(url: string, headers: Record<string, string>, server: ReturnType<typeof startInShell>) {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      return await (await fetch(url, { headers })).text();
    } catch (error) {
      if (server.child.exitCode !== null || Date.now() > deadline)
        throw new Error(`${url} does not answer: ${server.stdout()}${server.stderr()}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
