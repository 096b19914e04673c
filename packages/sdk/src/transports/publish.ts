import type { Transport } from '../core/ports.js';

/**
 * Hands one batch to the program's own client of a broker (MQTT, LoRa …). It has arrived when the promise that comes back resolves, or `done` is
 * called without an error: with QoS 1, when the broker has acknowledged it. One of the two must happen, because `bytes` stay as they are until
 * then, and no other batch is published. A rejection, an error or something thrown: it will be published again, with the same `batchId`.
 */
export type Publish = (
  topic: string,
  bytes: Uint8Array<ArrayBuffer>,
  batchId: string,
  done: (error?: unknown) => void,
  // biome-ignore lint/suspicious/noConfusingVoidType: a function that calls `done` returns nothing
) => PromiseLike<unknown> | undefined | void;

export interface PublishTransportOptions {
  readonly publish: Publish;
  /** In front of `/v1/traces`. Default `throughline`, which is also what the collector subscribes to. */
  readonly topic?: string | undefined;
}

/** Batches as messages, by whatever the program publishes with. */
export function publishTransport({ publish, topic = 'throughline' }: PublishTransportOptions): Transport {
  return {
    destination: topic,
    send: ({ signal, bytes, id }) =>
      new Promise((resolve) => {
        const retry = (error: unknown) => resolve({ kind: 'retry', reason: `publishing failed: ${error}` });
        const done = (error?: unknown) => (error ? retry(error) : resolve({ kind: 'accepted', rejectedItems: 0 }));
        try {
          publish(`${topic}/v1/${signal}`, bytes as Uint8Array<ArrayBuffer>, id, done)?.then(
            () => done(),
            (error) => retry(error),
          );
        } catch (error) {
          retry(error);
        }
      }),
  };
}
