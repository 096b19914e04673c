import { readPartialSuccess } from '../process/partial-success.js';
import type { Outcome } from './outcome.js';

/** What an answer over OTLP/HTTP means (OTLP specification, "OTLP/HTTP Response"). */
export function explainHttp(status: number, retryAfter: string | undefined, body: Buffer): Outcome {
  if (status >= 200 && status < 300) {
    const { rejected = 0, message = '' } = readPartialSuccess(body) ?? {};
    return { kind: 'accepted', rejected, message };
  }
  const words = wordsOf(body);
  const reason = `HTTP ${status}${words === '' ? '' : `: ${words}`}`;
  if (status === 429 || status === 502 || status === 503 || status === 504)
    return { kind: 'retry', reason, afterMs: retryAfterMs(retryAfter, Date.now()) };
  if (status === 413) return { kind: 'too-large', reason };
  // 400 and the like are about the request; these are about who asks, and where.
  const isUnwelcome = status < 400 || [401, 403, 404, 405, 407, 415, 421, 426].includes(status);
  return { kind: isUnwelcome ? 'unwelcome' : 'refused', reason };
}

/** Seconds or a date; `undefined` where there is neither. */
function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined || value.trim() === '') return undefined;
  const seconds = Number(value);
  const waitMs = seconds >= 0 ? seconds * 1000 : Math.max(Date.parse(value) - nowMs, 0);
  return waitMs >= 0 ? waitMs : undefined;
}

/** What a person can read of an error's body, which may be a protobuf status. */
const wordsOf = (body: Buffer): string =>
  body
    .toString()
    .replace(/[^\x20-\x7e\u00a0-\uffff]+/g, ' ')
    .trim()
    .slice(0, 300);
