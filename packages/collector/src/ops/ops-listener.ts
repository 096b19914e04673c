import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Metrics } from './metrics.js';
import { prometheusText } from './prometheus-text.js';

/** Whether telemetry would be taken now, and what a person wants to know about it. */
export interface Readiness {
  readonly ready: boolean;
  /** Part by part; becomes JSON. */
  readonly checks: Readonly<Record<string, unknown>>;
}

export interface OpsOptions {
  readonly metrics: Metrics;
  readonly readiness: () => Readiness;
  /**
   * Whether a request with this `Host` may read the metrics. The two health addresses are answered under every name: probes ask under any, and a page
   * elsewhere learns nothing from them that its own timing would not tell.
   */
  readonly mayRead: (host: string | undefined) => boolean;
}

/**
 * `/livez`, `/readyz` and `/metrics` for any HTTP server; needs no store. Returns whether the request was one of these and is answered; `/metrics` is not where a page is asked for.
 *
 * `/livez`: 200 while the process answers at all. `/readyz`: 200 while telemetry would be taken, else 503, with the checks as JSON. `/metrics`: Prometheus' text
 * format.
 */
export function createOpsListener(
  options: OpsOptions,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const { metrics, readiness, mayRead } = options;
  return (request, response) => {
    const path = (request.url ?? '').split('?')[0];
    if (path !== '/livez' && path !== '/readyz' && path !== '/metrics') return false;
    // The explorer has a view at this address, and a link to it is opened by a browser: that one asks for a page, and who scrapes does not.
    if (path === '/metrics' && /\btext\/html\b/.test(request.headers.accept ?? '')) return false;
    request.resume();
    const answer = (status: number, type: string, body: string): true => {
      response.writeHead(status, {
        'content-type': type,
        'content-length': Buffer.byteLength(body),
        'cache-control': 'no-store',
        vary: 'accept',
        'x-content-type-options': 'nosniff',
        ...(status === 405 && { allow: 'GET, HEAD' }),
      });
      response.end(request.method === 'HEAD' ? undefined : body);
      return true;
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(405, TEXT, 'This is for reading.\n');
    if (path === '/livez') return answer(200, TEXT, 'ok\n');
    if (path === '/readyz') {
      const { ready, checks } = readiness();
      return answer(ready ? 200 : 503, 'application/json', `${JSON.stringify({ ready, ...checks })}\n`);
    }
    if (!mayRead(request.headers.host))
      return answer(
        421,
        TEXT,
        'This collector is not known under that name: ask by its address in digits, or name it with --allow-host.\n',
      );
    return answer(200, 'text/plain; version=0.0.4; charset=utf-8', prometheusText(metrics.read()));
  };
}

const TEXT = 'text/plain; charset=utf-8';
