import { start, type TinyOptions } from '@throughline/sdk/tiny';
import { clockSuite } from '../../../testkit/src/clock-suite.js';
import { receiversOver } from '../../../testkit/src/receivers-client.js';
import { bound, type SuiteRequest } from '../../../testkit/src/requested-suite.js';
import { runtimeSuite, type StartedWith } from '../../../testkit/src/runtime-suite.js';
import { createDateClock } from '../../src/runtimes/tiny/ports/clock.js';

/*
 * What runs inside a small engine. It reaches the world through `host` alone, as a device's program does: random bytes, a clock, timers, a way to publish;
 * and for the cases a way to ask the test.
 */

declare const host: {
  readonly request: string;
  nowMs(): number;
  random(length: number): ArrayBuffer;
  after(delayMs: number, run: () => void): number;
  cancel(timer: number): void;
  publish(url: string, bytes: ArrayBuffer, batchId: string): Promise<void>;
  ask(command: string): Promise<string>;
  fail(reason: string): void;
};

// Cases wait with these. Telemetry is handed its timers, and its file names none of the globals (quickjs.test.ts).
Object.assign(globalThis, {
  setTimeout: (run: () => void, delayMs = 0) => host.after(delayMs, run),
  clearTimeout: (timer: number) => host.cancel(timer),
});

/** Of `fetch` what `receiversOver` asks for. */
const request = async (_: string, { body }: { readonly body: string }) => {
  const text = await host.ask(body);
  return { ok: true, status: 200, text: async () => text };
};

const tinyOptions = ({ endpoint, serviceName, batch, onDiagnostic }: StartedWith): TinyOptions => ({
  serviceName: serviceName ?? 'suite',
  batch,
  onDiagnostic,
  spanBytes: 512,
  entropy: { fill: (target) => target.set(new Uint8Array(host.random(target.length))) },
  clock: { wallMs: host.nowMs, monotonicMs: host.nowMs },
  timers: {
    after(delayMs, run) {
      const timer = host.after(delayMs, run);
      return () => host.cancel(timer);
    },
  },
  publish: (topic, bytes, batchId) =>
    host.publish(topic.replace('throughline', endpoint), bytes.slice().buffer, batchId),
});

async function run({ suite, only }: SuiteRequest): Promise<void> {
  const receivers = receiversOver('', request as unknown as typeof fetch);
  const suites = {
    runtime: bound(runtimeSuite, {
      receivers,
      telemetrySdkLanguage: 'javascript',
      start: (options) => start(tinyOptions(options)),
      async startSecondCopy(options) {
        const copy = 'second-copy-of-the-sdk/tiny';
        const second = (await import(copy)) as { start: typeof start };
        return second.start(tinyOptions(options));
      },
    }),
    clock: bound(clockSuite, { create: createDateClock, resolutionMs: 1 }),
  };
  await receivers.report(await suites[suite as keyof typeof suites]({ only, limitMs: 10_000 }));
}

run(JSON.parse(host.request)).catch((error) => host.fail(`${error}\n${error?.stack}`));
