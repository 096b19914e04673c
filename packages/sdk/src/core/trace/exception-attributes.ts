import type { Attributes, Exception } from '@opentelemetry/api';

/** The attributes of an `exception` event (semantic conventions, "Exceptions on spans"), for whatever was thrown. */
export function exceptionAttributes(exception: Exception): Attributes {
  if (typeof exception !== 'object' || exception === null) return { 'exception.message': String(exception) };
  const { code, name, message, stack } = exception as {
    code?: unknown;
    name?: string;
    message?: string;
    stack?: string;
  };
  const type = code || name;
  return {
    ...(type && { 'exception.type': String(type) }),
    ...(message && { 'exception.message': String(message) }),
    ...(stack && { 'exception.stacktrace': String(stack) }),
  };
}
