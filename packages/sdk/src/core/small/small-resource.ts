import type { Attributes } from '@opentelemetry/api';
import type { Resource, ResourceOptions } from '../resource/resource.js';
import { sdkVersion } from '../resource/sdk-version.js';
import { attributes, type Bytes } from './protobuf.js';

/** Who the page is. From weak to strong: telemetry's own attributes, detectors in the order of their answers, the user's. */
export function createSmallResource(options: ResourceOptions): Resource {
  const { detectors = [], onProblem } = options;
  const found: Attributes = {};
  const all = (): Attributes => {
    const merged: Attributes = {
      'service.name': 'unknown_service',
      'telemetry.sdk.name': 'throughline',
      'telemetry.sdk.version': sdkVersion,
      'telemetry.sdk.language': options.sdkLanguage,
      ...found,
      ...options.attributes,
    };
    if (options.serviceName) merged['service.name'] = options.serviceName;
    if (options.serviceVersion) merged['service.version'] = options.serviceVersion;
    if (options.environment) merged['deployment.environment.name'] = options.environment;
    return merged;
  };
  let pending = detectors.length;
  const ask = async ({ name, detect }: (typeof detectors)[number]): Promise<void> => {
    try {
      Object.assign(found, await detect());
    } catch (error) {
      onProblem?.(name, error);
    }
    pending--;
  };
  const ready = Promise.all(detectors.map(ask)).then(() => {});
  return {
    get attributes() {
      return all();
    },
    get asyncAttributesPending() {
      return pending > 0;
    },
    waitForAsyncAttributes: () => ready,
    ready,
    encoded() {
      const bytes: Bytes = [];
      attributes(bytes, 10, all());
      return { bytes: new Uint8Array(bytes), schemaUrl: '' };
    },
  };
}
