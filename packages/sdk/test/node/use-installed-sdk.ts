import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type InstalledSdk, installSdk } from './installed-sdk.js';
import { type JsonSink, startJsonSink } from './json-sink.js';
import { killPrograms } from './run-program.js';

/** The package as npm installs it, for all tests of a suite; and for each one a receiver, and none of its programs left behind. */
export function useInstalledSdk(): { readonly sdk: InstalledSdk; readonly sink: JsonSink } {
  let sdk: InstalledSdk;
  let sink: JsonSink;
  beforeAll(async () => {
    sdk = await installSdk();
  });
  afterAll(() => sdk?.remove());
  beforeEach(async () => {
    sink = await startJsonSink();
  });
  afterEach(async () => {
    killPrograms();
    await sink.close();
  });
  return {
    get sdk() {
      return sdk;
    },
    get sink() {
      return sink;
    },
  };
}
