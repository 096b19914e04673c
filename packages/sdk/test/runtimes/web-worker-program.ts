import * as api from '@opentelemetry/api';
import { memoryStore } from '@throughline/sdk';
import { start } from '@throughline/sdk/web-worker';
import { batchStoreSuite } from '../../../testkit/src/batch-store-suite.js';
import { clockSuite } from '../../../testkit/src/clock-suite.js';
import { receiversOver } from '../../../testkit/src/receivers-client.js';
import { bound, type SuiteRequest } from '../../../testkit/src/requested-suite.js';
import { runtimeSuite, type StartedWith } from '../../../testkit/src/runtime-suite.js';
import type { CaseResult } from '../../../testkit/src/suite.js';
import { transportSuite } from '../../../testkit/src/transport-suite.js';
import { createPageClock } from '../../src/runtimes/web/ports/clock.js';
import { fetchTransport } from '../../src/transports/fetch.js';
import { openChannel } from './page-parts.js';

/*
 * What runs in a worker of a page (`worker-host-program.ts`).
 */

export interface WorkerWork extends SuiteRequest {
  readonly resolutionMs: number;
  readonly resends: boolean;
}

export type FromWorker = { readonly sendTo: string } | { readonly results: readonly CaseResult[] };

const say = (message: FromWorker) => (globalThis as unknown as Worker).postMessage(message);
const request = fetch;

// Before anything listens to messages, because the first one brings the way to the page. The first case to start gets this one.
let diagnosed: StartedWith['onDiagnostic'];
let early =
  location.hash === '#connected' ? start({ api: [api], onDiagnostic: (said) => diagnosed?.(said) }) : undefined;

const startWith = (options: StartedWith, startCopy: typeof start = start) => {
  say({ sendTo: options.endpoint });
  const first = early;
  early = undefined;
  if (first) {
    diagnosed = options.onDiagnostic;
    return first;
  }
  return startCopy({ api: [api], ...options });
};

addEventListener('message', async ({ data }: MessageEvent<WorkerWork>) => {
  const { control, suite, only, resolutionMs, resends } = data;
  const receivers = receiversOver(control, request);
  let nowMs = 0;
  const suites = {
    runtime: bound(runtimeSuite, {
      receivers,
      telemetrySdkLanguage: 'webjs',
      api,
      start: (options) => startWith(options),
      async startSecondCopy(options) {
        const copy = '/second-copy.js';
        const second = (await import(copy)) as { start: typeof start };
        return startWith(options, second.start);
      },
      openChannel,
    }),
    clock: bound(clockSuite, { create: createPageClock, resolutionMs }),
    'batch-store': bound(batchStoreSuite, {
      create: ({ maxBytes }) => memoryStore({ maxBytes, nowMs: () => nowMs }),
      advance: (ms) => {
        nowMs += ms;
      },
    }),
    transport: bound(transportSuite, {
      receivers,
      protocol: 'http1',
      resends,
      create: fetchTransport,
      collectGarbage: (globalThis as { gc?(): void }).gc,
    }),
  };
  say({ results: await suites[suite as keyof typeof suites]({ only, limitMs: 10_000 }) });
});
