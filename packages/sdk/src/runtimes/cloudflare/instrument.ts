import type { Attributes } from '@opentelemetry/api';
import { rootContext } from '../../core/context/context.js';
import type { InstrumentHost } from '../../core/instrument.js';
import { traceIncomingRequest } from '../../instruments/incoming-request/trace-incoming-request.js';
import { type ExecutionContextLike, withInvocation } from './invocation.js';
import { createIsolate, type Isolate } from './isolate.js';
import { loadAsyncStorage } from './ports/context-store.js';
import type { WorkerOptions } from './worker-options.js';

/** The `Env` of a handler, as its own `fetch` (or another of its events) names it. */
type EnvOf<H> = H extends { fetch?: (request: never, env: infer Env, ...rest: never[]) => unknown } ? Env : unknown;

type WorkerEvent = (this: unknown, event: unknown, env: unknown, ctx: ExecutionContextLike) => unknown;

/** Beside `fetch`. They get no span of their own yet; what they do is recorded, and leaves. */
const otherEvents = ['scheduled', 'queue', 'email', 'tail', 'trace'] as const;

/** One for each isolate: what an isolate is. Undefined until its first event, and where telemetry cannot be started. */
let isolate: Isolate | undefined;
let settled = false;

/**
 * Traces a Worker: `export default instrument({ fetch(request, env, ctx) { … } }, (env) => ({ … }))`. Every request has a span, below the one
 * its caller names; KV namespaces and outgoing `fetch` are clients below it; what is recorded leaves in `ctx.waitUntil`, so that no response
 * waits for it.
 *
 * `options` are asked once for each isolate, in its first event: as a function they see the bindings. Does nothing before, because at
 * global scope Workers allow nothing. Never throws into the Worker, and the handler behaves as it did. Of several
 * instrumented handlers in one isolate, the first to be called decides the options of all.
 */
export function instrument<H extends object>(
  handler: H,
  options: WorkerOptions | ((env: EnvOf<H>) => WorkerOptions) = {},
): H {
  const target = handler as Record<string, WorkerEvent | undefined>;
  const wrapped: PropertyDescriptorMap = {};
  const wrap = (name: string, run: (host: InstrumentHost, event: unknown, answer: () => unknown) => unknown) => {
    const original = target[name];
    if (typeof original !== 'function') return;
    const value: WorkerEvent = (event, env, ctx) => {
      const answer = () => original.call(handler, event, env, ctx);
      const traced = async (running: Isolate | undefined) => {
        const host = running?.host;
        if (!running || !host) return answer();
        running.observeBindings(env);
        const invocation = running.begin(ctx ?? { waitUntil() {} });
        try {
          const context = withInvocation(rootContext, invocation);
          return await host.contextStore.with(context, () => run(host, event, answer));
        } finally {
          invocation.end();
        }
      };
      return settled ? traced(isolate) : enter(env, options as WorkerOptions).then(traced);
    };
    wrapped[name] = { value, enumerable: true, configurable: true, writable: true };
  };

  wrap('fetch', (host, event, answer) => {
    const request = event as Request;
    const { options, takeColdStart } = isolate!;
    const attributes = () => ({ ...platformAttributes(request, takeColdStart()), ...options.attributes?.(request) });
    return traceIncomingRequest(host, request, { ...options, attributes }, answer);
  });
  for (const name of otherEvents) wrap(name, (_host, _event, answer) => answer());
  return Object.create(handler, wrapped) as H;
}

/**
 * The isolate's telemetry, started if it was not. Two first requests may both come here, and neither may wait for a promise of the other:
 * whoever is first behind its own `await` starts.
 */
async function enter(
  env: unknown,
  options: WorkerOptions | ((env: unknown) => WorkerOptions),
): Promise<Isolate | undefined> {
  const createStorage = await loadAsyncStorage();
  if (settled) return isolate;
  settled = true;
  try {
    isolate = createIsolate(typeof options === 'function' ? options(env) : options, createStorage);
  } catch (error) {
    console.warn(`[throughline] bad-option: Nothing is traced: ${error}`);
  }
  return isolate;
}

/** What Cloudflare knows of a request, in its own words for it. */
function platformAttributes(request: Request, coldStart: boolean): Attributes {
  const { cf } = request as { cf?: { colo?: string; httpProtocol?: string } };
  return {
    'faas.trigger': 'http',
    'faas.coldstart': coldStart,
    'cloudflare.colo': cf?.colo,
    'cloudflare.ray_id': request.headers.get('cf-ray') ?? undefined,
    'network.protocol.version': cf?.httpProtocol?.replace('HTTP/', ''),
  };
}
