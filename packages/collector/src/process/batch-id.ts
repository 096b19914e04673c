/** How a batch names itself on its way: a query parameter over HTTP, metadata over gRPC. The same word as in the SDK's core/batch.ts. */
export const BATCH_ID_KEY = 'tl-batch';

/** What a sender gave, when it can be a batch id. */
export function batchId(given: unknown): string | undefined {
  return typeof given === 'string' && /^[0-9a-f]{32}(?:\.[01]){0,24}$/.test(given) ? given : undefined;
}
