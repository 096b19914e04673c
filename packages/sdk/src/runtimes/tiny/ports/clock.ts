import type { Clock } from '../../../core/ports.js';

/** All that the language has: right as long as nobody sets the clock. */
export const createDateClock = (): Clock => ({ wallMs: () => Date.now(), monotonicMs: () => Date.now() });
