import type { Context, Span } from '@opentelemetry/api';
import type { Diagnostic, TelemetryOptions } from '../../sdk/src/core/options.js';
import type { Telemetry } from '../../sdk/src/core/telemetry-handle.js';
import { between, equal, match, ok } from './assert.js';
import type { ArrivedSpan, Receiver, Receivers } from './receivers.js';
import { type After, suite } from './suite.js';

export interface StartedWith extends Pick<TelemetryOptions, 'serviceName' | 'batch' | 'onDiagnostic'> {
  /** Base address of the receiver of this case. */
  readonly endpoint: string;
}

export interface RuntimeHarness {
  readonly receivers: Receivers;
  /** Telemetry as a program of this runtime starts it, through the entry it imports, sending over the runtime's own way out. */
  start(options: StartedWith): Telemetry;
  /** The same from another copy of the package in the same program, as bundlers and nested node_modules make them. Without: `second-copy` is lacking. */
  startSecondCopy?(options: StartedWith): Promise<Telemetry>;
  /** What a program uses of `@opentelemetry/api`. Without: `api` is lacking. */
  readonly api?: {
    readonly context: { active(): Context };
    readonly trace: { getActiveSpan(): Span | undefined };
    readonly propagation: {
      inject(context: Context, carrier: Record<string, string>): void;
      extract(context: Context, carrier: Record<string, string>): Context;
    };
  };
  /** What makes the runtime say that it might not come back: a hidden page, a signal. Without: `suspend` is lacking. */
  suspend?(): void | Promise<void>;
  /** Two ends of a channel of the runtime's own (`MessageChannel`); what is posted at one arrives at the other. Without: `messages` is lacking. */
  openChannel?(): Channel;
  /** `telemetry.sdk.language` of what it sends. */
  readonly telemetrySdkLanguage: string;
}

export interface Channel {
  post(message: unknown): void;
  onMessage(run: (message: unknown) => void): void;
  close(): void;
}

interface Started {
  readonly telemetry: Telemetry;
  readonly receiver: Receiver;
  readonly said: Diagnostic[];
  /** Sends what there is and answers with the spans that arrived, of at least so many. */
  sent(count: number): Promise<Tree>;
}

/** A trace that arrived, by names. */
interface Tree {
  readonly spans: readonly ArrivedSpan[];
  /** Name of a span's parent; `''` for a root. */
  parentOf(name: string): string;
}

async function setUp(harness: RuntimeHarness, after: After, options: Partial<StartedWith> = {}): Promise<Started> {
  const receiver = await harness.receivers.open('http1');
  after(() => receiver.close());
  const said: Diagnostic[] = [];
  const telemetry = harness.start({
    endpoint: receiver.url,
    serviceName: 'suite',
    onDiagnostic: (diagnostic) => void said.push(diagnostic),
    ...options,
  });
  after(() => telemetry.shutdown({ timeoutMs: 2_000 }));
  return {
    telemetry,
    receiver,
    said,
    async sent(count) {
      ok(await telemetry.flush(), `flush said false: ${JSON.stringify(telemetry.status())}`);
      return treeOf(await receiver.spans(count));
    },
  };
}

function treeOf(spans: readonly ArrivedSpan[]): Tree {
  const one = (name: string): ArrivedSpan => {
    const found = spans.filter((span) => span.name === name);
    ok(found.length === 1, `${found.length} spans are named ${name}: ${spans.map((span) => span.name).join(', ')}`);
    return found[0]!;
  };
  return {
    spans,
    parentOf(name) {
      const { parentSpanId, traceId } = one(name);
      if (parentSpanId === '') return '';
      const parent = spans.find(({ spanId }) => spanId === parentSpanId);
      ok(parent, `the parent of ${name} did not arrive`);
      equal(traceId, parent.traceId, `the trace of ${name} beside its parent's`);
      return parent.name;
    },
  };
}

const never = { maxAgeMs: 3_600_000 };
const sleep = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));

/**
 * What a program may rely on in every runtime. Needs: `await-context`, that the context is followed behind an `await` of anything; `settled-context`,
 * behind an `await` of what a traced function settles; `timer-context`, that it is followed into the functions of timers; `messages`, a `MessageChannel`;
 * `suspend`, `second-copy`, `api`: see the harness; `age-timer`, that something can run while the program waits; `running-clock`, that time passes
 * while a program computes; `own-batches`, that telemetry seals its batches
 * itself; `own-account`, that it hears from the collector itself what became of them; `restart`, that it can be started again.
 *
 * Where the first two are lacking, the cases beside them say which rules hold all the same (ADR 0008).
 */
