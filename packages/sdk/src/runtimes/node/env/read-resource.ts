import type { Attributes } from '@opentelemetry/api';
import type { Environment } from './environment.js';

/** `OTEL_RESOURCE_ATTRIBUTES`, with `OTEL_SERVICE_NAME` over its `service.name`. Specification "Resource SDK". */
export function readResource(environment: Environment): { serviceName: string | undefined; attributes: Attributes } {
  const { 'service.name': fromAttributes, ...attributes } = environment.pairs('OTEL_RESOURCE_ATTRIBUTES') ?? {};
  return { serviceName: environment.string('OTEL_SERVICE_NAME') ?? (fromAttributes || undefined), attributes };
}
