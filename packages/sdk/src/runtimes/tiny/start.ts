import type { Attributes } from '@opentelemetry/api';
import { suppressTracing } from '../../core/context/suppress-tracing.js';
import { createFieldWriter, cutText } from '../../core/fixed/field-writer.js';
import { createFixedBatch } from '../../core/fixed/fixed-batch.js';
import { createFixedOutbox } from '../../core/fixed/fixed-outbox.js';
import { createFixedTracer } from '../../core/fixed/fixed-tracer.js';
import { createSpanSlots } from '../../core/fixed/span-slots.js';
import { limitDiagnostics } from '../../core/limit-diagnostics.js';
import { noopSignals } from '../../core/noop-signals.js';
import type { BatchLimits, Diagnostic } from '../../core/options.js';
import type { Clock, Entropy, Timers } from '../../core/ports.js';
import { sdkVersion } from '../../core/resource/sdk-version.js';
import { claimTelemetry, currentTelemetry } from '../../core/telemetry-global.js';
import type { Telemetry } from '../../core/telemetry-handle.js';
import { createTraced } from '../../core/trace/traced.js';
import type { BlockDevice } from '../../stores/ring/block-device.js';
import { memoryBlocks } from '../../stores/ring/memory-blocks.js';
import { openBatchRing } from '../../stores/ring/open-batch-ring.js';
import { type Publish, publishTransport } from '../../transports/publish.js';
import { createDateClock } from './ports/clock.js';
import { createTinyContextStore } from './ports/context-store.js';

export interface TinyOptions {
  readonly serviceName: string;
  readonly serviceVersion?: string | undefined;
  /** `deployment.environment.name`. */
  readonly environment?: string | undefined;
  /** Further attributes of the resource: which device, which engine, where it stands. */
  readonly resource?: Attributes | undefined;
  /** Takes the batches: the program's own MQTT client. */
  readonly publish: Publish;
  /** In front of `/v1/traces`. Default `throughline`. */
  readonly topic?: string | undefined;
  /** Random bytes for ids. The engine has none of its own. */
  readonly entropy: Entropy;
  /** Default: `Date.now` for both, which is right as long as nobody sets the clock. */
  readonly clock?: Clock | undefined;
  /** With timers batches leave by age and are retried by themselves. Default: none; the program calls `flush`. */
  readonly timers?: Timers | undefined;
  /** Where batches wait. Default: 8 KiB of memory, which a loss of power empties. */
  readonly flash?: BlockDevice | undefined;
  /** What one span may take, encoded; 128 or more. Default 256. */
  readonly spanBytes?: number | undefined;
  /** Spans that may be open at once; further ones are not recorded, and counted. Default 8. */
  readonly openSpans?: number | undefined;
  /**
   * `maxBytes`: a batch, resource included; default 1,024, what the ring takes at most. `maxAgeMs` (default 5,000), `firstRetryMs` (1,000) and
   * `maxRetryMs` (60,000) need timers.
   */
  readonly batch?:
    | Partial<Pick<BatchLimits, 'maxBytes' | 'maxItems' | 'maxAgeMs' | 'firstRetryMs' | 'maxRetryMs'>>
    | undefined;
  /** Warnings and errors about telemetry itself, each kind once a minute at most. */
  readonly onDiagnostic?: ((diagnostic: Diagnostic) => void) | undefined;
}

/** The telemetry of every runtime, as far as it goes in fixed memory. `meter` and `logger` keep nothing. */
export interface TinyTelemetry extends Telemetry {
  /**
   * Writes what has ended into the ring and sends nothing: before deep sleep, and wherever something must not be lost. With `flash` it survives
   * a loss of power from the moment this returns `true`. Spans that are open are not in it.
   */
  persist(): boolean;
}

/** Tags and lengths around resource, scope and spans. */
const BATCH_FRAME_BYTES = 16;
const MEMORY_BLOCKS = 4;

/**
 * Starts traces on a small engine. All memory is taken here: for open spans `openSpans` × `spanBytes`, twice the size of a batch, and the ring's
 * 8 KiB where there is no flash. Never throws; a second start returns the first telemetry.
 */
