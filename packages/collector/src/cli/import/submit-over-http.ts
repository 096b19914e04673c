import { Agent as HttpAgent, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { BATCH_ID_KEY } from '../../process/batch-id.js';
import { readPartialSuccess } from '../../process/partial-success.js';
import type { FileBatch } from '../../receive/files/file-part.js';
import type { Submit } from '../../receive/files/hand-in.js';
import { UsageError } from '../usage-error.js';

export interface Collector {
  /** Its base address. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly ca?: string | undefined;
  /** How long one batch may wait for a collector that is away or busy. */
  readonly patienceMs: number;
}

/** The import has to stop; the message is a sentence for a person. */
export class ImportStopped extends Error {}

export interface OverHttp {
  /** Resolves when the collector takes telemetry at all. Throws `UsageError`, before anything was touched. */
  reach(): Promise<void>;
  /** Throws `ImportStopped`. */
  readonly submit: Submit;
  close(): void;
}

const ANSWER_MS = 30_000;
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 5_000;
const BUSY = [429, 502, 503, 504];
const MOST_BYTES = 64 * 1024;

type Answer =
  | { readonly kind: 'answer'; readonly status: number; readonly retryAfter: string | undefined; readonly body: Buffer }
  | { readonly kind: 'failed'; readonly code: string };

/** Hands batches to a collector over OTLP/HTTP, each under its id. */
export function submitOverHttp({ url, headers, ca, patienceMs }: Collector): OverHttp {
  const isSecure = url.protocol === 'https:';
  const agent = isSecure
    ? new HttpsAgent({ keepAlive: true, ...(ca === undefined ? {} : { ca: [ca] }) })
    : new HttpAgent({ keepAlive: true });
  const send = isSecure ? requestHttps : requestHttp;
  const base = url.href.replace(/\/+$/, '').replace(/\/v1\/(?:traces|metrics|logs)$/, '');

  const post = (path: string, body: Uint8Array): Promise<Answer> =>
    new Promise((done) => {
      const request = send(`${base}${path}`, {
        method: 'POST',
        agent,
        timeout: ANSWER_MS,
        headers: { ...headers, 'content-type': 'application/x-protobuf', 'content-length': body.length },
      });
      request.once('timeout', () => request.destroy(Object.assign(new Error(), { code: 'no answer' })));
      request.once('error', (error: NodeJS.ErrnoException) =>
        done({ kind: 'failed', code: error.code ?? error.message }),
      );
      request.once('response', (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size <= MOST_BYTES) chunks.push(chunk);
        });
        response.once('error', () => done({ kind: 'failed', code: 'the answer broke off' }));
        response.once('end', () =>
          done({
            kind: 'answer',
            status: response.statusCode ?? 0,
            retryAfter: response.headers['retry-after'],
            body: Buffer.concat(chunks),
          }),
        );
      });
      request.end(body);
    });

  return {
    async reach() {
      // An export request without content: every receiver takes it.
      const answer = await post('/v1/traces', new Uint8Array(0));
      if (answer.kind === 'failed')
        throw new UsageError(
          `Nothing takes telemetry at ${base} (${answer.code}). Start \`throughline up\`, or name another address with --to.`,
        );
      if (answer.status === 401 || answer.status === 403)
        throw new UsageError(`${base} wants credentials (${answer.status}). Give them with --header.`);
      if (answer.status !== 200 && !BUSY.includes(answer.status))
        throw new UsageError(
          `${base} does not take OTLP over HTTP (${answer.status}). Name another address with --to.`,
        );
    },
    async submit(batch) {
      const path = `/v1/${batch.signal}?${BATCH_ID_KEY}=${batch.id}`;
      const deadline = performance.now() + patienceMs;
      for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
        const answer = await post(path, batch.bytes);
        if (answer.kind === 'answer') {
          if (answer.status === 200) {
            const { rejected = 0, message = '' } = readPartialSuccess(answer.body) ?? {};
            return { kind: 'taken', rejected, message };
          }
          if (answer.status === 400) return { kind: 'refused', message: wordsOf(answer.body) };
          if (!BUSY.includes(answer.status)) throw new ImportStopped(refusal(base, answer.status, batch));
        }
        if (performance.now() + waitMs > deadline) {
          const why = answer.kind === 'failed' ? answer.code : `it answers ${answer.status}`;
          throw new ImportStopped(`${base} has taken nothing for ${Math.round(patienceMs / 1000)} s (${why}).`);
        }
        const askedMs = answer.kind === 'answer' ? Number(answer.retryAfter) * 1000 : Number.NaN;
        await new Promise((done) => setTimeout(done, askedMs > 0 ? Math.min(askedMs, LONGEST_WAIT_MS) : waitMs));
      }
    },
    close: () => agent.destroy(),
  };
}

function refusal(base: string, status: number, { bytes, offset }: FileBatch): string {
  if (status === 413)
    return `${base} does not take a batch of ${bytes.length} bytes, as the one at offset ${offset}. Start it with a larger --max-body.`;
  if (status === 401 || status === 403) return `${base} wants credentials (${status}). Give them with --header.`;
  return `${base} answered ${status} to the batch at offset ${offset}.`;
}

/** What can be read of an error's body, which is a protobuf status. */
const wordsOf = (body: Buffer): string =>
  body
    .toString()
    .replace(/[^\x20-\x7e\u00a0-\uffff]+/g, ' ')
    .trim();
