import { readdirSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import type { InstalledSdk } from './installed-sdk.js';
import type { Json, JsonSink } from './json-sink.js';
import { runProgram } from './run-program.js';
import { useInstalledSdk } from './use-installed-sdk.js';

/* Metrics of Node and of its process, of real programs, against what Node itself says in the same moment. */

const installed = useInstalledSdk();
let sdk: InstalledSdk;
let sink: JsonSink;
beforeEach(() => {
  ({ sdk, sink } = installed);
});

interface Point {
  readonly attributes: Readonly<Record<string, string>>;
  readonly value: number;
  readonly count: number;
  readonly sum: number;
}

const list = (value: unknown) => (value ?? []) as Json[];

/** The points of one metric in one of the collections that arrived, from 0 on. */
function points(name: string, collection: number): Point[] {
  const metrics = sink
    .bodies('resourceMetrics')
    .map((body) =>
      list(body.resourceMetrics).flatMap((one) => list(one.scopeMetrics).flatMap((scope) => list(scope.metrics))),
    );
  return (metrics.at(collection) ?? [])
    .filter((metric) => metric.name === name)
    .flatMap((metric) => list(((metric.sum ?? metric.gauge ?? metric.histogram) as Json).dataPoints))
    .map((point) => ({
      attributes: Object.fromEntries(
        list(point.attributes).map(({ key, value }) => [key, Object.values(value as Json)[0] as string]),
      ),
      value: Number(point.asDouble ?? point.asInt),
      count: Number(point.count),
      sum: Number(point.sum),
    }));
}

const value = (name: string, attribute?: string, collection = 1): number => {
  const [found, ...more] = points(name, collection).filter(
    ({ attributes }) => attribute === undefined || Object.values(attributes).includes(attribute),
  );
  if (!found || more.length) throw new Error(`${name} ${attribute} is there ${found ? more.length + 1 : 0} times`);
  return found.value;
};
const sum = (name: string) => points(name, 1).reduce((total, point) => total + point.value, 0);

const names = () =>
  new Set(
    sink
      .bodies('resourceMetrics')
      .flatMap((body) =>
        list(body.resourceMetrics).flatMap((one) =>
          list(one.scopeMetrics).flatMap((scope) => list(scope.metrics).map(({ name }) => String(name))),
        ),
      ),
  );

const runtimeNames = [
  'nodejs.eventloop.delay.max',
  'nodejs.eventloop.delay.mean',
  'nodejs.eventloop.delay.min',
  'nodejs.eventloop.delay.p50',
  'nodejs.eventloop.delay.p90',
  'nodejs.eventloop.delay.p99',
  'nodejs.eventloop.delay.stddev',
  'nodejs.eventloop.time',
  'nodejs.eventloop.utilization',
  'v8js.gc.duration',
  'v8js.memory.heap.space.available_size',
  'v8js.memory.heap.space.physical_size',
  'v8js.memory.heap.space.size',
  'v8js.memory.heap.used',
  'v8js.resource.active',
];
const processNames = [
  'process.context_switches',
  'process.cpu.time',
  'process.cpu.utilization',
  'process.memory.usage',
  'process.paging.faults',
  'process.uptime',
];
const linuxNames = [
  'process.memory.virtual',
  'process.thread.count',
  'process.unix.file_descriptor.count',
  'process.disk.io',
];

const env = () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' });

interface Look {
  readonly cpu: NodeJS.CpuUsage;
  readonly memory: NodeJS.MemoryUsage;
  readonly usage: NodeJS.ResourceUsage;
  readonly uptime: number;
  readonly loop: { readonly active: number; readonly idle: number };
  readonly files: number | undefined;
}

test('metrics of the event loop, of V8 and of the process tell what Node tells of itself in that moment [F12 S7]', async () => {
  const { code, stdout, stderr } = await runProgram('runtime-metrics.mjs', { cwd: sdk.folder, env: env() }).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { before, after } = JSON.parse(stdout) as { before: Look; after: Look };
  const linux = process.platform === 'linux';
  expect([...names()].sort()).toEqual(
    [...runtimeNames, ...processNames, ...(linux ? linuxNames.filter((name) => hasProc(name)) : [])].sort(),
  );
  /** What only grows was read between the two looks. */
  const between = (told: number, least: number, most: number) => {
    expect(told).toBeGreaterThanOrEqual(least);
    expect(told).toBeLessThanOrEqual(most);
  };

  between(value('process.cpu.time', 'user'), before.cpu.user / 1e6, after.cpu.user / 1e6);
  between(value('process.cpu.time', 'system'), before.cpu.system / 1e6, after.cpu.system / 1e6);
  between(value('process.uptime'), before.uptime, after.uptime);
  const { usage } = before;
  between(
    value('process.context_switches', 'voluntary'),
    usage.voluntaryContextSwitches,
    after.usage.voluntaryContextSwitches,
  );
  between(
    value('process.context_switches', 'involuntary'),
    usage.involuntaryContextSwitches,
    after.usage.involuntaryContextSwitches,
  );
  between(value('process.paging.faults', 'minor'), usage.minorPageFault, after.usage.minorPageFault);
  between(value('process.paging.faults', 'major'), usage.majorPageFault, after.usage.majorPageFault);
  // Of the time since the collection before, of all processors.
  const used = sum('process.cpu.utilization');
  between(used, 0.01, 1);
  between(value('process.memory.usage'), before.memory.rss / 2, before.memory.rss * 2);
  if (linux) {
    expect(value('process.memory.virtual')).toBeGreaterThan(value('process.memory.usage'));
    expect(value('process.thread.count')).toBeGreaterThanOrEqual(4);
    const files = [before.files!, after.files!];
    between(value('process.unix.file_descriptor.count'), Math.min(...files), Math.max(...files));
    // It has opened twenty since the first collection.
    between(
      value('process.unix.file_descriptor.count') - value('process.unix.file_descriptor.count', undefined, 0),
      20,
      24,
    );
  }

  between(value('nodejs.eventloop.time', 'active'), before.loop.active / 1e3, after.loop.active / 1e3);
  between(value('nodejs.eventloop.time', 'idle'), before.loop.idle / 1e3, after.loop.idle / 1e3);
  between(value('nodejs.eventloop.utilization'), 0.3, 1);
  // It was blocked for 300 ms, once.
  between(value('nodejs.eventloop.delay.max'), 0.29, after.uptime);
  between(
    value('nodejs.eventloop.delay.mean'),
    value('nodejs.eventloop.delay.min'),
    value('nodejs.eventloop.delay.max'),
  );
  expect(value('nodejs.eventloop.delay.p50')).toBeLessThan(0.29);
  expect(value('nodejs.eventloop.delay.p90')).toBeLessThanOrEqual(value('nodejs.eventloop.delay.p99'));
  expect(value('nodejs.eventloop.delay.stddev')).toBeGreaterThan(0);
  // Each collection tells of the time since the one before.
  expect(value('nodejs.eventloop.delay.max', undefined, 2)).toBeLessThan(value('nodejs.eventloop.delay.max'));

  const { heapUsed, heapTotal } = before.memory;
  between(sum('v8js.memory.heap.used'), heapUsed / 2, heapUsed * 2);
  between(sum('v8js.memory.heap.space.size'), heapTotal / 2, heapTotal * 2);
  expect(sum('v8js.memory.heap.space.physical_size')).toBeGreaterThan(0);
  const spaces = points('v8js.memory.heap.space.available_size', 1).map(
    (point) => point.attributes['v8js.heap.space.name'],
  );
  expect(spaces).toEqual(expect.arrayContaining(['new_space', 'old_space', 'code_space', 'large_object_space']));

  const collections = points('v8js.gc.duration', 1);
  const minor = collections.find(({ attributes }) => attributes['v8js.gc.type'] === 'minor')!;
  expect(minor.count).toBeGreaterThan(0);
  between(minor.sum, Number.MIN_VALUE, after.cpu.user / 1e6 + after.cpu.system / 1e6);
  expect(value('v8js.resource.active', 'Timeout')).toBeGreaterThanOrEqual(1);
});

test('`runtime-node` among the instrumentations of the environment measures a program that knows nothing of it, and nothing is installed for it', async () => {
  const { code, stdout, stderr } = await runProgram('plain.mjs', {
    cwd: sdk.folder,
    nodeArgs: ['--import', '@throughline/sdk/node/register'],
    env: { ...env(), OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'runtime-node' },
  }).ended;
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'plain\n', stderr: '' });
  expect([...names()]).toEqual(expect.arrayContaining(processNames));
  expect([...names()]).toEqual(expect.arrayContaining(runtimeNames.filter((name) => /utilization|heap/.test(name))));
});

