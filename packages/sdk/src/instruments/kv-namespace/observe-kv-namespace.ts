import type { Attributes, Span } from '@opentelemetry/api';
import type { InstrumentHost } from '../../core/instrument.js';

export interface KvNamespaceOptions {
  /**
   * Record keys and prefixes (`cloudflare.kv.query.keys`, `.prefix`): as they are, or what the function makes of each. Default `false`: a key
   * is often a session's or a person's. Values are never recorded.
   */
  readonly kvKeys?: boolean | ((key: string) => string) | undefined;
}

const CLIENT = 2;
const ERROR_STATUS = 2;
/** As much of the keys of one call as is recorded, in characters. */
const LONGEST_KEYS = 512;

type Call = (...args: unknown[]) => Promise<unknown>;

/**
 * Every call of a Workers KV namespace as a client span, in the words of Cloudflare's own traces. The namespace stays the object it is (it may be
 * handed over to what checks that), with methods of its own before those it has.
 */
export function observeKvNamespace(
  { tracer }: InstrumentHost,
  namespace: object,
  name: string,
  { kvKeys = false }: KvNamespaceOptions = {},
): () => void {
  const methods = namespace as Record<string, Call>;
  const keyText = (keys: readonly unknown[]): string | undefined => {
    if (!kvKeys) return undefined;
    try {
      return keys
        .map((key) => (typeof kvKeys === 'function' ? kvKeys(`${key}`) : `${key}`))
        .join(', ')
        .slice(0, LONGEST_KEYS);
    } catch {
      return undefined;
    }
  };
  const before = (operation: string, [first, second]: readonly unknown[]): Attributes => {
    if (operation === 'list') {
      const { prefix, limit } = (first ?? {}) as { prefix?: string | null; limit?: number };
      return {
        'cloudflare.kv.query.prefix': prefix ? keyText([prefix]) : undefined,
        'cloudflare.kv.query.limit': limit,
      };
    }
    const keys = Array.isArray(first) ? first : [first];
    const { type, cacheTtl } = (typeof second === 'string' ? { type: second } : (second ?? {})) as Asked;
    return {
      'cloudflare.kv.query.keys': keyText(keys),
      'cloudflare.kv.query.keys.count': keys.length,
      ...(operation.startsWith('get') && {
        'cloudflare.kv.query.type': type,
        'cloudflare.kv.query.cache_ttl': cacheTtl,
      }),
    };
  };

  const originals = operations.map((operation) => {
    const original = methods[operation]!;
    const value = (...args: unknown[]): Promise<unknown> => {
      const span = tracer.startSpan(`${operation} ${name}`, {
        kind: CLIENT,
        attributes: {
          'db.system.name': 'cloudflare-kv',
          'db.operation.name': operation,
          'cloudflare.binding.type': 'KV',
          'cloudflare.binding.name': name,
          ...before(operation, args),
        },
      });
      return end(span, operation, () => original.apply(namespace, args));
    };
    Object.defineProperty(namespace, operation, { value, configurable: true, writable: true });
    return [operation, value] as const;
  });

  return () => {
    // What somebody put over ours stays, and ours below it then records nothing: its tracer is over.
    for (const [operation, value] of originals) if (methods[operation] === value) delete methods[operation];
  };
}

const operations = ['get', 'getWithMetadata', 'put', 'delete', 'list'] as const;

interface Asked {
  readonly type?: string;
  readonly cacheTtl?: number;
}

/** `run` is called at once; what it throws before it returns a promise is thrown on as it is. */
function end(span: Span, operation: string, run: () => Promise<unknown>): Promise<unknown> {
  const fail = (error: unknown): never => {
    const { name, message } = error instanceof Error ? error : { name: typeof error, message: String(error) };
    span.recordException(error as Error);
    span.setAttribute('error.type', name).setStatus({ code: ERROR_STATUS, message }).end();
    throw error;
  };
  try {
    return run().then((result) => {
      span.setAttributes(after(operation, result)).end();
      return result;
    }, fail);
  } catch (error) {
    return fail(error);
  }
}

function after(operation: string, result: unknown): Attributes {
  if (operation === 'list') {
    const { keys, list_complete: complete } = (result ?? {}) as { keys?: unknown[]; list_complete?: boolean };
    return { 'cloudflare.kv.response.returned_rows': keys?.length, 'cloudflare.kv.response.list_complete': complete };
  }
  if (!operation.startsWith('get')) return {};
  const { cacheStatus } = (result ?? {}) as { cacheStatus?: string | null };
  return {
    'cloudflare.kv.response.returned_rows': foundIn(result, operation === 'getWithMetadata'),
    ...(operation === 'getWithMetadata' && typeof cacheStatus === 'string'
      ? { 'cloudflare.kv.response.cache_status': cacheStatus }
      : {}),
  };
}

/** How many of the keys had a value. */
function foundIn(result: unknown, withMetadata: boolean): number {
  if (result instanceof Map) {
    let found = 0;
    for (const one of result.values()) found += foundIn(one, withMetadata);
    return found;
  }
  const value = withMetadata ? (result as { value?: unknown } | null)?.value : result;
  return value === null || value === undefined ? 0 : 1;
}
