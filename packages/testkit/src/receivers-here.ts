import { afterAll } from 'vitest';
import type { Receivers } from './receivers.js';
import { receiversOver } from './receivers-client.js';
import { receiversServer } from './receivers-server.js';

/** `Receivers` for a harness in this very process; closed behind the last test of the file. */
export function receiversHere(): Receivers {
  let started: ReturnType<typeof receiversServer> | undefined;
  const client = async () => {
    started ??= receiversServer();
    return receiversOver((await started).url);
  };
  afterAll(async () => (await started)?.[Symbol.asyncDispose]());
  return {
    open: async (protocol) => (await client()).open(protocol),
    openMute: async () => (await client()).openMute(),
    unusedUrl: async () => (await client()).unusedUrl(),
  };
}
