import type { Attributes } from '@opentelemetry/api';
import type { Resource, ResourceOptions } from '../resource/resource.js';
import { sdkVersion } from '../resource/sdk-version.js';
import { attributes, flat } from './protobuf.js';

/** Who the page is, known at once. From weak to strong: telemetry's own attributes, the user's, the three named options. */
export function createSmallResource(options: ResourceOptions): Resource {
  const resource: Attributes = {};
  for (const layer of [
    {
      'service.name': 'unknown_service',
      'telemetry.sdk.name': 'throughline',
      'telemetry.sdk.version': sdkVersion,
      'telemetry.sdk.language': options.sdkLanguage,
    },
    options.attributes,
    {
      'service.name': options.serviceName,
      'service.version': options.serviceVersion,
      'deployment.environment.name': options.environment,
    },
  ]) {
    for (const [key, value] of Object.entries(layer ?? {})) if ((value ?? '') !== '') resource[key] = value;
  }
  return {
    attributes: resource,
    ready: Promise.resolve(),
    encoded: () => ({ bytes: new Uint8Array(flat(attributes(10, resource))), schemaUrl: '' }),
  };
}
