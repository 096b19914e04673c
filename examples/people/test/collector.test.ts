import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { SpanDetail, TraceAnswer, TracesAnswer } from '../../../packages/collector/src/shapes/api.js';
import { eventually, startCollector, type TestCollector } from '../../../packages/collector/test/start-collector.js';
import { decodeSpans } from '../../../packages/testkit/src/decode-spans.js';
import { type OtlpRelay, otlpRelay } from '../../../packages/testkit/src/otlp-relay.js';
import { buildPeople } from './support/build-people.js';
import { type Desktop, openDesktop } from './support/desktop.js';
import { desktopTools } from './support/desktop-tools.js';

/*
 * The example beside the collector of this repository, as a person has both. What the program sent is read between the two, and counted against the rows.
 */

// The first build compiles Tauri.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 25 * 60_000 });

describe.skipIf(!desktopTools)(
  'a desktop program and the collector (needs cargo, libwebkit2gtk-4.1-dev, webkit2gtk-driver and xvfb)',
  () => {
    let path: string;
    let desktop: Desktop;
    let collector: TestCollector;
    let relay: OtlpRelay;
    let folder: string;

    beforeAll(async () => {
      path = await buildPeople();
      desktop = await openDesktop();
      collector = await startCollector();
      relay = await otlpRelay({ protocol: 'http', target: collector.otlpHttp });
      folder = mkdtempSync(join(tmpdir(), 'throughline-people-'));
    });
    afterAll(async () => {
      await desktop?.close();
      await relay?.close();
      await collector?.stop();
      if (folder) rmSync(folder, { recursive: true, force: true });
    });

    const ask = async <T>(path: string): Promise<T> =>
      (await (await fetch(new URL(`/api/v1/${path}`, collector.explorer))).json()) as T;

    test('a person who is created is one trace in the store, and every span that was sent is a row, once, also of a program that was killed [D1 D5 B5]', async () => {
      const env = { XDG_DATA_HOME: folder, OTEL_EXPORTER_OTLP_ENDPOINT: relay.url };
      const create = async (program: Awaited<ReturnType<Desktop['open']>>, name: string) => {
        await program.type('[name=name]', name);
        await program.type('[name=email]', `${name}@example.org`.toLowerCase());
        await program.click('#create');
        await program.until(`document.querySelector('[role=status]').textContent.startsWith('${name} is here')`);
      };
      const spansSent = () => relay.bodies.flatMap((body) => decodeSpans(body));
      const killed = await desktop.open(path, env);
      await create(killed, 'Ada');
      await killed.kill();
      const people = await desktop.open(path, env);
      await create(people, 'Grace');
      const grace = await eventually(
        async () => {
          const spans = spansSent();
          const command = spans.find(({ attributes }) => attributes['tauri.command.argument.name'] === 'Grace');
          return spans.find(({ name, traceId }) => name === 'click #create' && traceId === command?.traceId)?.traceId;
        },
        (traceId) => traceId !== undefined,
      );
      await people.click('#close').catch(() => {});
      await people.ended();

      const sent = new Map(spansSent().map((span) => [span.traceId + span.spanId, span]));
      expect([...sent.values()].filter(({ name }) => name === 'INSERT people')).toHaveLength(2);
      const rows = await eventually(
        async () => (await ask<{ spans: number }>('status')).spans,
        (spans) => spans >= sent.size,
        20_000,
      );
      expect(rows).toBe(sent.size);

      const query = new URLSearchParams({ q: 'name = "INSERT people"' });
      const { traces } = await ask<TracesAnswer>(`traces?${query}`);
      expect(traces).toHaveLength(2);
      expect(traces.map(({ traceId }) => traceId)).toContain(grace);
      for (const { traceId } of traces) {
        const { spans, resources } = await ask<TraceAnswer>(`traces/${traceId}`);
        const parentOf = (span: SpanDetail) => spans.find(({ spanId }) => spanId === span.parentSpanId);
        const line = (span: SpanDetail | undefined): string[] =>
          span ? [...line(parentOf(span)), `${resources[span.resource]!.service}: ${span.name}`] : [];
        // Of the program that was killed what its backend had ended is here; the page may have had no time to hand over its part.
        const whole = ['people-page: click #create', 'people-page: create_person'];
        const kept = ['people: create_person', 'people: INSERT people'];
        const seen = line(spans.find(({ name }) => name === 'INSERT people'));
        if (traceId === grace) expect(seen).toEqual([...whole, ...kept]);
        else expect(seen.slice(-2)).toEqual(kept);
        expect(spans.filter(({ spanId }) => !sent.has(traceId + spanId))).toEqual([]);
      }
    });
  },
);
