import { beforeEach, describe, expect, test } from 'vitest';
import type { InstalledSdk } from './installed-sdk.js';
import type { JsonSink, ReceivedSpan } from './json-sink.js';
import { runProgram } from './run-program.js';
import { useInstalledSdk } from './use-installed-sdk.js';

/*
 * Threads of a real program, with the package as npm installs it: node/programs/threads.
 */

describe('worker threads', () => {
  const installed = useInstalledSdk();
  let sdk: InstalledSdk;
  let sink: JsonSink;
  beforeEach(() => {
    ({ sdk, sink } = installed);
  });

  const run = (...args: string[]) =>
    runProgram('threads/main.mjs', {
      cwd: sdk.folder,
      args,
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
    }).ended;
  const named = (name: string): ReceivedSpan[] => sink.spans.filter((span) => span.name === name);
  const parentOf = (span: ReceivedSpan) => sink.spans.find(({ spanId }) => spanId === span.parentSpanId);
  /** Names from the root down to the span. */
  const lineOf = (span: ReceivedSpan): string => {
    const parent = parentOf(span);
    return parent ? `${lineOf(parent)} > ${span.name}` : span.name;
  };

  test('context travels with messages to a thread and back, each span below what it was sent in [F6 B8]', async () => {
    const { code, stdout, stderr } = await run('3');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('[0,2,4,"heard side"]');
    expect(named('calculate').map(lineOf).sort()).toEqual(
      [0, 1, 2].map((at) => `ask ${at} > send prices > process prices > calculate`),
    );
    // The answer comes back the same way.
    expect(named('process prices').map(lineOf)).toContain(
      'ask 1 > send prices > process prices > send prices > process prices',
    );
    expect(named('process side').map(lineOf).sort()).toEqual([
      'ask aside > send side > process side',
      'ask aside > send side > process side > send side > process side',
    ]);
    const [sent] = named('send prices');
    expect(sent).toMatchObject({
      kind: 4,
      attributes: {
        'messaging.system': 'message_channel',
        'messaging.destination.name': 'prices',
        'messaging.operation.name': 'postMessage',
        'messaging.operation.type': 'send',
      },
    });
  });

  test('one outbox sends for all threads, with one resource, and nothing of a thread is lost when it ends [F6]', async () => {
    const { stdout } = await run('20');
    expect(named('calculate')).toHaveLength(20);
    expect(named('last words')).toHaveLength(1);
    expect(named('inner')).toHaveLength(1);
    // A thread may wait until what it recorded has been sent.
    expect(stdout).toContain('true');
    const ids = new Set(sink.requests.map(({ path }) => /tl-batch=([0-9a-f]{16})/.exec(path)?.[1]));
    expect(ids.size).toBe(1);
    expect(new Set(sink.spans.map(({ resource }) => JSON.stringify(resource))).size).toBe(1);
    expect(named('calculate')[0]?.attributes['thread.id']).toBe(1);
    expect(named('inner')[0]?.attributes['thread.id']).toBe(2);
    expect(named('ask 0')[0]?.attributes['thread.id']).toBeUndefined();
  });

  test('a thread that is terminated has handed over all that it ended before [F6]', async () => {
    const { code } = await run('1', 'terminate');
    expect(code).toBe(0);
    expect(named('burst')).toHaveLength(100);
  });

  test('flush in the program waits for the step a thread is in, and brings what it ends [F6 F7]', async () => {
    const { code } = await run('1', 'flush');
    expect(code).toBe(0);
    expect(named('slowly').map(lineOf)).toEqual(['send prices > process prices > slowly']);
  });
});
