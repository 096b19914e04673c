import type { Parameter } from './parameters.js';

export const TIME = 'Unix nanoseconds, RFC 3339, or relative to now as in -15m.';
export const start: Parameter = {
  name: 'start',
  in: 'query',
  description: `Begin of the time that is asked about. ${TIME} Default: an hour before end.`,
  schema: { type: 'string' },
  example: '-1h',
};
export const end: Parameter = {
  name: 'end',
  in: 'query',
  description: `End of it, itself outside. ${TIME} Default: now.`,
  schema: { type: 'string' },
  example: 'now',
};

export const cursor: Parameter = {
  name: 'cursor',
  in: 'query',
  description: '`nextCursor` of the page before.',
  schema: { type: 'string' },
};

export function limit(most: number, otherwise: number): Parameter {
  return {
    name: 'limit',
    in: 'query',
    description: `How many at most. Default ${otherwise}.`,
    schema: { type: 'integer', minimum: 1, maximum: most, default: otherwise },
  };
}
export function inPath(name: string, description: string): Parameter {
  return { name, in: 'path', required: true, description, schema: { type: 'string' } };
}

export const traceIdInPath = inPath('traceId', '32 hexadecimal digits; 16 for ids of older senders.');
