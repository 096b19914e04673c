import { ALL_ROUTES } from './all-routes.js';
import { SCHEMAS } from './openapi-schemas.js';
import type { Route } from './route.js';

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

const reference = (schema: string) => ({ $ref: `#/components/schemas/${schema}` });
const body = (schema: string, description: string) => ({
  description,
  content: { 'application/json': { schema: reference(schema) } },
});

/** The API as an OpenAPI 3.1 document, made of the very routes that answer. */
export function openApiDocument(version: string) {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Throughline',
      version,
      summary: 'Questions to the collector',
      description:
        'Times are Unix nanoseconds as decimal strings, durations nanoseconds as numbers, ids lowercase hexadecimal. Reading only; telemetry is sent as OTLP to other ports.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths: Object.fromEntries(ALL_ROUTES.map((route) => [route.path, { get: operationOf(route) }])),
    components: { schemas: SCHEMAS },
  };
}

function operationOf(route: Route): Json {
  const error = route.failure?.schema ?? (route.path.startsWith('/api/v1/') ? 'ApiError' : 'JaegerError');
  return {
    operationId: route.path
      .replace(/^\/api\//, '')
      .replace(/[^a-zA-Z0-9]+(\w?)/g, (_, letter: string) => letter.toUpperCase()),
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    tags: [route.failure !== undefined ? 'prometheus' : route.path.startsWith('/api/v1/') ? 'v1' : 'jaeger'],
    parameters: route.parameters.map((parameter) => ({ ...parameter }) as unknown as Json),
    responses: {
      '200': body(route.schema, 'The answer.'),
      '400': body(error, 'Something in the question is wrong; the error says what and where.'),
      ...(route.notFound === true ? { '404': body(error, 'Nothing of it is kept.') } : {}),
      '421': body('ApiError', 'The collector is not known by the name in `Host`.'),
      '503': body(error, 'The question took too long or too much, or the store is away; ask for less or later.'),
    },
  };
}
