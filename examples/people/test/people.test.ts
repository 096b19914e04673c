import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SeenSpan } from '../../../packages/sdk/test/web/support/decode-traces.js';
import { type OtlpSink, startOtlpSink } from '../../../packages/sdk/test/web/support/otlp-sink.js';
import { buildPeople, cargo } from './support/build-people.js';
import { type Desktop, openDesktop, type Program } from './support/desktop.js';
import { desktopTools } from './support/desktop-tools.js';

/*
 * The example as a person has it: built by cargo, in a real WebView on a screen of its own, driven by its buttons. The receiver shares no
 * code with what sends.
 */

// The first build compiles Tauri.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 25 * 60_000 });

const CLIENT = 3;
const SERVER = 2;
const PRODUCER = 4;
const CONSUMER = 5;
const ERROR = 2;

const needs = 'needs cargo, libwebkit2gtk-4.1-dev, webkit2gtk-driver and xvfb';

describe.skipIf(!desktopTools)(`a desktop program (${needs})`, () => {
  let path: string;
  let desktop: Desktop;
  let sink: OtlpSink;
  let folder: string;
  let clicks: number;

  beforeAll(async () => {
    path = await buildPeople();
    desktop = await openDesktop();
  });
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'throughline-people-'));
    sink = await startOtlpSink();
    clicks = 0;
    return async () => {
      await sink.close();
      rmSync(folder, { recursive: true, force: true });
    };
  });
  afterAll(() => desktop?.close());

  const open = (env: Record<string, string> = {}): Promise<Program> =>
    desktop.open(path, { XDG_DATA_HOME: folder, OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, ...env });

  async function create(people: Program, name: string, email = `${name}@example.org`.toLowerCase()): Promise<void> {
    clicks++;
    await people.type('[name=name]', name);
    await people.type('[name=email]', email);
    await people.click('#create');
  }

  async function close(people: Program): Promise<void> {
    // The window may be gone before the driver can say that it was clicked.
    await people.click('#close').catch(() => {});
    await people.ended();
  }

  /** The spans of the trace of the last click, once all of these are there; a name that is given twice, twice. */
  async function traceOfClick(...names: readonly string[]): Promise<(name: string, kind?: number) => SeenSpan> {
    let trace: SeenSpan[] = [];
    await sink.until((spans) => {
      const seenClicks = spans.filter(({ name }) => name === 'click #create');
      if (seenClicks.length < clicks) return false;
      const click = seenClicks.reduce((a, b) => (b.startNano > a.startNano ? b : a));
      trace = spans.filter(({ traceId }) => traceId === click.traceId);
      const count = (all: readonly string[], name: string) => all.filter((one) => one === name).length;
      const seen = trace.map(({ name }) => name);
      return names.every((name) => count(seen, name) >= count(names, name));
    });
    return (name, kind) => {
      const found = trace.filter((span) => span.name === name && (kind === undefined || span.kind === kind));
      expect(found, `${name} in ${trace.map((span) => `${span.name} (${span.kind})`).join(', ')}`).toHaveLength(1);
      return found[0]!;
    };
  }

  test('one click is one trace: invoke, command, SQL, event and listener, page and backend alike [D1 D3 D4 D5 D6]', async () => {
    const people = await open({ PEOPLE_ENVIRONMENT: 'test' });
    await create(people, 'Ada');
    await people.until(`document.querySelector('[role=status]').textContent === 'Ada is here (1)'`);
    const one = await traceOfClick(
      ...['create_person', 'create_person', 'INSERT people', 'send user-created'],
      ...['process user-created', 'process user-created', 'count_people', 'count_people', 'SELECT people'],
    );

    const click = one('click #create');
    const asked = one('create_person', CLIENT);
    const command = one('create_person', SERVER);
    const insert = one('INSERT people', CLIENT);
    const sent = one('send user-created', PRODUCER);
    expect(click.parentSpanId).toBe('');
    expect(asked.parentSpanId).toBe(click.spanId);
    expect(command.parentSpanId).toBe(asked.spanId);
    expect(insert.parentSpanId).toBe(command.spanId);
    expect(sent.parentSpanId).toBe(command.spanId);
    // Two listen: the program's own `listen`, and `tracedListen`, whose handler asks the backend once more.
    const heard = sink.spans.filter(({ name }) => name === 'process user-created');
    expect(heard.map(({ kind, parentSpanId }) => [kind, parentSpanId])).toEqual([
      [CONSUMER, sent.spanId],
      [CONSUMER, sent.spanId],
    ]);
    const counted = one('count_people', CLIENT);
    expect(heard.map(({ spanId }) => spanId)).toContain(counted.parentSpanId);
    expect(one('count_people', SERVER).parentSpanId).toBe(counted.spanId);
    expect(one('SELECT people').parentSpanId).toBe(one('count_people', SERVER).spanId);

    expect(asked.resource).toMatchObject({
      'service.name': 'people-page',
      'service.version': '0.1.0',
      'deployment.environment.name': 'test',
      'telemetry.sdk.language': 'webjs',
    });
    expect(command.resource).toMatchObject({
      'service.name': 'people',
      'service.version': '0.1.0',
      'deployment.environment.name': 'test',
      'telemetry.sdk.language': 'rust',
    });
    expect(insert.attributes).toMatchObject({
      'db.system.name': 'sqlite',
      'db.operation.name': 'INSERT',
      'db.collection.name': 'people',
      'db.query.text': 'INSERT INTO people (name, email) VALUES (?1, ?2)',
    });
    // Times of two processes of one machine: what caused comes before what was caused.
    for (const [earlier, later] of [
      [click, asked],
      [asked, command],
      [command, insert],
      [insert, sent],
      [sent, heard[0]!],
    ]) {
      expect(Number(later!.startNano - earlier!.startNano) / 1e6).toBeGreaterThan(-5);
    }
    await close(people);
  });

  test('a command says what it refused, what the database said, and of its arguments only what was named [D3 D6]', async () => {
    const people = await open();
    await create(people, ' ', 'nobody@example.org');
    await people.until(`document.querySelector('[data-kind=invalid]')`);
    let one = await traceOfClick('create_person', 'create_person');
    for (const span of [one('create_person', CLIENT), one('create_person', SERVER)]) {
      expect(span.status).toEqual({ code: ERROR, message: 'a name is needed' });
      expect(span.attributes['error.type']).toBe('invalid');
      expect(span.events.at(-1)).toMatchObject({
        name: 'exception',
        attributes: { 'exception.type': 'invalid', 'exception.message': 'a name is needed' },
      });
    }
    const warning = one('create_person', SERVER).events[0]!;
    expect(warning).toMatchObject({ name: 'a person without a name', attributes: { level: 'WARN', field: 'name' } });

    await create(people, 'Ada');
    await people.until(`document.querySelector('li')`);
    one = await traceOfClick('create_person', 'create_person', 'count_people', 'count_people');
    expect(one('create_person', SERVER).status.code).toBe(0);
    expect(one('create_person', SERVER).attributes).toMatchObject({
      'rpc.system.name': 'tauri',
      'rpc.method': 'create_person',
      'tauri.command.argument.name': 'Ada',
    });
    expect(one('count_people', SERVER).attributes['tauri.command.result']).toBe('1');

    await create(people, 'Another', 'ada@example.org');
    await people.until(`document.querySelector('[data-kind=known]')`);
    one = await traceOfClick('create_person', 'create_person', 'INSERT people');
    expect(one('INSERT people')).toMatchObject({
      status: { code: ERROR, message: 'UNIQUE constraint failed: people.email' },
      attributes: { 'db.response.status_code': '2067' },
    });
    expect(one('create_person', SERVER).attributes['error.type']).toBe('known');
    // Nobody named it.
    await close(people);
    for (const { bytes } of sink.requests) expect(bytes.toString('latin1')).not.toContain('ada@example.org');
  });

  test('tracedInvoke and an invoke that nobody touched make the same span, one each [D6]', async () => {
    const people = await open();
    await people.until(`document.querySelector('#create')`);
    const invoke = (command: string) =>
      people.evaluate(
        `window.__TAURI_INTERNALS__.invoke('${command}', { any: 'thing' }).then((r) => r, (e) => ({ refused: e }))`,
      );
    expect(await invoke('count_people')).toBe(0);
    expect(await invoke('no_such_command')).toEqual({ refused: 'Command no_such_command not found' });
    await sink.until((spans) => spans.filter(({ name }) => name === 'no_such_command').length === 2);
    // The page asks for `list_people` by `tracedInvoke`, at its start.
    for (const name of ['list_people', 'count_people', 'no_such_command']) {
      const spans = sink.spans.filter((span) => span.name === name);
      const [asked, command] = [CLIENT, SERVER].map((kind) => spans.find((span) => span.kind === kind)!);
      expect(spans, name).toHaveLength(2);
      expect(command!.parentSpanId).toBe(asked!.spanId);
      expect(asked!.attributes).toMatchObject({ 'rpc.system.name': 'tauri', 'rpc.method': name });
      for (const { status } of spans) {
        expect(status).toEqual(
          name === 'no_such_command'
            ? { code: ERROR, message: 'Command no_such_command not found' }
            : { code: 0, message: '' },
        );
      }
    }
    await close(people);
  });

  test('the page may reach no network, and its traces arrive all the same [D1 D5]', async () => {
    const people = await open();
    await create(people, 'Ada');
    await people.until(`document.querySelector('li')`);
    const refused = await people.evaluate<string>(
      `fetch('${sink.url}/v1/traces', { method: 'POST', body: '' }).then(() => 'sent', (error) => error.name)`,
    );
    expect(refused).toBe('TypeError');
    expect(await people.evaluate(`globalThis[Symbol.for('throughline.telemetry.1')].flush()`)).toBe(true);
    await sink.span('click #create');
    expect(sink.requests.every(({ headers }) => headers['user-agent']?.startsWith('throughline-tauri/'))).toBe(true);
    expect(sink.requests.every(({ headers }) => headers.origin === undefined)).toBe(true);
    await close(people);
  });

  test('a panic is found with its message and place, and so are errors of the page [D10]', async () => {
    const people = await open();
    await people.until(`document.querySelector('#create')`);
    await people.evaluate(`void window.__TAURI_INTERNALS__.invoke('make_a_mistake', { message: 'not today' })`);
    await people.evaluate(`void setTimeout(() => { throw new Error('in the page'); })`);
    await people.evaluate(`void setTimeout(() => Promise.reject(new Error('nobody caught it')))`);
    const panic = await sink.span('panic');
    expect(panic).toMatchObject({
      status: { code: ERROR, message: 'not today' },
      attributes: { 'code.file.path': expect.stringContaining('commands.rs'), 'code.line.number': expect.any(Number) },
      events: [{ name: 'exception', attributes: { 'exception.type': 'panic', 'exception.message': 'not today' } }],
      resource: { 'service.name': 'people' },
    });
    const command = (
      await sink.until((spans) => spans.some(({ name, kind }) => name === 'make_a_mistake' && kind === SERVER))
    ).find(({ name, kind }) => name === 'make_a_mistake' && kind === SERVER)!;
    expect(panic.parentSpanId).toBe(command.spanId);
    expect(command).toMatchObject({ status: { code: ERROR }, attributes: { 'error.type': 'no-answer' } });
    expect((await sink.span('uncaught error')).events[0]!.attributes['exception.message']).toBe('in the page');
    expect((await sink.span('unhandled rejection')).events[0]!.attributes['exception.message']).toBe(
      'nobody caught it',
    );
    // The program goes on.
    await create(people, 'Ada');
    await people.until(`document.querySelector('li')`);
    await close(people);
  });

  test('what has ended is sent before the program is gone [D2]', async () => {
    const people = await open();
    await create(people, 'Ada');
    await people.until(`document.querySelector('li')`);
    await close(people);
    // Nothing is waited for: it has been here before the program had ended.
    const names = sink.spans.map(({ name }) => name);
    for (const name of ['create_person', 'INSERT people', 'send user-created']) expect(names).toContain(name);
  });

  test('sampler, name and log level are settings [D2]', async () => {
    const people = await open({
      OTEL_TRACES_SAMPLER: 'always_off',
      OTEL_SERVICE_NAME: 'humans',
      OTEL_RESOURCE_ATTRIBUTES: 'host.name=desk',
      PEOPLE_LOG_LEVEL: 'debug',
    });
    await create(people, 'Ada');
    await people.until(`document.querySelector('li')`);
    await create(people, 'Grace');
    await people.until(`document.querySelectorAll('li').length === 2`);
    await close(people);
    // The sampler of the environment decides about what begins here and what the page has begun alike.
    expect(new Set(sink.spans.map(({ resource }) => resource['service.name']))).toEqual(new Set(['humans-page']));

    const louder = await open({ PEOPLE_LOG_LEVEL: 'debug', OTEL_RESOURCE_ATTRIBUTES: 'host.name=desk' });
    await create(louder, 'Alan');
    await louder.until(`document.querySelectorAll('li').length === 3`);
    const command = (
      await sink.until((spans) => spans.some(({ name, kind }) => name === 'create_person' && kind === SERVER))
    ).find(({ name, kind }) => name === 'create_person' && kind === SERVER)!;
    expect(command.events).toMatchObject([{ name: 'a new person', attributes: { level: 'DEBUG', id: 3 } }]);
    expect(command.resource).toMatchObject({ 'host.name': 'desk', 'service.name': 'people' });
    await close(louder);
  });

  test('the parts of the plugin keep their own tests [D12]', async () => {
    const said = await cargo('test', '--package', 'tauri-plugin-throughline', '--package', 'people', '--lib');
    expect(said).toMatch(/test result: ok\. \d\d+ passed; 0 failed/);
  });
});
