import type { InstrumentHost } from './instrument.js';
import type { Report } from './limit-diagnostics.js';
import type { BatchLimits } from './options.js';
import type { Outbox } from './outbox/outbox.js';
import type { Ports } from './ports.js';
import type { StartOptions } from './telemetry.js';
import type { Telemetry } from './telemetry-handle.js';
import type { ReadableResource } from './trace/readable-span.js';

/**
 * What a signal beside traces is started with: what an instrument gets, and what telemetry itself was made of. Without `onFragment` there is
 * nowhere to send, and nothing need be encoded.
 */
export interface SignalHost
  extends Omit<InstrumentHost, 'meterProvider' | 'loggerProvider'>,
    Omit<StartOptions, 'store' | 'resource'>,
    Ports,
    Pick<Outbox, 'onFragment' | 'suspend'> {
  readonly quietly: <R>(run: () => R) => R;
  readonly telemetry: { -readonly [K in keyof Telemetry]: Telemetry[K] };
  /** Who the program is, as far as that is known by now. */
  readonly resource: ReadableResource;
  /** Put here by `metering`, for the instruments. */
  meterProvider?: InstrumentHost['meterProvider'];
  /** The same, by `logging`. */
  loggerProvider?: InstrumentHost['loggerProvider'];
  /** Told by `metering` of each collection for the outbox, and of the first thing that failed in it, and by `logging` of each record a logger is given. */
  onCollected?: ((durationMs: number, failure: unknown) => void) | undefined;
  onLogCreated?: (() => void) | undefined;
  readonly limits: BatchLimits;
  readonly report: Report;
}

/**
 * A signal beside traces: `metering`, `logging`. It starts like an instrument, before all of these and stopped after them, and puts itself into
 * the handle that `start()` returns. It ends in the same outbox as spans do: fragments in buffers of its own, told to `onFragment`.
 */
export type SignalPart = (host: SignalHost) => () => void;
