import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TraceAnswer, TracesAnswer } from '../../packages/collector/src/shapes/api.js';
import { quickJsDevice } from '../../packages/sdk/test/tiny/quickjs-device.js';
import { decodeSpans } from '../../packages/testkit/src/decode-spans.js';
import { startMosquitto } from '../../packages/testkit/src/mosquitto.js';
import { pathOnMachine } from '../../packages/testkit/src/on-this-machine.js';
import { root } from '../lib/root.mjs';
import { readSnippets } from './docs/read-snippets.js';
import { matches } from './docs/run-snippet.js';
import { fromTarballs, type Packed, pack, type Room } from './packed/pack.js';
import { canInstall, killAll, mustRun, shell, startInShell } from './packed/shell.js';

/*
 * docs/tiny.md and docs/mqtt.md as a newcomer follows them: an empty folder, their files, their commands. The packages come from tarballs, and the broker
 * stands on a free port.
 */

const registry = canInstall();
if (!registry)
  console.warn('SKIPPED: following docs/tiny.md and docs/mqtt.md needs a registry that npm can install from');

/** What installs takes as long as the registry lets it. */
const INSTALLING_MS = 600_000;

describe.skipIf(!registry)('the guides of small devices from an empty folder (needs npm’s registry)', () => {
  let folder: string;
  let packed: Readonly<Record<Room, Packed>>;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'throughline-device-guides-'));
    packed = await pack(['sdk', 'collector'], folder);
  }, INSTALLING_MS);
  afterAll(() => {
    killAll();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  /** An empty folder with the guide's files, and what its `npm install` lines ask for. */
  async function follow(doc: string): Promise<string> {
    const at = join(folder, doc.replaceAll('/', '-'));
    mkdirSync(at);
    for (const { language, words, code } of readSnippets(doc)) {
      if (typeof words.file === 'string') writeFileSync(join(at, words.file), code);
      if (language !== 'sh') continue;
      for (const line of code.split('\n').filter((line) => line.startsWith('npm install')))
        await mustRun(fromTarballs(line, packed), at);
    }
    return at;
  }

  test(
    'docs/tiny.md: the station prints what the guide says, and the one file runs in QuickJS with 256 KB [S10]',
    async () => {
      const guide = readSnippets('docs/tiny.md');
      const at = await follow('docs/tiny.md');
      const { stdout, stderr } = await shell('node station.mjs', at);
      expect(stderr).toBe('');
      expect(matches(stdout, guide.find(({ words }) => words.file === 'station.mjs')!.output!), stdout).toBe(true);

      const path = 'node_modules/@throughline/sdk/dist/for-devices/tiny.js';
      expect(readFileSync(join(root, 'docs/tiny.md'), 'utf8')).toContain(`\`${path}\` is the whole of it`);
      const published: Uint8Array[] = [];
      const device = await quickJsDevice({
        memoryBytes: 256 * 1024,
        modules: { 'tiny.js': readFileSync(join(at, path), 'utf8') },
        publish: (_topic, bytes) => void published.push(bytes),
      });
      try {
        device.run(`
          import { start } from 'tiny.js';
          const telemetry = start({
            serviceName: 'station',
            entropy: { fill: (target) => target.set(new Uint8Array(host.random(target.length))) },
            publish: async (topic, bytes, id) => host.publish(topic, bytes.slice().buffer, id),
          });
          telemetry.measure('wake', () => telemetry.tracer.startSpan('reading').end());
          telemetry.flush();
        `);
        expect(published.flatMap((bytes) => decodeSpans(bytes)).map(({ name }) => name)).toEqual(['reading', 'wake']);
      } finally {
        device.off();
      }
    },
    INSTALLING_MS,
  );

  test.skipIf(!pathOnMachine('mosquitto'))(
    'docs/mqtt.md: what a station publishes is in the collector that listens to the broker (needs mosquitto) [S10 S11]',
    async () => {
      const broker = await startMosquitto();
      const here = (text: string) => text.replaceAll('mqtt://localhost:1883', broker.url);
      try {
        const at = await follow('docs/mqtt.md');
        writeFileSync(join(at, 'publish.mjs'), here(readFileSync(join(at, 'publish.mjs'), 'utf8')));
        const [up] = readSnippets('docs/mqtt.md').flatMap(({ code }) => code.match(/^npx throughline up .*/m) ?? []);
        const collector = startInShell(here(up!), at, {
          THROUGHLINE_OTLP_HTTP_PORT: '0',
          THROUGHLINE_OTLP_GRPC_PORT: '0',
          THROUGHLINE_EXPLORER_PORT: '0',
        });
        const explorer = (await collector.says(/explorer\s+(http:\S+)/))[1]!;
        await collector.says(new RegExp(`OTLP/MQTT\\s+${broker.url}, throughline/v1/…`));
        await collector.says(/Taking OTLP from mqtt:/);
        expect(await shell('node station.mjs', at)).toEqual({ code: 0, stdout: 'published\n', stderr: '' });

        const ask = async <T>(path: string) => (await (await fetch(new URL(path, explorer))).json()) as T;
        const query = new URLSearchParams({ q: 'service = "station"' });
        let traces: TracesAnswer['traces'] = [];
        while (traces.length === 0) ({ traces } = await ask<TracesAnswer>(`/api/v1/traces?${query}`));
        const { spans } = await ask<TraceAnswer>(`/api/v1/traces/${traces[0]!.traceId}`);
        const [wake, reading] = ['wake', 'reading'].map((name) => spans.find((span) => span.name === name)!);
        expect(spans).toHaveLength(2);
        expect(reading).toMatchObject({ parentSpanId: wake!.spanId, attributes: { 'sensor.temperature': 21.5 } });
        await collector.interrupt();
      } finally {
        await broker.close();
      }
    },
    INSTALLING_MS,
  );
});
