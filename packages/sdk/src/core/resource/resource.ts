import type { Attributes } from '@opentelemetry/api';
import type { EncodedResource } from '../batch.js';
import type { ResourceDetector } from '../options.js';
import type { Timers } from '../ports.js';
import type { ReadableResource } from '../trace/readable-span.js';
import { encodeResource } from '../wire/resource.js';
import { mergeResource, type ResourceData } from './merge-resource.js';
import { sdkVersion } from './sdk-version.js';

/** Detectors that have not answered after this long are left out (milliseconds). */
const detectorLimitMs = 1_000;

export interface ResourceOptions {
  /** `service.name`, over whatever anybody else says. */
  readonly serviceName?: string | undefined;
  readonly serviceVersion?: string | undefined;
  /** `deployment.environment.name`. */
  readonly environment?: string | undefined;
  /** The user's own attributes; they win over detected ones. */
  readonly attributes?: Attributes | undefined;
  /** Asked at once; of two that know the same key the later one in the list wins. */
  readonly detectors?: readonly ResourceDetector[] | undefined;
  /** `telemetry.sdk.language`: `nodejs`, `webjs`. */
  readonly sdkLanguage?: string | undefined;
  /** The semantic conventions that all of it follows. */
  readonly schemaUrl?: string | undefined;
  readonly timers: Timers;
  /** Told which detector failed or was too late. */
  readonly onProblem?: ((detector: string, error: unknown) => void) | undefined;
}

/** Who the program is (specification "Resource SDK"). Grows until all detectors have answered, at most for a second. */
export interface Resource extends ReadableResource {
  /** Settles when nothing more is expected. Never rejects. */
  readonly ready: Promise<void>;
  /** What is known by now, encoded; the same object until more is known. */
  encoded(): EncodedResource;
}

/**
 * Asks all detectors at once and starts without waiting. From weak to strong: telemetry's own attributes and `unknown_service`,
 * detectors in their order, `attributes`, then the three named options.
 */
export function createResource(options: ResourceOptions): Resource {
  const { detectors = [], timers, onProblem = () => {} } = options;
  const found: ResourceData[] = [];
  let open = true;
  let waiting = detectors.length;
  let data: ResourceData;
  let encoded: EncodedResource | undefined;

  const build = (): ReadonlySet<string> => {
    const layers: ResourceData[] = [
      {
        attributes: {
          'service.name': 'unknown_service',
          'telemetry.sdk.name': 'throughline',
          'telemetry.sdk.version': sdkVersion,
          'telemetry.sdk.language': options.sdkLanguage,
        },
        schemaUrl: options.schemaUrl,
      },
      // Those that have not answered yet are holes, which `filter` skips.
      ...found.filter(Boolean),
      { attributes: options.attributes ?? {} },
      {
        attributes: {
          'service.name': options.serviceName || undefined,
          'service.version': options.serviceVersion,
          'deployment.environment.name': options.environment,
        },
      },
    ];
    data = layers.reduce(mergeResource);
    // Merged two by two, a third could bring a URL back that is not true of the first.
    const schemaUrls = new Set(layers.flatMap(({ schemaUrl }) => schemaUrl || []));
    if (schemaUrls.size > 1) data = { attributes: data.attributes };
    encoded = undefined;
    return schemaUrls;
  };

  const ask = async (detector: ResourceDetector, index: number): Promise<void> => {
    try {
      const answer = detector.detect();
      // One that knows at once is in the first batch even if nothing is ever awaited.
      const { schemaUrl } = detector;
      found[index] = { attributes: (isPromise(answer) ? await answer : answer) ?? {}, schemaUrl };
      if (!open) return;
      const schemaUrls = build();
      if (schemaUrl && schemaUrls.size > 1)
        onProblem(detector.name, new Error(`its schema URL is not that of the others: ${[...schemaUrls]}`));
    } catch (error) {
      onProblem(detector.name, error);
    }
    waiting--;
  };

  build();
  const asked = Promise.all(detectors.map(ask));
  let ready: Promise<void> = Promise.resolve();
  if (waiting) {
    ready = new Promise((resolve) => {
      const cancel = timers.after(detectorLimitMs, () => {
        open = false;
        detectors.forEach((detector, index) => {
          if (!(index in found)) onProblem(detector.name, new Error(`no answer within ${detectorLimitMs} ms`));
        });
        waiting = 0;
        resolve();
      });
      asked.then(() => {
        cancel();
        resolve();
      });
    });
  }
  return {
    get attributes() {
      return data.attributes;
    },
    get schemaUrl() {
      return data.schemaUrl;
    },
    get asyncAttributesPending() {
      return waiting > 0;
    },
    waitForAsyncAttributes: () => ready,
    ready,
    encoded() {
      encoded ??= encodeResource(data.attributes, data.schemaUrl);
      return encoded;
    },
  };
}

const isPromise = (value: unknown): value is Promise<Attributes> =>
  typeof (value as { then?: unknown } | undefined)?.then === 'function';
