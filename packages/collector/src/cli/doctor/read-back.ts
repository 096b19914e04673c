import { setTimeout as wait } from 'node:timers/promises';
import type { Status, TraceAnswer } from '../../shapes/api.js';
import { portOf, withPort } from './address.js';
import { type Check, type DoctorOptions, FAILED, OK, SKIPPED } from './check.js';
import type { ProbeSpan } from './probe-span.js';
import { ask } from './request.js';

const POLL_MS = 100;
/** Where the explorer is when its own port was taken. */
const EXPLORER_PORTS = [4319, 4320, 4321, 4322, 4323];

/** What a Throughline API at this address says of itself; `undefined` when there is none. */
export async function statusOf(url: URL, ca: string | undefined, timeoutMs: number): Promise<Status | undefined> {
  const heard = await ask({ url: new URL('/api/v1/status', url), ca, timeoutMs });
  if (heard.kind !== 'answer' || heard.status !== 200) return undefined;
  try {
    const status = JSON.parse(heard.body.toString()) as Partial<Status>;
    return typeof status.version === 'string' && typeof status.receive?.otlpHttp === 'string'
      ? (status as Status)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Asks the collector for the span that was just sent, until it has it. */
export async function readBack(url: URL, span: ProbeSpan, options: DoctorOptions): Promise<Check> {
  const name = 'read back';
  const api = options.api === undefined ? await findApi(url, options) : apiUrl(options.api);
  if (api === undefined) {
    return options.api === undefined
      ? SKIPPED(
          name,
          `No Throughline stands beside this receiver, so the span was not read back. Look for trace ${span.traceId} where the spans go, or name the API with --api.`,
        )
      : FAILED(name, `${options.api} is not an address.`, 'Write it as http://localhost:4319');
  }
  if ((await statusOf(api, options.ca, options.timeoutMs)) === undefined) {
    return FAILED(name, `No Throughline API answers at ${api.origin}.`, 'It is on the explorer port, 4319 by default.');
  }
  const deadline = performance.now() + options.timeoutMs;
  const target = new URL(`/api/v1/traces/${span.traceId}`, api);
  for (;;) {
    const heard = await ask({ url: target, ca: options.ca, timeoutMs: options.timeoutMs });
    if (heard.kind === 'failed') return FAILED(name, `The API went away (${heard.code}).`);
    if (heard.status === 200) return compare(name, JSON.parse(heard.body.toString()) as TraceAnswer, span, api);
    // A collector that has just been started takes spans before its store is open.
    if (heard.status !== 404 && heard.status !== 503) {
      return FAILED(name, `The API answered ${heard.status}: ${heard.body.toString().slice(0, 200)}`);
    }
    if (performance.now() > deadline) return await missing(name, api, options);
    await wait(POLL_MS);
  }
}

async function missing(name: string, api: URL, options: DoctorOptions): Promise<Check> {
  const status = await statusOf(api, options.ca, options.timeoutMs);
  if (status !== undefined && !status.store.healthy) {
    return FAILED(name, `The collector's store is not well: ${status.store.message ?? 'no reason given'}`);
  }
  return FAILED(
    name,
    `The span was accepted, but is not there after ${options.timeoutMs / 1000} s.`,
    `See whether ${api.origin} belongs to the collector that the span was sent to, and what the collector's log says.`,
  );
}

function compare(name: string, trace: TraceAnswer, span: ProbeSpan, api: URL): Check {
  const found = trace.spans.find((one) => one.spanId === span.spanId);
  if (found === undefined || found.name !== span.name)
    return FAILED(name, 'A trace of this id is there, but not with the span that was sent.');
  return OK(name, `the span is there: ${api.origin}/trace/${span.traceId}`);
}

/** The API of the collector whose receiver this is: it names its receivers itself. */
async function findApi(url: URL, options: DoctorOptions): Promise<URL | undefined> {
  for (const port of EXPLORER_PORTS) {
    const api = new URL(withPort(url, port));
    const status = await statusOf(api, options.ca, Math.min(1_000, options.timeoutMs));
    if (status === undefined) continue;
    const ports = [status.receive.otlpHttp, status.receive.otlpGrpc]
      .map((address) => apiUrl(address))
      .map((address) => address && portOf(address));
    if (ports.includes(portOf(url))) return api;
  }
  return undefined;
}

function apiUrl(text: string): URL | undefined {
  try {
    return new URL(text.includes('://') ? text : `http://${text}`);
  } catch {
    return undefined;
  }
}
