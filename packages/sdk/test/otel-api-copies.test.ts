import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';

/*
 * Real copies of @opentelemetry/api in real processes: the API's state is per process and per copy, so each program below is a
 * process of its own. It prints one line of JSON.
 */

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const run = promisify(execFile);
let directory: string;

/** The files of a copy: as `require` finds it, as `import` finds it, and (1.9 has one for bundlers only) its ESM build. */
const copies = {
  '1.3': require.resolve('otel-api-1.3'),
  '1.9': require.resolve('otel-api-1.9'),
  '1.10 cjs': require.resolve('otel-api-1.10'),
  '1.10 esm': require.resolve('otel-api-1.10').replace(/\.cjs$/, '.mjs'),
} as const;
type Copy = keyof typeof copies;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'throughline-copies-'));
  await build({
    stdin: {
      contents: `
        export { registerGlobals } from './core/otel-api.js';
        export { createStackContextStore } from './core/context/stack-context-store.js';
        export { traceContextPropagator } from './core/propagation/trace-context.js';
        export { NonRecordingSpan } from './core/context/non-recording-span.js';
        export { setSpan, getSpan } from './core/context/span-in-context.js';
        export { createTestTelemetry } from './runtimes/testing/index.js';
      `,
      resolveDir: join(here, '../src'),
    },
    bundle: true,
    format: 'esm',
    outfile: join(directory, 'sdk.mjs'),
  });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let programs = 0;
/** Runs `code` as a module with the SDK's pieces as `sdk`, the named copies, and a provider that notes who started which span. */
async function program<T>(code: string): Promise<T> {
  const file = join(directory, `program-${programs++}.mjs`);
  const load = (path: string) =>
    path.endsWith('.mjs')
      ? `await import(${JSON.stringify(pathToFileURL(path).href)})`
      : `require(${JSON.stringify(path)})`;
  writeFileSync(
    file,
    `
    import { createRequire } from 'node:module';
    import * as sdk from './sdk.mjs';
    const require = createRequire(import.meta.url);
    const copies = { ${Object.entries(copies)
      .map(([name, path]) => `${JSON.stringify(name)}: ${load(path)}`)
      .join(', ')} };
    const started = [], diagnostics = [];
    const contextStore = sdk.createStackContextStore();
    const tracer = (scope) => ({
      startSpan(name, options, context = contextStore.active()) {
        const parent = sdk.getSpan(context)?.spanContext().spanId;
        started.push(parent ? scope + ':' + name + '<' + parent : scope + ':' + name);
        return new sdk.NonRecordingSpan({ traceId: 'a'.repeat(32), spanId: String(started.length).padStart(16, '0'), traceFlags: 1 });
      },
      startActiveSpan(name, ...rest) {
        const span = this.startSpan(name);
        return contextStore.with(sdk.setSpan(contextStore.active(), span), rest.at(-1), undefined, span);
      },
    });
    const register = ({ apiCopies, diag } = {}) => ({ unregister: sdk.registerGlobals(
      { trace: { getTracer: tracer }, context: contextStore, propagation: sdk.traceContextPropagator, diag },
      apiCopies,
      (_level, code) => diagnostics.push(code),
    ) });
    const apiGlobal = () => globalThis[Symbol.for('opentelemetry.js.api.1')];
    const say = (value) => console.log(JSON.stringify(value));
    ${code}
    `,
  );
  const { stdout } = await run(process.execPath, ['--no-warnings', file]);
  return JSON.parse(stdout) as T;
}

const names = Object.keys(copies) as Copy[];

test.each(names)('spans, context and propagation of api %s work after registration', async (name) => {
  const result = await program<unknown>(`
    register();
    const { trace, context, propagation } = copies['${name}'];
    const carrier = {};
    trace.getTracer('lib').startActiveSpan('outer', (span) => {
      trace.getTracer('lib').startSpan('inner').end();
      propagation.inject(context.active(), carrier);
    });
    const remote = propagation.extract(context.active(), { traceparent: '00-' + 'b'.repeat(32) + '-' + 'c'.repeat(16) + '-01' });
    say({ started, carrier, remote: trace.getSpanContext(remote).spanId, diagnostics });
  `);
  expect(result).toEqual({
    started: ['lib:outer', `lib:inner<${'1'.padStart(16, '0')}`],
    carrier: { traceparent: `00-${'a'.repeat(32)}-${'1'.padStart(16, '0')}-01` },
    remote: 'c'.repeat(16),
    diagnostics: [],
  });
});

test.each(names)(
  'a tracer of api %s taken before registration records after it, when its copy was passed',
  async (name) => {
    const result = await program<unknown>(`
    const early = copies['${name}'].trace.getTracer('early');
    early.startSpan('too soon');
    register({ apiCopies: [copies['${name}']] });
    early.startSpan('recorded');
    early.startActiveSpan('active', (span) => early.startSpan('child'));
    say({ started, diagnostics });
  `);
    expect(result).toEqual({
      started: ['early:recorded', 'early:active', `early:child<${'2'.padStart(16, '0')}`],
      diagnostics: [],
    });
  },
);

