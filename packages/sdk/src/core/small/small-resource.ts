import type { Attributes } from '@opentelemetry/api';
import type { Resource, ResourceOptions } from '../resource/resource.js';
import { sdkVersion } from '../resource/sdk-version.js';
import { attributes, join } from './protobuf.js';

/** Who the page is, known at once. From weak to strong: telemetry's own attributes, the user's, the three named options. */
export function createSmallResource(options: ResourceOptions): Resource {
  const { serviceName, serviceVersion, environment } = options;
  const resource: Attributes = {
    'service.name': 'unknown_service',
    'telemetry.sdk.name': 'throughline',
    'telemetry.sdk.version': sdkVersion,
    'telemetry.sdk.language': options.sdkLanguage,
    ...options.attributes,
    ...(serviceName && { 'service.name': serviceName }),
    ...(serviceVersion && { 'service.version': serviceVersion }),
    ...(environment && { 'deployment.environment.name': environment }),
  };
  return {
    attributes: resource,
    ready: Promise.resolve(),
    encoded: () => ({ bytes: join(attributes(10, resource)), schemaUrl: '' }),
  };
}
