import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { figures, readmeWithFigures } from '../checks/readme-figures.mjs';
import { root } from '../lib/root.mjs';

/** Results as benches write them, in place of bench/out. */
const results = (files: Record<string, unknown>) => ({
  list: () => Object.keys(files).filter((name) => !name.includes('/')),
  read: (path: string) => {
    const found = files[path.replace('bench/out/', '')];
    if (found === undefined) throw new Error('no such file');
    return JSON.stringify(found);
  },
});

test('a figure stands with its machine, its day, its peer and what it missed', () => {
  const text = figures(
    results({
      'query.json': [
        { name: 'query.trace', ours: 93.088, peer: null, ratio: null, unit: 'ms', goal: 60, ok: false },
        { name: 'query.trace.busy', ours: 110, peer: null, ratio: null, unit: 'ms', goal: 120, ok: true },
      ],
      'size.json': [{ name: 'size.new', ours: 7, peer: null, ratio: null, unit: 'kB gzip' }],
      'sdk.json': [
        { name: 'span.0attr', ours: 157.7, peer: 1561, ratio: 9.896, unit: 'ns/span' },
        { name: 'span.0attr@otel3', ours: 154.1, peer: 1372, ratio: 8.9, unit: 'ns/span' },
      ],
      'ingest.json': [
        { name: 'ingest.traces', ours: 64251, peer: 150000, ratio: 0.43, unit: 'spans/s (peer: the goal)' },
        { name: 'ingest.disk', ours: 47.1, peer: 60, ratio: 0.785, unit: 'bytes/span (peer: the goal)' },
        { name: 'ingest.ack.p99', ours: 3896, peer: 50, ratio: 0.01, unit: 'ms at 100000 spans/s (peer: the limit)' },
        { name: 'ingest.cpu.spool', ours: 7, peer: null, ratio: null, unit: 'ms' },
      ],
      'logs.json': [
        { name: 'log.emit.3attr', ours: 961, peer: 4049, ratio: 4.2, goalRatio: 5, unit: 'ns/record' },
        { name: 'log.emit.3attr@otel3', ours: 961, peer: 5766, ratio: 6, goalRatio: 5, unit: 'ns/record' },
      ],
      'about/sdk.json': { date: '2026-11-20', machine: '2 × X', node: 'v20.19.0', command: 'npm run bench -- sdk' },
      'about/logs.json': { date: '2026-11-20', machine: '2 × X', node: 'v20.19.0', command: 'npm run bench -- logs 9' },
      'about/query.json': { date: '2026-11-21', machine: '4 × Y', node: 'v20.19.0', command: 'npm run bench -- query' },
    }),
  );
  expect(text).toContain('Measured on 2 × X, Node 20.19.0, where nothing else is said.');
  expect(text).toContain('(2026-11-20, `npm run bench -- sdk`) | | |');
  expect(text).toContain('(2026-11-20, `npm run bench -- logs`)');
  expect(text).toContain('(2026-11-21, 4 × Y, Node 20.19.0, `npm run bench -- query`)');
  expect(text).toContain(
    '4,049 ns/record, 4.2 × (goal 5 ×, missed); 3.x on Node 22: 5,766 ns/record, 6.0 × (goal 5 ×) |',
  );
  expect(text).toContain(
    '| a span without attributes | 158 ns/span | 1,561 ns/span, 9.9 ×; 3.x on Node 22: 1,372 ns/span, 8.9 × |',
  );
  expect(text).toContain(
    '| a trace by its id | 93.1 ms | goal 60 ms, missed; 110 ms while a slow query runs (goal 120 ms) |',
  );
  expect(text).toContain('| 64,251 spans/s | goal 150,000 spans/s, missed |');
  expect(text).toContain('limit 50 ms at 100000 spans/s, missed |');
  expect(text).toContain('| on disk | 47.1 bytes/span | goal 60 bytes/span |');
  expect(text).toContain('| size.new | 7 kB gzip |  |');
  expect(text).not.toContain('ingest.cpu.spool');
  expect(text).toContain('machine and day were not noted');
  expect(text.indexOf('a span without')).toBeLessThan(text.indexOf('a trace by its id'));
});

test('the figures of a README are replaced, and a README without a place for them is an error', () => {
  const from = results({ 'size.json': [{ name: 'size.core', ours: 5.9, peer: null, ratio: null, unit: 'kB gzip' }] });
  const once = readmeWithFigures('# A\n<!-- figures -->\nold\n<!-- /figures -->\nrest\n', from);
  expect(once).toContain('| 5.9 kB gzip |');
  expect(once).not.toContain('old');
  expect(once.endsWith('<!-- /figures -->\nrest\n')).toBe(true);
  expect(readmeWithFigures(once, from)).toBe(once);
  expect(() => readmeWithFigures('# A\n', from)).toThrow('README.md has no <!-- figures -->');
});

test('the README is short: below 200 lines, and begins with what to type', () => {
  const lines = readFileSync(join(root, 'README.md'), 'utf8').split('\n');
  expect(lines.length).toBeLessThan(200);
  const first = lines.findIndex((line) => line.startsWith('npm start'));
  expect(first).toBeGreaterThan(0);
  expect(first).toBeLessThan(15);
});

test('the overhead on 100 µs of work is stated as it was measured, sampled whole and by a tenth, below what was claimed [F10 S12]', () => {
  const rows: { readonly name: string; readonly ours: number; readonly peer: number | null }[] = JSON.parse(
    readFileSync(join(root, 'bench/out/claims.json'), 'utf8'),
  );
  const row = (name: string) => rows.find((each) => each.name === `claims.overhead.${name}`)!;
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  for (const [name, claimed] of [
    ['100pct', 5],
    ['10pct', 0.5],
  ] as const) {
    const { ours, peer } = row(name);
    expect(peer).toBe(claimed);
    expect(ours).toBeLessThan(claimed);
    expect(readme).toContain(`${Number(ours.toPrecision(3))} % of work of 100 µs`);
  }
  // Between the same work and itself: what the two figures can be off by.
  expect(Math.abs(row('noise').ours)).toBeLessThan(0.5);
});
