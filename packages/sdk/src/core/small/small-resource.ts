import type { Attributes } from '@opentelemetry/api';
import type { Resource, ResourceOptions } from '../resource/resource.js';
import { sdkVersion } from '../resource/sdk-version.js';
import { createWriter } from './protobuf.js';

/** Who the page is. From weak to strong: telemetry's own attributes, detectors in the order of their answers, the user's. */
export function createSmallResource(options: ResourceOptions): Resource {
  const { detectors = [], serviceName, serviceVersion, environment } = options;
  const resource: Attributes = {};
  const named = {
    'service.name': serviceName || undefined,
    'service.version': serviceVersion,
    'deployment.environment.name': environment,
  };
  const add = (more: Attributes | undefined): void => {
    for (const layer of [more, options.attributes, named]) {
      for (const [key, value] of Object.entries(layer ?? {})) {
        if (value !== undefined && value !== null) resource[key] = value;
      }
    }
  };
  let pending = detectors.length;
  add({
    'service.name': 'unknown_service',
    'telemetry.sdk.name': 'throughline',
    'telemetry.sdk.version': sdkVersion,
    'telemetry.sdk.language': options.sdkLanguage,
  });
  const ready = Promise.all(
    detectors.map(async (detector) => {
      try {
        add(await detector.detect());
      } catch (error) {
        options.onProblem?.(detector.name, error);
      }
      pending--;
    }),
  ).then(() => {});
  return {
    attributes: resource,
    get asyncAttributesPending() {
      return pending > 0;
    },
    waitForAsyncAttributes: () => ready,
    ready,
    encoded() {
      const writer = createWriter();
      writer.attributes(10, resource);
      return { bytes: writer.bytes(), schemaUrl: '' };
    },
  };
}
