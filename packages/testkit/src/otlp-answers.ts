import type { Answer, SinkProtocol } from './otlp-sink.js';

const varint = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(Math.floor(value / 128))];
const numberField = (field: number, value: number) => Buffer.from([field << 3, ...varint(value)]);
const bytesField = (field: number, content: Uint8Array | string) => {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([(field << 3) | 2, ...varint(bytes.length)]), bytes]);
};

/** An `Export…ServiceResponse` with a partial success. */
export const partialSuccess = (rejected: number, message: string): Uint8Array =>
  bytesField(1, Buffer.concat([rejected ? numberField(1, rejected) : Buffer.alloc(0), bytesField(2, message)]));

/** A `google.rpc.Status`, with `RetryInfo` where a wait is given. */
export function rpcStatus(code: number, message: string, retryMs?: number): Uint8Array {
  const parts = [numberField(1, code), bytesField(2, message)];
  if (retryMs !== undefined) {
    const duration = Buffer.concat([
      numberField(1, Math.floor(retryMs / 1000)),
      numberField(2, (retryMs % 1000) * 1e6),
    ]);
    const any = [bytesField(1, 'type.googleapis.com/google.rpc.RetryInfo'), bytesField(2, bytesField(1, duration))];
    parts.push(bytesField(3, Buffer.concat(any)));
  }
  return Buffer.concat(parts);
}

/** What a server says, in the words of its protocol. */
export interface AnswersOf {
  partial(rejected: number, message: string): Answer;
  /** Try again; after so many whole seconds, where it says when. */
  busy(message: string, afterSeconds?: number): Answer;
  refused(message: string): Answer;
  tooLarge(message: string): Answer;
}

export const answersOf: Readonly<Record<SinkProtocol, AnswersOf>> = {
  http1: httpAnswers(),
  http2: httpAnswers(),
  grpc: {
    partial: (rejected, message) => ({ body: partialSuccess(rejected, message) }),
    busy: (message, afterSeconds) => ({
      grpcStatus: 14,
      grpcMessage: message,
      trailersOnly: true,
      ...(afterSeconds !== undefined && { grpcDetails: rpcStatus(14, message, afterSeconds * 1000) }),
    }),
    refused: (message) => ({ grpcStatus: 3, grpcMessage: message }),
    tooLarge: (message) => ({
      grpcStatus: 8,
      grpcMessage: `${message}: received message larger than max`,
    }),
  },
};

function httpAnswers(): AnswersOf {
  return {
    partial: (rejected, message) => ({ body: partialSuccess(rejected, message) }),
    busy: (message, afterSeconds) => ({
      status: 503,
      body: rpcStatus(14, message),
      ...(afterSeconds !== undefined && { headers: { 'retry-after': String(afterSeconds) } }),
    }),
    refused: (message) => ({ status: 400, body: rpcStatus(3, message) }),
    tooLarge: (message) => ({ status: 413, body: rpcStatus(8, message) }),
  };
}
