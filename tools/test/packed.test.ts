import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SpanDetail, TraceAnswer, TracesAnswer } from '../../packages/collector/src/shapes/api.js';
import { hasWorkerd } from '../../packages/sdk/test/cloudflare/support/workerd.js';
import { chromiumPath, launchChromium } from '../../packages/sdk/test/web/support/chromium.js';
import { startClickhouseFront } from '../../packages/testkit/src/clickhouse-front.js';
import { encodeOtlp } from '../../packages/testkit/src/otlp-proto.js';
import { otlpSink } from '../../packages/testkit/src/otlp-sink.js';
import { root } from '../lib/root.mjs';
import { readSnippets, type Snippet } from './docs/read-snippets.js';
import { fromTarballs, type Packed, pack, type Room } from './packed/pack.js';
import { canInstall, killAll, mustRun, type Running, shell, startInShell } from './packed/shell.js';

/*
 * The two packages as a user has them: packed, installed into empty folders outside of the repository, and used by what the README and the
 * quickstart say, command for command. Only two things differ: the packages come from the tarballs instead of the registry, and ports are
 * free ones.
 */

/** What installs from a registry takes as long as the registry and the machine's other work let it; it is given up only where it surely hangs. */
const INSTALLING_MS = 600_000;

let folder: string;
let packed: Readonly<Record<Room, Packed>>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'throughline-packed-'));
  packed = await pack(['sdk', 'collector'], folder);
}, INSTALLING_MS);
afterAll(() => {
  killAll();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder of its own, made a package as the quickstart does it. */
async function emptyFolder(name: string): Promise<string> {
  const path = join(folder, name);
  mkdirSync(path);
  await mustRun('npm init -y', path);
  return path;
}

/** The files of the SDK that an entry for Node loads. */
function filesReached(entry: string): ReadonlySet<string> {
  const folder = join(root, 'packages/sdk/dist/for-node');
  const reached = new Set<string>();
  const follow = (file: string) => {
    if (reached.has(file)) return;
    reached.add(file);
    expect(packed.sdk.files).toContain(`dist/for-node/${file}`);
    const code = readFileSync(join(folder, file), 'utf8');
    for (const [, from, bare] of code.matchAll(
      /(?:^|;)(?:import|export)\b[^;]*?\bfrom\s*"\.\/([^"]+)"|(?:^|;)import\s*"\.\/([^"]+)"/gm,
    ))
      follow(from ?? bare!);
  };
  follow(entry);
  return reached;
}

test('a Node program imports two files of the SDK, not a hundred', () => {
  const reached = filesReached('node.js');
  expect(reached.size).toBeGreaterThan(1);
  // The entry and one of all that it loads; it was 32 while each set of entries that have something in common had a file of its own.
  expect(reached.size).toBeLessThan(3);
});

test('who carries context alone, without telemetry, loads a file of 20 kB and not all of the SDK', () => {
  for (const entry of ['propagation.js', 'messages.js']) {
    expect([...filesReached(entry)]).toEqual([entry]);
    expect(statSync(join(root, 'packages/sdk/dist/for-node', entry)).size).toBeLessThan(20_000);
  }
});

const anyPorts = {
  THROUGHLINE_OTLP_HTTP_PORT: '0',
  THROUGHLINE_OTLP_GRPC_PORT: '0',
  THROUGHLINE_EXPLORER_PORT: '0',
};

// The SDK: some 150 kB of it are what Node imports, a second time in a few files (tools/lib/bundle-for-node.mjs). 265 until there were more runtimes
// than Node and pages, and metrics and logs; 425 until batches of a page could wait in the browser (offline), 440 until
// those of a process could in files (store); 465 until metrics had views, exponential histograms, exemplars and readers, logs processors and bridges, and Node
// configuration files (some 50 kB, half of it types and the second copy) and an endpoint for Prometheus. A program takes only what it names. The collector's was 500 until it could hand on what it takes
// (gateway, up --forward), 580 until it answered PromQL and SQL, and the explorer showed metrics, logs and services; 680 until totals were put together by steps. The SDK's was 680 until its modules
// were packed without their comments and what Node imports without its white space.
const ceilingsKB = { sdk: 590, collector: 690 };
test.each(['sdk', 'collector'] as const)(
  'the package %s holds what it needs and nothing else, within its ceiling',
  (name) => {
    const { files, bytes, unpackedBytes } = packed[name];
    const kB = (value: number) => (value / 1000).toFixed(1);
    console.log(`${name}: ${kB(bytes)} kB packed, ${kB(unpackedBytes)} kB unpacked, ${files.length} files`);
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json']));
    const needless = files.filter(
      (file) =>
        !/^(LICENSE|README\.md|package\.json|(assemblyscript|dist)\/.*)$/.test(file) ||
        /\.test\.|tsbuildinfo|(^|\/)\./.test(file),
    );
    expect(needless).toEqual([]);
    expect(bytes / 1000).toBeLessThan(ceilingsKB[name]);
  },
);

test('every entry of the SDK and the page of the collector with all it loads are in the packages', () => {
  const { exports } = JSON.parse(readFileSync(join(root, 'packages/sdk/package.json'), 'utf8'));
  const targets = Object.values<string | Record<string, string>>(exports).flatMap((entry) =>
    typeof entry === 'string' ? [entry] : Object.values(entry),
  );
  expect(targets.length).toBeGreaterThan(10);
  expect(targets.filter((target) => !packed.sdk.files.includes(target.replace('./', '')))).toEqual([]);

  const explorer = 'dist/explorer';
  const page = readFileSync(join(root, 'packages/collector', explorer, 'index.html'), 'utf8');
  const loaded = [...page.matchAll(/(?:src|href)="\.?\/([^"]+)"/g)]
    .map(([, path]) => `${explorer}/${path}`)
    .filter((path) => !path.startsWith(`${explorer}/api/`));
  expect(loaded.length).toBeGreaterThan(1);
  expect(loaded.filter((path) => !packed.collector.files.includes(path))).toEqual([]);
  expect(packed.collector.files).toContain('dist/cli/main.js');
});

const registry = canInstall();
if (!registry) console.warn('SKIPPED: following the README needs a registry that npm can install from');

describe.skipIf(!registry)('by the README and the quickstart, from the tarballs (needs npm’s registry)', () => {
  const quickstart = readSnippets('docs/quickstart.md');
  const readme = readSnippets('README.md');
  const commandsWith = (snippets: readonly Snippet[], text: string): string[] => {
    const found = snippets.find(({ language, code }) => language === 'sh' && code.includes(text));
    if (!found) throw new Error(`no commands with "${text}" in the guide`);
    return found.code.trim().split('\n');
  };
  const fileNamed = (snippets: readonly Snippet[], name: string): string => {
    const found = snippets.find(({ words }) => words.file === name);
    if (!found) throw new Error(`no file ${name} in the guide`);
    return found.code;
  };

  let collector: Running;
  let explorer: string;
  let otlp: string;
  let browser: Browser | undefined;

  beforeAll(async () => {
    const path = await emptyFolder('collector');
    await mustRun(`npm install "${packed.collector.tarball}"`, path);
    const [up] = commandsWith(readme, 'npx throughline up');
    collector = startInShell(up!, path, anyPorts);
    explorer = (await collector.says(/explorer\s+(http:\S+)/))[1]!;
    otlp = (await collector.says(/OTLP\/HTTP\s+(http:\S+)/))[1]!;
    await collector.says(/OTLP\/gRPC\s+http:\S+/);
    if (chromiumPath) browser = await launchChromium();
  }, INSTALLING_MS);
  afterAll(async () => {
    await browser?.close();
  });

  const atCollector = (text: string) => text.replaceAll('http://localhost:4318', otlp);

  async function ask<T>(path: string): Promise<T> {
    return (await fetch(new URL(path, explorer))).json() as Promise<T>;
  }

  /** The spans of the newest trace of a service, as soon as `complete` says that they are all there. */
  async function traceOf(service: string, complete: (spans: readonly SpanDetail[]) => boolean): Promise<TraceAnswer> {
    const query = new URLSearchParams({ q: `service = "${service}"`, limit: '20' });
    const deadline = Date.now() + 20_000;
    for (;;) {
      const { traces } = await ask<TracesAnswer>(`/api/v1/traces?${query}`);
      let seen: unknown = traces;
      for (const { traceId } of traces ?? []) {
        const trace = await ask<TraceAnswer>(`/api/v1/traces/${traceId}`);
        if (trace.spans && complete(trace.spans)) return trace;
        seen = trace;
      }
      if (Date.now() > deadline) throw new Error(`no such trace of ${service}: ${JSON.stringify(seen)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  test.each([
    ['README.md', readme, '/hello', 'hello\n'],
    ['docs/quickstart.md', quickstart, '/?name=Ada', 'Hello Ada\n'],
  ] as const)(
    'the Node program of %s sends its trace, with the commands it says [F2 F4 F19]',
    async (doc, guide, path, answer) => {
      const at = await emptyFolder(`node-${doc.replace(/\W/g, '-')}`);
      for (const command of commandsWith(guide, '@opentelemetry/instrumentation-http'))
        if (!command.startsWith('npm init')) await mustRun(fromTarballs(command, packed), at);
      for (const name of ['telemetry.mjs', 'server.mjs']) writeFileSync(join(at, name), fileNamed(guide, name));
      const [start] = commandsWith(guide, 'node --import ./telemetry.mjs server.mjs');
      const port = String(await freePort());
      const sinceNano = BigInt(Date.now()) * 1_000_000n;
      const server = startInShell(start!, at, { PORT: port, OTEL_EXPORTER_OTLP_ENDPOINT: otlp });
      expect(await firstAnswer(`http://localhost:${port}${path}`, server)).toBe(answer);
      await server.interrupt();
      expect(server.stderr()).toBe('');
      const { spans } = await traceOf(
        'greeter',
        (spans) => spans.length === 2 && BigInt(spans[0]!.startUnixNano) >= sinceNano,
      );
      const [request, greet] = spans as [SpanDetail, SpanDetail];
      expect([request.name, request.kind, request.parentSpanId]).toEqual(['GET', 'server', '']);
      expect([greet.name, greet.parentSpanId]).toEqual(['greet', request.spanId]);
    },
    INSTALLING_MS,
  );

  test('a CommonJS program of ten lines sends its trace', async () => {
    const at = await emptyFolder('commonjs');
    await mustRun(fromTarballs('npm install @throughline/sdk', packed), at);
    writeFileSync(
      join(at, 'program.cjs'),
      `const { start } = require('@throughline/sdk/node');

const telemetry = start({ serviceName: 'common' });
const add = telemetry.traced('add', (a, b) => a + b);

telemetry.measure('sum', () => {
  console.log(add(1, 2));
});
`,
    );
    const { code, stdout } = await shell('node program.cjs', at, { OTEL_EXPORTER_OTLP_ENDPOINT: otlp });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '3\n' });
    const { spans } = await traceOf('common', (spans) => spans.length === 2);
    expect(spans.map(({ name }) => name)).toEqual(['sum', 'add']);
    expect(spans[1]!.parentSpanId).toBe(spans[0]!.spanId);
  }, 60_000);

  test('a program that is not touched sends its trace through node/register [F2 F4]', async () => {
    const at = await emptyFolder('register');
    await mustRun(
      fromTarballs('npm install @throughline/sdk @opentelemetry/api @opentelemetry/instrumentation-undici', packed),
      at,
    );
    writeFileSync(join(at, 'program.cjs'), `fetch('${explorer}/api/v1/status').then((answer) => answer.text());\n`);
    const run = await shell('node --import @throughline/sdk/node/register program.cjs', at, {
      OTEL_SERVICE_NAME: 'untouched',
      OTEL_EXPORTER_OTLP_ENDPOINT: otlp,
    });
    expect(run).toEqual({ code: 0, stdout: '', stderr: '' });
    const { spans } = await traceOf('untouched', (spans) => spans.length === 1);
    expect(spans[0]).toMatchObject({ name: 'GET', kind: 'client' });
  }, 60_000);

  test.skipIf(!chromiumPath)(
    'a page made by Vite sends its load and its clicks, and the explorer shows them (needs Chromium) [B3 B5]',
    async () => {
      const at = await emptyFolder('page');
      const [create, enter, install] = commandsWith(quickstart, 'npm create vite');
      await mustRun(create!, at);
      const page = join(at, enter!.replace(/^cd /, ''));
      await mustRun('npm install', page);
      await mustRun(fromTarballs(install!, packed), page);
      const telemetry = fileNamed(quickstart, 'telemetry.ts');
      expect(telemetry).toContain('http://localhost:4318');
      writeFileSync(join(page, 'src/telemetry.ts'), atCollector(telemetry));
      const main = readFileSync(join(page, 'src/main.ts'), 'utf8');
      writeFileSync(join(page, 'src/main.ts'), `import './telemetry.ts';\n${main}`);
      // The template's build compiles the page with its own strict settings first, our declarations included.
      await mustRun('npm run build', page);
      const port = await freePort();
      // In CI it would colour the port, also where nobody sees colours.
      const preview = startInShell(`npx vite preview --host 127.0.0.1 --port ${port} --strictPort`, page, {
        NO_COLOR: '1',
      });
      await preview.says(/127\.0\.0\.1:\d+/);

      const visitor = await browser!.newPage();
      const errors: string[] = [];
      visitor.on('pageerror', (error) => errors.push(error.message));
      await visitor.goto(`http://127.0.0.1:${port}/`);
      await visitor.locator('#counter').click();
      const click = await traceOf('page', ([first]) => first!.name.startsWith('click'));
      const load = await traceOf('page', (spans) => spans.some(({ name }) => /load/i.test(name)));
      expect(errors).toEqual([]);
      expect(click.traceId).not.toBe(load.traceId);

      const shown = await browser!.newPage();
      await showsTrace(shown, click);
      await shown.goto(new URL(`?q=${encodeURIComponent('service = "page"')}`, explorer).href);
      await shown.getByText(click.spans[0]!.name).first().waitFor();
      await preview.interrupt();
    },
    INSTALLING_MS,
  );

  test.skipIf(!hasWorkerd)(
    'a Worker made by its guide sends its trace, with KV and work behind the response (needs workerd) [W2]',
    async () => {
      const guide = readSnippets('docs/cloudflare.md');
      const at = await emptyFolder('worker');
      for (const command of commandsWith(guide, 'npm install')) await mustRun(fromTarballs(command, packed), at);
      mkdirSync(join(at, 'src'));
      for (const name of ['src/index.js', 'wrangler.json'])
        writeFileSync(join(at, name), atCollector(fileNamed(guide, name)));
      expect(readFileSync(join(at, 'wrangler.json'), 'utf8')).toContain(otlp);
      const port = String(await freePort());
      const [dev] = commandsWith(guide, 'npx wrangler dev');
      const [ask] = commandsWith(guide, 'curl ');
      const worker = startInShell(dev!.replace('8787', port), at, { WRANGLER_SEND_METRICS: 'false', CI: 'true' });
      await worker.says(/Ready on http/);
      const answer = await fetch(ask!.replace('curl ', '').replace('8787', port));
      expect(await answer.text()).toBe('Hello from /world\n');
      const { spans } = await traceOf('greeter', (spans) => spans.length === 3);
      const [request] = spans as [SpanDetail];
      expect([request.name, request.kind, request.attributes['url.path']]).toEqual(['GET', 'server', '/world']);
      expect(spans.slice(1).map(({ name, parentSpanId }) => [name, parentSpanId])).toEqual([
        ['get GREETINGS', request.spanId],
        ['put GREETINGS', request.spanId],
      ]);
      expect(`${worker.stdout()}${worker.stderr()}`).not.toContain('[throughline]');
      await worker.interrupt();
    },
    180_000,
  );

  async function showsTrace(page: Page, { traceId, spans }: TraceAnswer): Promise<void> {
    await page.goto(new URL(`trace/${traceId}`, explorer).href);
    for (const { name } of spans) await page.getByText(name).first().waitFor();
  }

  test('the doctor finds nothing wrong', async () => {
    const [doctor] = commandsWith(readme, 'throughline doctor');
    // On its usual ports it would find the API beside the receiver by itself.
    const { code, stdout } = await shell(`${atCollector(doctor!)} --api ${explorer}`, join(folder, 'collector'));
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(/✓ read back/);
  }, 60_000);

  test('Ctrl-C ends the collector and its engine, and what was kept is there at the next start', async () => {
    const before = await traceOf('common', (spans) => spans.length === 2);
    await collector.interrupt();
    const path = join(folder, 'collector');
    expect(existsSync(join(path, '.throughline'))).toBe(true);
    collector = startInShell('npx throughline up', path, anyPorts);
    explorer = (await collector.says(/explorer\s+(http:\S+)/))[1]!;
    otlp = (await collector.says(/OTLP\/HTTP\s+(http:\S+)/))[1]!;
    const after = await traceOf('common', (spans) => spans.length === 2);
    expect(after.spans).toEqual(before.spans);
    await collector.interrupt();
  }, 90_000);

  test(
    'without chdb a gateway takes what a program sends and hands it on [S11]',
    async () => {
      const path = await emptyFolder('gateway');
      await mustRun(`npm install --omit=optional "${packed.collector.tarball}"`, path);
      expect(existsSync(join(path, 'node_modules/chdb'))).toBe(false);
      const sink = await otlpSink({ protocol: 'http1' });
      try {
        const gateway = startInShell(`npx throughline gateway --to ${sink.url}`, path, {
          THROUGHLINE_OTLP_HTTP_PORT: '0',
          THROUGHLINE_OTLP_GRPC_PORT: '0',
          THROUGHLINE_STATUS_PORT: '0',
        });
        const otlp = (await gateway.says(/OTLP\/HTTP\s+(http:\S+)/))[1]!;
        const spans = encodeOtlp('TracesRequest', { resourceSpans: [{ scopeSpans: [{ spans: [{ name: 'a' }] }] }] });
        const response = await fetch(`${otlp}/v1/traces`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-protobuf' },
          body: Buffer.from(spans),
        });
        expect(response.status).toBe(200);
        await sink.arrived(1);
        expect(Buffer.from(sink.received[0]!.body).equals(Buffer.from(spans))).toBe(true);
        await gateway.interrupt();
      } finally {
        await sink.close();
      }
    },
    INSTALLING_MS,
  );

  test(
    'without chdb `up` says what to do, and a ClickHouse server is used instead',
    async () => {
      const path = await emptyFolder('without-chdb');
      await mustRun(`npm install --omit=optional "${packed.collector.tarball}"`, path);
      expect(existsSync(join(path, 'node_modules/chdb'))).toBe(false);
      const alone = await shell('npx throughline up', path, anyPorts);
      expect(alone.code).toBe(1);
      const said = alone.stderr.split('\n').filter((line) => line !== '' && !line.startsWith('npm '));
      expect(said).toHaveLength(1);
      expect(said[0]).toMatch(/embedded engine is not installed: run `npm i chdb`.*--clickhouse http/);

      const front = await startClickhouseFront({ user: 'me', password: 'secret' });
      try {
        const up = startInShell(`npx throughline up --clickhouse ${front.url}`, path, anyPorts);
        explorer = (await up.says(/explorer\s+(http:\S+)/))[1]!;
        otlp = (await up.says(/OTLP\/HTTP\s+(http:\S+)/))[1]!;
        const { code } = await shell('node program.cjs', join(folder, 'commonjs'), {
          OTEL_EXPORTER_OTLP_ENDPOINT: otlp,
        });
        expect(code).toBe(0);
        const { spans } = await traceOf('common', (spans) => spans.length === 2);
        expect(spans.map(({ name }) => name)).toEqual(['sum', 'add']);
        await up.interrupt();
      } finally {
        await front.close();
      }
    },
    INSTALLING_MS,
  );
});

/** The first answer of a server that is about to listen. */
async function firstAnswer(url: string, server: Running): Promise<string> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      return await (await fetch(url)).text();
    } catch (error) {
      if (server.child.exitCode !== null || Date.now() > deadline)
        throw new Error(`${url} does not answer: ${server.stdout()}${server.stderr()}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