test('a worker thread tells of its own loop and heap under its thread.id, and nothing of the process', async () => {
  const { code, stderr } = await runProgram('runtime-in-thread.mjs', { cwd: sdk.folder, env: env() }).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [utilization] = points('nodejs.eventloop.utilization', 0);
  expect(utilization!.attributes).toEqual({ 'thread.id': '1' });
  expect([...names()].filter((name) => name.startsWith('process.'))).toEqual([]);
});

test('what threads of a program count is a series for each of them, not one that all of them write', async () => {
  const { code, stderr } = await runProgram('counting-threads.mjs', { cwd: sdk.folder, env: env() }).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const collections = sink.bodies('resourceMetrics').length;
  const series = Array.from({ length: collections }, (_, at) => points('jobs', at)).flat();
  expect(series.map(({ attributes, value: jobs }) => [attributes['thread.id'], attributes.kind, jobs]).sort()).toEqual([
    [undefined, 'mail', 1],
    ['1', 'mail', 10],
    ['2', 'mail', 10],
  ]);
});

test('without a word nothing is measured: a program that has no metrics of its own sends none', async () => {
  const { code, stderr } = await runProgram('plain.mjs', {
    cwd: sdk.folder,
    nodeArgs: ['--import', '@throughline/sdk/node/register'],
    env: env(),
  }).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect([...names()]).toEqual([]);
});

/** A sandbox may hide a file of Linux' process folder. */
function hasProc(name: string): boolean {
  try {
    return name !== 'process.disk.io' || readdirSync('/proc/self').includes('io');
  } catch {
    return false;
  }
}
