import { QueryProblem } from '../query/query-problem.js';
import type { ApiError } from '../shapes/api.js';
import { StoreError } from '../store/store.js';

/** What a route gives back: text that is sent as it is. */
export interface Answer {
  readonly status: number;
  readonly body: string | Uint8Array;
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const JSON_TYPE = 'application/json; charset=utf-8';

export function jsonAnswer(value: unknown, status = 200): Answer {
  return { status, body: JSON.stringify(value), type: JSON_TYPE };
}

export interface Failure {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly position?: number | undefined;
  readonly retryAfterSeconds?: number;
}

/** Whatever was thrown, as what is said about it: a status, a code and sentences. Nothing of an unexpected error is shown. */
export function failureOf(error: unknown): Failure {
  if (error instanceof QueryProblem) {
    const { code, message, hint, position } = error;
    return { status: code === 'promql-failed' ? 422 : 400, code, message, hint, position };
  }
  if (error instanceof StoreError) return storeFailure(error);
  return { status: 500, code: 'internal', message: 'The collector made a mistake; its log says more.' };
}

function storeFailure(error: StoreError): Failure {
  const narrower = 'Ask for a shorter time range, or name a service.';
  switch (error.code) {
    case 'timeout':
      return { status: 503, code: 'timeout', message: 'The question took longer than it may.', hint: narrower };
    case 'too-much-memory':
      return {
        status: 503,
        code: 'too-much-memory',
        message: 'The question needs more memory than it may use.',
        hint: narrower,
      };
    case 'busy':
      return {
        status: 503,
        code: 'busy',
        message: 'Too many questions at once.',
        hint: 'Ask again in a moment.',
        retryAfterSeconds: 1,
      };
    case 'away':
      return {
        status: 503,
        code: 'store-away',
        message: `The store does not answer: ${error.message}`,
        retryAfterSeconds: 2,
      };
    case 'denied':
      return {
        status: 503,
        code: 'store-denied',
        message: `The store does not let the collector in: ${error.message}`,
        hint: 'Put the user, its password or its rights right in ClickHouse, or start the collector with others.',
      };
    case 'stopped':
      // Nginx's number for a client that left before its answer; nobody reads it.
      return { status: 499, code: 'stopped', message: 'The question was withdrawn.' };
    default:
      return { status: 500, code: 'store', message: `The store could not answer: ${error.message}` };
  }
}

export function failureAnswer(failure: Failure): Answer {
  const error: ApiError = {
    error: {
      code: failure.code,
      message: failure.message,
      ...(failure.hint === undefined ? {} : { hint: failure.hint }),
      ...(failure.position === undefined ? {} : { position: failure.position }),
    },
  };
  const answer = jsonAnswer(error, failure.status);
  return failure.retryAfterSeconds === undefined
    ? answer
    : { ...answer, headers: { 'retry-after': String(failure.retryAfterSeconds) } };
}
