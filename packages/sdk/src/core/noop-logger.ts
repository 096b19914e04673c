import type { Logger } from './telemetry-handle.js';

/** `telemetry.logger` until there are logs: `enabled()` says that nothing is kept. */
export const noopLogger = (): Logger => ({ emit() {}, enabled: () => false });