export function start(options: TinyOptions): TinyTelemetry {
  const { serviceName, entropy, timers, batch: given = {} } = options;
  const clock = options.clock ?? createDateClock();
  const report = limitDiagnostics(clock, options.onDiagnostic);
  const running = currentTelemetry();
  if (running) {
    report('warn', 'started-twice', 'Telemetry runs already: these options are not used.');
    return running as TinyTelemetry;
  }
  const atLeast = (name: string, value: number | undefined, least: number, standard: number): number => {
    if (value === undefined || value >= least) return value ?? standard;
    report('warn', 'bad-option', `${name} cannot be ${value}: ${standard} is used.`);
    return standard;
  };
  const spanBytes = atLeast('spanBytes', options.spanBytes, 128, 256);

  const resource = encodeResource(
    {
      'service.name': serviceName || 'unknown_service',
      'service.version': options.serviceVersion,
      'deployment.environment.name': options.environment,
      'telemetry.sdk.name': 'throughline',
      'telemetry.sdk.version': sdkVersion,
      'telemetry.sdk.language': 'javascript',
      ...options.resource,
    },
    (dropped) =>
      report(
        'warn',
        'bad-option',
        `${dropped} attributes of the resource have no room in ${MAX_RESOURCE_BYTES} bytes.`,
      ),
  );
  const scope = encodeScope(serviceName);
  // The least that holds a span, and what holds a few.
  const leastBytes = resource.length + scope.length + BATCH_FRAME_BYTES + spanBytes;
  const maxBytes = atLeast('batch.maxBytes', given.maxBytes, leastBytes, Math.max(1024, leastBytes + spanBytes));
  const contextStore = createTinyContextStore();
  const quiet = suppressTracing(contextStore.active());
  let isStopped = false;

  const outbox = createFixedOutbox({
    resource: { bytes: resource, schemaUrl: '' },
    openRing(onLost) {
      const open = (device: BlockDevice) => openBatchRing({ device, entropy, maxBytes, onLost });
      if (options.flash) {
        try {
          const ring = open(options.flash);
          if (ring.maxBytes >= leastBytes) return ring;
          report('error', 'store-failed', `A block of the flash does not hold a batch of ${leastBytes} bytes.`);
        } catch (error) {
          report('error', 'store-failed', `Batches cannot be kept in flash and wait in memory: ${error}`);
        }
      }
      // Small ones, so that little is given up at once; each holds a batch and what the ring writes around it.
      return open(memoryBlocks(Math.max(2048, maxBytes + 256), MEMORY_BLOCKS));
    },
    createBatch: (most) => createFixedBatch(most, scope, resource.length),
    spanBytes,
    transport: publishTransport(options),
    clock,
    timers,
    limits: {
      maxItems: given.maxItems ?? Number.POSITIVE_INFINITY,
      maxAgeMs: given.maxAgeMs ?? 5_000,
      firstRetryMs: given.firstRetryMs ?? 1_000,
      maxRetryMs: given.maxRetryMs ?? 60_000,
    },
    report,
    quietly: (run) => contextStore.with(quiet, run),
  });
  const tracer = createFixedTracer({
    clock,
    entropy,
    contextStore,
    slots: createSpanSlots(atLeast('openSpans', options.openSpans, 1, 8), spanBytes),
    batch: outbox.batch,
    onFragment: outbox.onFragment,
    onLost: () => outbox.lose(1, 'queue-full', 'more spans are open than openSpans allows'),
    isStopped: () => isStopped,
  });

  const telemetry: TinyTelemetry = {
    tracer,
    ...noopSignals(),
    ...createTraced(tracer, contextStore),
    persist: outbox.persist,
    flush: (wait) => outbox.flush(wait?.timeoutMs),
    shutdown(wait) {
      isStopped = true;
      giveBack();
      return outbox.shutdown(wait?.timeoutMs);
    },
    status: () => ({ ...outbox.status(), openSpans: undefined }),
  };
  const giveBack = claimTelemetry(telemetry);
  return telemetry;
}

/** Longer ones would leave no room for spans. */
const MAX_RESOURCE_BYTES = 512;
const MAX_SCOPE_BYTES = 100;

function encodeResource(attributes: Attributes, onDropped: (count: number) => void): Uint8Array {
  const writer = createFieldWriter(MAX_RESOURCE_BYTES);
  const end = writer.attributes(0, 0x0a, attributes);
  if (writer.dropped) onDropped(writer.dropped);
  return writer.bytes.slice(0, end);
}

/** The field `scope` of `ScopeSpans`: the program's own tracer has its service's name. */
function encodeScope(name: string): Uint8Array {
  const writer = createFieldWriter(MAX_RESOURCE_BYTES);
  const end = writer.text(2, 0x0a, cutText(`${name}`, MAX_SCOPE_BYTES));
  writer.bytes[0] = 0x0a;
  writer.bytes[1] = end - 2;
  return writer.bytes.slice(0, end);
}
