import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TelemetryStatus } from '../../core/options.js';
import type { Telemetry } from '../../core/telemetry-handle.js';

export interface HealthHandlerOptions {
  /**
   * HTTP status while telemetry is degraded. Default 200: a program whose telemetry cannot be delivered still serves its
   * users, and an orchestrator that restarts it for a 503 would make things worse. 503 where a probe watches telemetry alone.
   */
  readonly degradedStatus?: number;
}

/** What the handler answers with. Times are RFC 3339, counts are items (spans) since the process started. */
export interface HealthReport {
  readonly status: 'healthy' | 'degraded' | 'shut-down';
  readonly queue: { readonly items: number; readonly bytes: number; readonly stored: number };
  readonly sent: number;
  readonly rejected: number;
  readonly dropped: number;
  readonly droppedByReason: TelemetryStatus['dropped'];
  readonly lastExport: string | null;
  readonly lastError: { readonly message: string; readonly at: string } | null;
  readonly destinations: TelemetryStatus['destinations'];
}

/**
 * A handler that says how telemetry is doing: for `http.createServer`, Express (`app.get('/health/telemetry', healthHandler(telemetry))`)
 * and Fastify (`(request, reply) => { reply.hijack(); health(request.raw, reply.raw); }`). Answers GET and HEAD with JSON.
 */
export function healthHandler(
  telemetry: Pick<Telemetry, 'status'>,
  options: HealthHandlerOptions = {},
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
      return;
    }
    const report = healthReport(telemetry.status());
    const body = JSON.stringify(report);
    response.writeHead(report.status === 'healthy' ? 200 : (options.degradedStatus ?? 200), {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
}

/** The same as a value, for a health route that says more than this. */
export function healthReport(status: TelemetryStatus): HealthReport {
  const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((a, b) => a + b, 0);
  return {
    status: status.state,
    queue: { ...status.queued, stored: status.stored.items },
    sent: sum(status.sent),
    rejected: status.rejected,
    dropped: sum(status.dropped),
    droppedByReason: status.dropped,
    lastExport: status.lastSuccessUnixMs === undefined ? null : new Date(status.lastSuccessUnixMs).toISOString(),
    lastError:
      (status.lastError && {
        message: status.lastError.message,
        at: new Date(status.lastError.unixMs).toISOString(),
      }) ||
      null,
    destinations: status.destinations,
  };
}
