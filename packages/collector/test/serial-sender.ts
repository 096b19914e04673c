import { randomBytes } from 'node:crypto';
import { SERIAL } from '../../testkit/src/faults/serials.js';
import { encodeTraces } from './otlp-proto.js';

export interface SerialSender {
  /** Of the spans that the collector has said it keeps. */
  readonly acknowledged: readonly number[];
  /** Exports that were answered with success. */
  readonly answers: number;
  /** Sends no new ones, and repeats what is under way until it was acknowledged. */
  finish(): Promise<void>;
}

export interface SerialSenderOptions {
  /** Asked before each attempt: who was killed comes back at another address. */
  readonly url: () => string;
  readonly connections?: number | undefined;
  readonly spansOfRequest?: number | undefined;
  /** Called after each success. */
  readonly onAnswer?: ((answers: number) => void) | undefined;
  /** Default 1. */
  readonly firstSerial?: number | undefined;
  /** An id that travels with each repetition, as the SDK's do (default); without it a request is known by what is in it. */
  readonly ids?: boolean | undefined;
}

const AGAIN_MS = 20;

/** Spans with serials from 1 up, by as many senders at once, each of which repeats a request, byte for byte, until somebody says it has it. */
export function sendSerials(options: SerialSenderOptions): SerialSender {
  const { url, connections = 4, spansOfRequest = 100, onAnswer, ids = true } = options;
  const acknowledged: number[] = [];
  const source = randomBytes(8).toString('hex');
  let lastSerial = (options.firstSerial ?? 1) - 1;
  let answers = 0;
  let batches = 0;
  let finishing = false;

  async function send(path: string, body: Uint8Array): Promise<boolean> {
    try {
      const headers = { 'content-type': 'application/x-protobuf' };
      const response = await fetch(new URL(path, url()), { method: 'POST', headers, body });
      await response.arrayBuffer();
      if (response.status === 200) return true;
      if (response.status === 429 || response.status === 503) return false;
      throw new TypeError(`the collector answered ${response.status}`);
    } catch (error) {
      // Nobody there, or gone in between. What it says itself is no fault of the network.
      if (error instanceof TypeError && error.message.startsWith('the collector')) throw error;
      return false;
    }
  }

  async function work(): Promise<void> {
    while (!finishing) {
      const serials = Array.from({ length: spansOfRequest }, () => ++lastSerial);
      const body = serialRequest(serials);
      const id = `${source}${(++batches).toString(16).padStart(16, '0')}`;
      while (!(await send(`/v1/traces${ids ? `?tl-batch=${id}` : ''}`, body)))
        await new Promise((done) => setTimeout(done, AGAIN_MS));
      acknowledged.push(...serials);
      answers++;
      onAnswer?.(answers);
    }
  }
  const working = Promise.all(Array.from({ length: connections }, work));
  // Who finishes hears of it; until then nobody does.
  working.catch(() => undefined);

  return {
    acknowledged,
    get answers() {
      return answers;
    },
    async finish() {
      finishing = true;
      await working;
    },
  };
}

/** Four spans to a trace, of two services, so that the views have something to make of them. */
export function serialRequest(serials: readonly number[]): Uint8Array {
  const nowMs = Date.now();
  const spans = serials.map((serial, at) => ({
    traceId: Buffer.from(
      Math.ceil(serial / 4)
        .toString(16)
        .padStart(32, '7'),
      'hex',
    ),
    spanId: Buffer.from(serial.toString(16).padStart(16, '0'), 'hex'),
    name: `work ${at % 5}`,
    startTimeUnixNano: `${nowMs}000000`,
    endTimeUnixNano: `${nowMs + 1}000000`,
    attributes: [{ key: SERIAL, value: { intValue: serial } }],
  }));
  const half = Math.ceil(spans.length / 2);
  return encodeTraces({
    resourceSpans: [spans.slice(0, half), spans.slice(half)].map((part, at) => ({
      resource: { attributes: [{ key: 'service.name', value: { stringValue: `sender-${at}` } }] },
      scopeSpans: [{ spans: part }],
    })),
  });
}