test('all copies in one process record into one telemetry, with one context and one parentage', async () => {
  const result = await program<unknown>(`
    const all = Object.entries(copies);
    const early = all.map(([name, api]) => api.trace.getTracer('early ' + name));
    register({ apiCopies: all.map(([, api]) => api) });
    for (const tracer of early) tracer.startSpan('x');
    all.reduceRight((inner, [name, api]) => () => api.trace.getTracer(name).startActiveSpan('nest', inner), () => {})();
    say({ started, diagnostics, providers: new Set(all.map(([, api]) => api.trace.getTracerProvider())).size });
  `);
  const id = (n: number) => String(n).padStart(16, '0');
  expect(result).toEqual({
    started: [
      ...names.map((name) => `early ${name}:x`),
      '1.3:nest',
      `1.9:nest<${id(5)}`,
      `1.10 cjs:nest<${id(6)}`,
      `1.10 esm:nest<${id(7)}`,
    ],
    diagnostics: [],
    providers: 1,
  });
});

test('a started telemetry sends one trace of the spans of all copies, across await, with baggage of one read by another', async () => {
  const result = await program<unknown>(`
    const all = Object.entries(copies);
    const early = all.map(([, api]) => api.trace.getTracer('early', '1.0.0'));
    const telemetry = sdk.createTestTelemetry({ api: all.map(([, api]) => api) });
    let seen;
    const nest = async ([[name, api], ...rest]) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (!name) return;
      await early[all.findIndex(([other]) => other === name)].startActiveSpan(name, async (span) => {
        span.setAttribute('copy', name).addEvent('e', { at: 1 });
        span.setStatus({ code: api.SpanStatusCode.OK });
        const { propagation, context } = api;
        seen = propagation.getBaggage(context.active())?.getEntry('user')?.value;
        const baggage = propagation.createBaggage({ user: { value: 'set by ' + name } });
        await context.with(propagation.setBaggage(context.active(), baggage), () => nest(rest.length ? rest : [[]]));
        span.end();
      });
    };
    await nest(all);
    say({
      tree: telemetry.tree().split('\\n'),
      seen,
      scopes: new Set(telemetry.spans().map(({ scope }) => scope.name + scope.version)).size,
      copies: telemetry.spans().every(({ name, attributes, events, status }) => attributes.copy === name && events.length === 1 && status.code === 'ok'),
      diagnostics: telemetry.diagnostics,
    });
  `);
  expect(result).toEqual({
    tree: ['1.3 [ok]', '  1.9 [ok]', '    1.10 cjs [ok]', '      1.10 esm [ok]'],
    seen: 'set by 1.10 cjs',
    scopes: 1,
    copies: true,
    diagnostics: [],
  });
});

test('without an earlier global, the newest version implemented is written; an existing version is kept', async () => {
  expect(await program(`register(); say([apiGlobal().version, Object.keys(apiGlobal()).sort()]);`)).toEqual([
    '1.10.0',
    ['context', 'propagation', 'trace', 'version'],
  ]);
  for (const [name, version] of [
    ['1.3', '1.3.0'],
    ['1.9', '1.9.0'],
    ['1.10 esm', '1.10.0'],
  ] as const) {
    const code = `
      copies['${name}'].diag.setLogger({ error() {}, warn() {}, info() {}, debug() {}, verbose() {} });
      register();
      copies['${name}'].trace.getTracer('lib').startSpan('s');
      say([apiGlobal().version, started]);
    `;
    expect(await program(code)).toEqual([version, ['lib:s']]);
  }
});

test('a copy newer than the version already announced still records, and the split is reported', async () => {
  const result = await program<unknown>(`
    copies['1.3'].diag.setLogger({ error() {}, warn() {}, info() {}, debug() {}, verbose() {} });
    const early = copies['1.9'].trace.getTracer('early');
    register({ apiCopies: [copies['1.3'], copies['1.9']] });
    early.startSpan('x');
    copies['1.9'].trace.getTracer('late').startSpan('y');
    say({ started, diagnostics });
  `);
  expect(result).toEqual({ started: ['early:x', 'late:y'], diagnostics: ['api-apart'] });
});

test.each(['1.3', '1.9', '1.10 esm'] as const)(
  'another SDK that registered through api %s keeps its place, and nothing of ours is set',
  async (name) => {
    const result = await program<unknown>(`
      const theirs = [];
      const provider = { getTracer: () => ({ startSpan: (span) => { theirs.push(span); return new sdk.NonRecordingSpan({}); } }) };
      copies['${name}'].trace.setGlobalTracerProvider(provider);
      const before = Object.keys(apiGlobal());
      const registered = register({ apiCopies: [copies['${name}']] });
      copies['${name}'].trace.getTracer('lib').startSpan('s');
      const between = Object.keys(apiGlobal());
      registered.unregister();
      copies['${name}'].trace.getTracer('lib').startSpan('t');
      say({ theirs, started, diagnostics, same: String(before) === String(between) });
    `);
    expect(result).toEqual({
      theirs: ['s', 't'],
      started: [],
      diagnostics: ['another-sdk'],
      same: true,
    });
  },
);

