import * as api from '@opentelemetry/api';
import { memoryStore } from '@throughline/sdk';
import { start } from '@throughline/sdk/tauri';
import { batchStoreSuite } from '../../../testkit/src/batch-store-suite.js';
import { clockSuite } from '../../../testkit/src/clock-suite.js';
import { receiversOver } from '../../../testkit/src/receivers-client.js';
import { bound, type SuiteRequest } from '../../../testkit/src/requested-suite.js';
import { type RuntimeHarness, runtimeSuite } from '../../../testkit/src/runtime-suite.js';
import { transportSuite } from '../../../testkit/src/transport-suite.js';
import { tauriPage } from '../../src/runtimes/tauri/internals.js';
import { createPageClock } from '../../src/runtimes/web/ports/clock.js';
import { tauriIpcTransport } from '../../src/transports/tauri-ipc.js';
import { openChannel, suspendPage } from './page-parts.js';

/*
 * What runs inside the page of a Tauri program, put there by its driver. Such a page may reach no network, so the test fetches what a case asks of the
 * world: `exchange`, again and again.
 */

/** Numbers and texts: a command, or the answer to the one of that number. */
type Exchanged = readonly (readonly [number: number, text: string])[];

let made = 0;
let asked: [number, string][] = [];
const waiting = new Map<number, (answer: string) => void>();

/** Hands over what was answered, and tells what is asked; says so soon, whether there is anything or not. */
export async function exchange(answers: Exchanged): Promise<Exchanged> {
  for (const [number, answer] of answers) {
    waiting.get(number)?.(answer);
    waiting.delete(number);
  }
  for (let turns = 0; turns < 10 && asked.length === 0; turns++) await new Promise((next) => setTimeout(next, 2));
  const all = asked;
  asked = [];
  return all;
}

/** Of `fetch` what `receiversOver` asks for. */
const ask = (_: string, { body }: { readonly body: string }) =>
  new Promise<object>((resolve) => {
    const number = made++;
    asked.push([number, body]);
    waiting.set(number, (text) => resolve({ ok: true, status: 200, text: async () => text }));
  });

const harness: Omit<RuntimeHarness, 'receivers'> = {
  telemetrySdkLanguage: 'webjs',
  api,
  start: (options) => start({ pageLoad: false, api: [api], ...options }),
  startSecondCopy: async (options) => secondCopy.start({ pageLoad: false, ...options }),
  suspend: suspendPage,
  openChannel,
};

/** The same package in a script of its own. */
declare const secondCopy: { start: typeof start };

/** The program's own telemetry ends: a page has one. */
export const makeRoom = (): Promise<boolean> => start().shutdown();

/** Begins; what becomes of it is reported. */
export async function run({ suite, only }: Omit<SuiteRequest, 'control'>, resolutionMs: number): Promise<void> {
  const receivers = receiversOver('', ask as unknown as typeof fetch);
  let nowMs = 0;
  const suites = {
    runtime: bound(runtimeSuite, { ...harness, receivers }),
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
      create: () =>
        tauriIpcTransport((command, body, options) => tauriPage.__TAURI_INTERNALS__!.invoke(command, body, options)),
    }),
  };
  await receivers.report(await suites[suite as keyof typeof suites]({ only, limitMs: 10_000 }));
}
