import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { decodeTraces, type SeenSpan } from '../../../packages/sdk/test/web/support/decode-traces.js';
import { readBody } from '../../../packages/sdk/test/web/support/serve.js';
import { faultSize, nothingLost } from '../../../packages/testkit/src/faults/fault-run.js';
import { buildPeople } from './support/build-people.js';
import { type Desktop, openDesktop } from './support/desktop.js';
import { desktopTools } from './support/desktop-tools.js';

/*
 * A program that is killed again and again, at moments nobody chose, while a person works in it and the collector comes and goes. What must
 * not be lost is decided here, from outside: what the page had been told before the program died.
 */

vi.setConfig({ testTimeout: 5 * 60_000, hookTimeout: 25 * 60_000 });

const CUTS = faultSize({ brief: 10, full: 50 });
const SERVER = 2;

/**
 * Put into the page beside the program: a person who creates people without a pause, and an account of what the backend has answered. A
 * batch is in it once the backend has said that it has it, a command once the page has its answer.
 */
const worker = (cut: number) => `(() => {
  const real = window.fetch;
  const handed = (window.handed = { batches: [], commands: [] });
  window.fetch = async (address, init) => {
    const answer = await real(address, init);
    const ok = answer.headers.get('tauri-response') === 'ok';
    if (ok && String(address).endsWith('throughline%7Cbatch')) handed.batches.push(init.headers.get('throughline-batch'));
    if (ok && String(address).endsWith('create_person')) handed.commands.push(JSON.parse(init.body).name);
    return answer;
  };
  const set = (name, value) => {
    const input = document.querySelector('[name=' + name + ']');
    input.value = value;
  };
  let person = 0;
  const create = () => {
    person++;
    set('name', 'Person ${cut}.' + person);
    set('email', '${cut}.' + person + '@example.org');
    document.querySelector('#create').click();
    setTimeout(create, 5 + Math.random() * 30);
  };
  create();
})()`;

/** What the page has been told: ids of batches that are kept, people whose creation was answered. */
interface Handed {
  readonly batches: readonly string[];
  readonly commands: readonly string[];
}

const after = (ms: number) => new Promise<void>((resolve) => ms < Infinity && setTimeout(resolve, ms));

interface Arrived {
  readonly hash: string;
  readonly spans: readonly SeenSpan[];
}

/** A collector that is there or is not; and when it is, sometimes takes a batch without living to say so. */
async function startMoody(random: () => number) {
  const batches = new Map<string, Arrived>();
  const different: string[] = [];
  let isThere = true;
  let copies = 0;
  const server: Server = createServer(async (request, response) => {
    const bytes = await readBody(request).catch(() => undefined);
    if (!bytes || !isThere) return void request.socket.destroy();
    const id = new URL(request.url!, 'http://moody').searchParams.get('tl-batch')!;
    const hash = createHash('sha256').update(bytes).digest('hex');
    const before = batches.get(id);
    if (before) {
      copies++;
      if (before.hash !== hash) different.push(id);
    } else batches.set(id, { hash, spans: decodeTraces(bytes, request.headers) });
    if (random() < 0.2) request.socket.destroy();
    else response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    batches,
    different,
    get copies() {
      return copies;
    },
    be(there: boolean) {
      isThere = there;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The same numbers for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe.skipIf(!desktopTools)(
  'a desktop program that is killed (needs cargo, libwebkit2gtk-4.1-dev, webkit2gtk-driver and xvfb)',
  () => {
    let path: string;
    let desktop: Desktop;
    let folder: string;

    beforeAll(async () => {
      path = await buildPeople();
      desktop = await openDesktop({ quiet: true });
      folder = mkdtempSync(join(tmpdir(), 'throughline-cuts-'));
    });
    afterAll(async () => {
      await desktop?.close();
      if (folder) rmSync(folder, { recursive: true, force: true });
    });

    test('loses nothing by being cut off again and again: what the page was told has been kept arrives, once, the same bytes under the same id [D5 D12]', async () => {
      const seed = Number(process.env.CUTS_SEED ?? Date.now() % 1e9);
      const random = randomOf(seed);
      const collector = await startMoody(random);
      const env = { XDG_DATA_HOME: folder, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
      const batches = new Set<string>();
      const commands = new Set<string>();

      for (let cut = 0; cut < CUTS; cut++) {
        collector.be(random() < 0.5);
        // Before there is a page: while what the one before has left is sent.
        if (cut % 4 === 3) {
          const starting = desktop.start(path, env);
          await after(20 + random() * 600);
          await starting.kill();
          continue;
        }
        const people = await desktop.open(path, env);
        await people.until(`document.querySelector('#create')`);
        await people.evaluate(worker(cut));
        // From the first moment on, or when the backend has what it must not lose.
        if (random() < 0.6) await people.until('handed.batches.length > 0 && handed.commands.length > 0');
        const aliveMs = random() * 600;
        const turnsMs = random() < 0.5 ? random() * aliveMs : Infinity;
        void after(turnsMs).then(() => collector.be(random() < 0.5));
        let dead = false;
        const killed = after(aliveMs).then(async () => {
          await people.kill();
          dead = true;
        });
        while (!dead) {
          // The last answer counts: what was said in it had been kept before the cut.
          const handed = await people.evaluate<Handed>('handed').catch(() => undefined);
          for (const id of handed?.batches ?? []) batches.add(id);
          for (const name of handed?.commands ?? []) commands.add(name);
        }
        await killed;
      }

      collector.be(true);
      const last = await desktop.open(path, env);
      await last.until(`document.querySelector('#create')`);
      const spool = join(folder, 'dev.throughline.people', 'throughline');
      await expect
        // `.part`: a batch whose writing was cut, which nobody was told of.
        .poll(() => readdirSync(spool).filter((name) => !/\.(lock|part)$/.test(name)), { timeout: 60_000 })
        .toEqual([]);
      await last.kill();
      await collector.close();

      const spans = [...collector.batches.values()].flatMap((batch) => batch.spans);
      console.log(
        `seed ${seed}: ${batches.size} batches and ${commands.size} commands handed over, ${collector.batches.size} batches with ${spans.length} spans arrived, ${collector.copies} of them once more`,
      );
      expect(batches.size, `seed ${seed}`).toBeGreaterThan(CUTS / 5);
      expect(commands.size, `seed ${seed}`).toBeGreaterThan(CUTS);
      nothingLost('desktop program cut off', {
        sent: batches.size,
        stored: collector.batches.size,
        missing: [...batches].filter((id) => !collector.batches.has(id)).length,
        duplicated: spans.length - new Set(spans.map(({ spanId }) => spanId)).size,
      });
      expect(collector.different, `ids with two contents with seed ${seed}`).toEqual([]);

      const answered = new Map(
        spans
          .filter(({ name, kind }) => name === 'create_person' && kind === SERVER)
          .map(({ attributes, spanId }) => [attributes['tauri.command.argument.name'], spanId]),
      );
      const below = new Set(spans.map(({ parentSpanId, name }) => `${parentSpanId} ${name}`));
      const whole = (spanId: string | undefined) =>
        spanId && ['INSERT people', 'send user-created'].every((name) => below.has(`${spanId} ${name}`));
      const lost = [...commands].filter((name) => !whole(answered.get(name)));
      expect(lost, `commands lost with seed ${seed}`).toEqual([]);
    });
  },
);