test('a context manager or propagator that the program set itself stays, and is reported', async () => {
  const result = await program<unknown>(`
    const { ROOT_CONTEXT, context, propagation, trace } = copies['1.10 esm'];
    context.setGlobalContextManager({ active: () => ROOT_CONTEXT, with: (c, fn) => fn(), bind: (c, t) => t, enable() {}, disable() {} });
    propagation.setGlobalPropagator({ inject: (c, carrier) => { carrier.own = '1'; }, extract: (c) => c, fields: () => [] });
    const registered = register();
    const carrier = {};
    propagation.inject(ROOT_CONTEXT, carrier);
    trace.getTracer('lib').startSpan('s');
    registered.unregister();
    say({ carrier, started, diagnostics, left: Object.keys(apiGlobal()).sort() });
  `);
  expect(result).toEqual({
    carrier: { own: '1' },
    started: ['lib:s'],
    diagnostics: ['another-context', 'another-propagation'],
    left: ['context', 'propagation', 'version'],
  });
});

test('a vacant proxy in the global is taken over, and its tracers record', async () => {
  const result = await program<unknown>(`
    const { trace } = copies['1.9'];
    trace.setGlobalTracerProvider(undefined);
    const early = trace.getTracer('early');
    const registered = register();
    early.startSpan('x');
    trace.getTracer('late').startSpan('y');
    registered.unregister();
    say({ started, diagnostics, left: Object.keys(apiGlobal()).sort() });
  `);
  expect(result).toEqual({ started: ['early:x', 'late:y'], diagnostics: [], left: ['trace', 'version'] });
});

test.each(names)(
  'after unregister, api %s is as if nothing had been, and another SDK can register through it',
  async (name) => {
    const result = await program<unknown>(`
    const api = copies['${name}'];
    const early = api.trace.getTracer('early');
    const registered = register({ apiCopies: [api] });
    registered.unregister();
    registered.unregister();
    early.startSpan('x');
    api.trace.getTracer('late').startSpan('y');
    const gone = apiGlobal() === undefined;
    const theirs = [];
    const took = api.trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan: (span) => theirs.push(span) }) });
    api.trace.getTracer('z').startSpan('z');
    registered.unregister();
    api.trace.getTracer('z').startSpan('still');
    say({ started, gone, took, theirs });
  `);
    expect(result).toEqual({ started: [], gone: true, took: true, theirs: ['z', 'still'] });
  },
);

test.each(names)(
  'a tracer of api %s taken before the first telemetry and used in it records into the second too',
  async (name) => {
    const result = await program<unknown>(`
    const api = copies['${name}'];
    const early = api.trace.getTracer('early');
    const taken = [];
    for (const round of ['first', 'second', 'third']) {
      const telemetry = sdk.createTestTelemetry({ api: [api] });
      early.startActiveSpan(round, (outer) => {
        early.startSpan('child').end();
        outer.end();
      });
      taken.push(telemetry.tree());
      await telemetry.shutdown();
      early.startSpan('between').end();
      taken.push(early.startActiveSpan('between', (span) => span.isRecording()));
    }
    say(taken);
  `);
    expect(result).toEqual(
      ['first', 'second', 'third'].flatMap((round) => [expect.stringMatching(`${round}[^]*child`), false]),
    );
  },
);

test('what the API says about itself reaches our diagnostics, and a logger of the program stays', async () => {
  const result = await program<unknown>(`
    const said = [];
    const logger = (list) => Object.fromEntries(['error', 'warn', 'info', 'debug', 'verbose'].map((level) => [level, (m) => list.push(m)]));
    const registered = register({ diag: logger(said) });
    copies['1.3'].diag.error('from 1.3');
    copies['1.10 esm'].diag.createComponentLogger({ namespace: 'http' }).warn('from 1.10');
    registered.unregister();
    const own = [];
    copies['1.9'].diag.setLogger(logger(own), { suppressOverrideMessage: true });
    register({ diag: logger(said) });
    copies['1.9'].diag.error('kept');
    say({ said, own: own.includes('kept') });
  `);
  expect(result).toEqual({ said: ['from 1.3', 'http'], own: true });
});

test('a value in api that is not the API is reported and stops nothing', async () => {
  const result = await program<unknown>(`
    register({ apiCopies: [{}, undefined, { trace: 1 }, copies['1.9']] });
    copies['1.9'].trace.getTracer('lib').startSpan('s');
    say({ started, diagnostics });
  `);
  expect(result).toEqual({ started: ['lib:s'], diagnostics: ['api-apart'] });
});

test('a bundle for a page holds no copy of the API and runs without the package', async () => {
  const { metafile } = await build({
    entryPoints: [join(here, '../src/core/otel-api.ts'), join(here, '../src/core/propagation/index.ts')],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    outdir: join(directory, 'page'),
    metafile: true,
  });
  expect(Object.keys(metafile.inputs).filter((input) => input.includes('node_modules'))).toEqual([]);
  expect(Object.values(metafile.outputs).flatMap((output) => output.imports)).toEqual([]);
});