export const runtimeSuite = suite<RuntimeHarness>('runtime', 'a runtime', (test) => {
  // Context

  test('a span begun within another is its child, and behind it nothing is active', async (harness, after) => {
    const { telemetry, sent } = await setUp(harness, after);
    telemetry.measure('outer', () => telemetry.measure('inner', () => telemetry.tracer.startSpan('leaf').end()));
    telemetry.measure('behind', () => {});
    const { parentOf } = await sent(4);
    equal(['leaf', 'inner', 'outer', 'behind'].map(parentOf), ['inner', 'outer', '', '']);
  });

  test(
    'traced functions that are awaited in a row are children of the one that awaits them [F6]',
    { needs: ['settled-context'] },
    async (harness, after) => {
      const { telemetry, sent } = await setUp(harness, after);
      const first = telemetry.traced('first', async () => sleep(5));
      const second = telemetry.traced('second', async () => {
        await first();
        return telemetry.measure('below second', () => 2);
      });
      const result = await telemetry.measure('outer', async () => {
        await first();
        const two = await second();
        telemetry.measure('third', () => {});
        return two;
      });
      equal(result, 2);
      const arrived = await sent(6);
      // `first` ran twice: each time below its caller.
      const parents = arrived.spans
        .filter(({ name }) => name === 'first')
        .map(({ parentSpanId }) => arrived.spans.find(({ spanId }) => spanId === parentSpanId)?.name);
      equal(parents.sort(), ['outer', 'second']);
      equal(['second', 'below second', 'third'].map(arrived.parentOf), ['outer', 'second', 'outer']);
    },
  );

  test(
    'two that work at the same time, each awaiting traced functions, keep their children apart',
    { needs: ['settled-context'] },
    async (harness, after) => {
      const { telemetry, sent } = await setUp(harness, after);
      const work = (name: string, ms: number) =>
        telemetry.measure(name, async () => {
          for (const step of [1, 2, 3]) {
            await telemetry.measure(`${name} ${step}`, () => sleep(ms));
            telemetry.measure(`${name} behind ${step}`, () => {});
          }
        });
      await Promise.all([work('slow', 11), work('quick', 4)]);
      const { parentOf } = await sent(14);
      for (const name of ['slow', 'quick'])
        for (const step of [1, 2, 3]) equal([`${name} ${step}`, `${name} behind ${step}`].map(parentOf), [name, name]);
    },
  );

  test(
    'what runs behind an await of anything belongs to the span before it [F6]',
    { needs: ['await-context'] },
    async (harness, after) => {
      const { telemetry, sent } = await setUp(harness, after);
      const work = (name: string, ms: number) =>
        telemetry.measure(name, async () => {
          await sleep(ms);
          telemetry.measure(`${name} behind a timer`, () => {});
          await null;
          telemetry.measure(`${name} behind nothing`, () => {});
          await Promise.all([sleep(1), sleep(2)]);
          telemetry.measure(`${name} behind two`, () => {});
        });
      await Promise.all([work('one', 7), work('two', 5)]);
      const { parentOf } = await sent(8);
      for (const name of ['one', 'two'])
        for (const behind of ['a timer', 'nothing', 'two']) equal(parentOf(`${name} behind ${behind}`), name);
    },
  );

  test('a timer set within a span runs within it [F6]', { needs: ['timer-context'] }, async (harness, after) => {
    const { telemetry, sent } = await setUp(harness, after);
    const ran = await telemetry.measure(
      'outer',
      () =>
        new Promise<string>((resolve) => void setTimeout(() => telemetry.measure('in timer', () => resolve('ran')), 3)),
    );
    equal(ran, 'ran');
    equal((await sent(2)).parentOf('in timer'), 'outer');
  });

  test(
    'a span that is told its parent belongs to it, wherever it begins',
    { needs: ['api'] },
    async (harness, after) => {
      const { telemetry, sent } = await setUp(harness, after);
      let parent: Context;
      telemetry.measure('outer', () => {
        parent = harness.api!.context.active();
      });
      await new Promise<void>((resolve) => {
        setTimeout(() => telemetry.measure('told', { parent }, () => resolve()), 3);
      });
      telemetry.tracer.startSpan('told too', {}, parent!).end();
      const { parentOf } = await sent(3);
      equal(['told', 'told too'].map(parentOf), ['outer', 'outer']);
    },
  );

  test(
    'a message that carries its context continues the trace at the other end [F9]',
    { needs: ['messages', 'api'] },
    async (harness, after) => {
      const { telemetry, sent } = await setUp(harness, after);
      const { context, propagation } = harness.api!;
      ok(harness.openChannel, 'there are no messages');
      const channel = harness.openChannel();
      after(() => channel.close());
      const handled = new Promise<void>((resolve) => {
        channel.onMessage((message) => {
          const { carrier } = message as { carrier: Record<string, string> };
          telemetry.measure('handle', { parent: propagation.extract(context.active(), carrier) }, () => resolve());
        });
      });
      telemetry.measure('post', () => {
        const carrier: Record<string, string> = {};
        propagation.inject(context.active(), carrier);
        channel.post({ carrier });
      });
      await handled;
      equal((await sent(2)).parentOf('handle'), 'post');
    },
  );

  test('the OpenTelemetry API in the program gives the same telemetry', { needs: ['api'] }, async (harness, after) => {
    const { telemetry } = await setUp(harness, after);
    const { trace } = harness.api!;
    const seen = telemetry.measure(
      'outer',
      (span) => trace.getActiveSpan()?.spanContext().spanId === span.spanContext().spanId,
    );
    equal(seen, true, 'that the active span is the one that runs');
    equal(trace.getActiveSpan(), undefined, 'the active span behind it');
  });

  test('what a traced function throws is recorded and comes out as it was [F8]', async (harness, after) => {
    const { telemetry, sent } = await setUp(harness, after);
    const thrown: unknown[] = [];
    const error = new RangeError('too far');
    try {
      telemetry.measure('sync', () => {
        throw error;
      });
    } catch (caught) {
      thrown.push(caught);
    }
    await telemetry.measure('async', () => Promise.reject(error)).catch((caught) => thrown.push(caught));
    ok(thrown.length === 2 && thrown.every((one) => one === error), 'it is not the same error');
    for (const span of (await sent(2)).spans) {
      match(span.status, { code: 2, message: 'too far' });
      match(span.events, [{ name: 'exception', attributes: { 'exception.type': 'RangeError' } }]);
    }
  });

  // Batches leave

  test('a batch leaves when it is full [F7]', { needs: ['own-batches'] }, async (harness, after) => {
    const { telemetry, receiver } = await setUp(harness, after, { batch: { ...never, maxItems: 4 } });
    for (let n = 0; n < 8; n++) telemetry.tracer.startSpan(`span ${n}`).end();
    const spans = await receiver.spans(8);
    equal(new Set(spans.map(({ name }) => name)).size, 8, 'the number of different spans');
    equal((await receiver.arrived(2)).length, 2, 'the number of batches');
  });

  test('a batch leaves when it is old enough [F7]', { needs: ['age-timer'] }, async (harness, after) => {
    const { telemetry, receiver } = await setUp(harness, after, { batch: { maxAgeMs: 40 } });
    telemetry.tracer.startSpan('old').end();
    equal((await receiver.spans(1))[0]!.name, 'old');
  });

  test('flush sends at once and says true when everything was taken [F7]', async (harness, after) => {
    const { telemetry, receiver } = await setUp(harness, after, { batch: never });
    telemetry.tracer.startSpan('flushed').end();
    equal(await telemetry.flush(), true, 'what flush said');
    equal(
      (await receiver.spans(1)).map(({ name }) => name),
      ['flushed'],
    );
    match(telemetry.status(), { sent: { traces: 1 }, queued: { items: 0 }, state: 'healthy' });
    equal(await telemetry.flush(), true, 'what a flush of nothing said');
  });

  test(
    'what has ended is sent when the runtime says that it might not come back',
    { needs: ['suspend'] },
    async (harness, after) => {
      const { telemetry, receiver } = await setUp(harness, after, { batch: never });
      telemetry.tracer.startSpan('before').end();
      ok(harness.suspend, 'it never says so');
      await harness.suspend();
      equal(
        (await receiver.spans(1)).map(({ name }) => name),
        ['before'],
      );
      telemetry.tracer.startSpan('after').end();
      ok(await telemetry.flush(), 'flush said false');
      equal(
        (await receiver.spans(2)).map(({ name }) => name),
        ['before', 'after'],
      );
    },
  );

  test('shutdown sends what is there, and nothing is recorded afterwards [F7]', async (harness, after) => {
    const { telemetry, receiver } = await setUp(harness, after, { batch: never });
    telemetry.tracer.startSpan('last').end();
    equal(await telemetry.shutdown(), true, 'what shutdown said');
    equal(
      (await receiver.spans(1)).map(({ name }) => name),
      ['last'],
    );
    telemetry.measure('too late', () => {});
    await telemetry.flush();
    match(telemetry.status(), { state: 'shut-down', sent: { traces: 1 }, queued: { items: 0 } });
    equal(await telemetry.shutdown(), true, 'what a second shutdown said');
  });

  test(
    'a busy receiver gets the same batch again, and nothing twice [F16]',
    { needs: ['age-timer'] },
    async (harness, after) => {
      const { telemetry, receiver } = await setUp(harness, after, { batch: { ...never, firstRetryMs: 100 } });
      await receiver.answer({ kind: 'busy', message: 'not now' });
      telemetry.measure('again', () => {});
      await telemetry.flush();
      const spans = await receiver.spans(1);
      equal(
        spans.map(({ name }) => name),
        ['again'],
      );
      const [first, second] = await receiver.arrived(2);
      equal(second!.body, first!.body, 'the second request');
    },
  );

  // Nobody there, and more than one

  test(
    'without a collector nothing is thrown, flush says false and the status says where [F2 F15]',
    { needs: ['own-account'] },
    async (harness, after) => {
      const endpoint = await harness.receivers.unusedUrl();
      const { telemetry, said } = await setUp(harness, after, { endpoint });
      const work = telemetry.traced('work', (n: number) => n + 1);
      equal(work(1), 2);
      equal(await telemetry.flush({ timeoutMs: 3_000 }), false, 'what flush said');
      const status = telemetry.status();
      match(status, { state: 'degraded', queued: { items: 1 }, destinations: [{ reachable: false }] });
      ok(
        status.lastError?.message.includes(endpoint),
        `the last error does not name ${endpoint}: ${status.lastError?.message}`,
      );
      ok(
        said.some(({ message }) => message.includes(endpoint)),
        `nothing was said of ${endpoint}`,
      );
      equal(work(2), 3);
    },
  );

  test('a second start is the first telemetry and a warning [F2]', async (harness, after) => {
    const { telemetry, receiver, sent } = await setUp(harness, after);
    const said: string[] = [];
    const again = harness.start({ endpoint: receiver.url, onDiagnostic: ({ code }) => void said.push(code) });
    ok(again === telemetry, 'it is another telemetry');
    equal(said, ['started-twice']);
    again.measure('once', () => {});
    equal((await sent(1)).spans.length, 1, 'the number of spans');
  });

  test(
    'another copy of the package finds the telemetry that runs [F2]',
    { needs: ['second-copy'] },
    async (harness, after) => {
      const { telemetry, receiver, sent } = await setUp(harness, after);
      const said: string[] = [];
      ok(harness.startSecondCopy, 'there is no second copy');
      const other = await harness.startSecondCopy({
        endpoint: receiver.url,
        onDiagnostic: ({ code }) => void said.push(code),
      });
      equal(said, ['started-twice']);
      telemetry.measure('outer', () => other.measure('inner', () => {}));
      equal((await sent(2)).parentOf('inner'), 'outer');
    },
  );

  test('after a shutdown telemetry can be started again', { needs: ['restart'] }, async (harness, after) => {
    const first = await setUp(harness, after);
    await first.telemetry.shutdown();
    const second = await setUp(harness, after);
    ok(second.telemetry !== first.telemetry, 'it is the one that was shut down');
    second.telemetry.measure('again', () => {});
    equal(
      (await second.sent(1)).spans.map(({ name }) => name),
      ['again'],
    );
    equal(
      second.said.filter(({ level }) => level !== 'info'),
      [],
    );
  });

  // What arrives

  test(
    'a span has random ids, the time it took by the machine’s clock, and says whose it is',
    { needs: ['running-clock'] },
    async (harness, after) => {
      const { telemetry, sent } = await setUp(harness, after);
      const before = Date.now();
      await telemetry.measure('timed', () => sleep(30));
      const behind = Date.now();
      const [span] = (await sent(1)).spans;
      match(span, { traceId: /^(?!0{32})[0-9a-f]{32}$/, spanId: /^(?!0{16})[0-9a-f]{16}$/ });
      const [start, end] = [Number(span!.startNano) / 1e6, Number(span!.endNano) / 1e6];
      between(start, before - 5, behind + 5, 'the start in Unix milliseconds');
      between(end - start, 25, behind - before + 10, 'the length in milliseconds');
      match(span!.resource, {
        'service.name': 'suite',
        'telemetry.sdk.name': 'throughline',
        'telemetry.sdk.language': harness.telemetrySdkLanguage,
      });
    },
  );
});
