import { readPartialSuccess } from '../../process/partial-success.js';
import { tracesUrl } from './address.js';
import { type Check, type DoctorOptions, FAILED, NOTE, OK } from './check.js';
import type { ProbeSpan } from './probe-span.js';
import type { Spoken } from './protocol.js';
import { ask, askGrpc } from './request.js';

/** Sends one span as a program would. */
export async function sendSpan(url: URL, spoken: Spoken, span: ProbeSpan, options: DoctorOptions): Promise<Check> {
  return spoken === 'http' ? await overHttp(url, span, options) : await overGrpc(url, span, options);
}

const NAME = 'send';

async function overHttp(url: URL, span: ProbeSpan, options: DoctorOptions): Promise<Check> {
  const { headers, ca, timeoutMs } = options;
  const heard = await ask({
    url: tracesUrl(url),
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/x-protobuf' },
    body: span.request,
    ca,
    timeoutMs,
  });
  if (heard.kind === 'failed') return FAILED(NAME, `The span could not be sent (${heard.code}).`);
  if (heard.status === 200) return taken(heard.body, span);
  const said = words(heard.body);
  const gave = `The server refused the span with ${heard.status}${said === '' ? '' : `: ${said}`}.`;
  switch (heard.status) {
    case 401:
    case 403:
      return FAILED(
        NAME,
        gave,
        `It wants credentials, or others: OTEL_EXPORTER_OTLP_HEADERS for programs, --header "authorization=Bearer …" here.`,
      );
    case 413:
      return FAILED(
        NAME,
        gave,
        'Its limit on the size of a request is below that of a single span; look at proxies before it.',
      );
    case 415:
      return FAILED(NAME, gave, 'It does not take protobuf; try OTEL_EXPORTER_OTLP_PROTOCOL=http/json.');
    case 429:
    case 503:
      return FAILED(NAME, gave, 'It is overloaded or not ready yet; programs try again by themselves.');
    case 301:
    case 302:
    case 307:
    case 308:
      return FAILED(
        NAME,
        gave,
        `It redirects to ${String(heard.headers.location ?? 'elsewhere')}; exporters do not follow. Use that address.`,
      );
    case 502:
    case 504:
      return FAILED(NAME, gave, 'A proxy answers, but the collector behind it does not.');
    default:
      return FAILED(NAME, gave, "The server's log says more.");
  }
}

async function overGrpc(url: URL, span: ProbeSpan, options: DoctorOptions): Promise<Check> {
  const { headers, ca, timeoutMs } = options;
  const heard = await askGrpc({ url, headers, body: span.request, ca, timeoutMs });
  if (heard.kind === 'failed') return FAILED(NAME, `The span could not be sent (${heard.code}).`);
  if (heard.status === 0) return taken(heard.body, span);
  const advice =
    heard.status === 16 || heard.status === 7
      ? 'It wants credentials, or others: OTEL_EXPORTER_OTLP_HEADERS for programs, --header "authorization=Bearer …" here.'
      : heard.status === 14
        ? 'It is overloaded or not ready yet; programs try again by themselves.'
        : "The server's log says more.";
  return FAILED(
    NAME,
    `The server refused the span with gRPC status ${heard.status}${heard.message === '' ? '' : `: ${heard.message}`}.`,
    advice,
  );
}

function taken(body: Uint8Array, span: ProbeSpan): Check {
  const partial = readPartialSuccess(body);
  if (partial === undefined || (partial.rejected === 0 && partial.message === ''))
    return OK(NAME, `a span was accepted, trace ${span.traceId}`);
  if (partial.rejected > 0)
    return FAILED(
      NAME,
      `The server answered well but rejected the span${partial.message === '' ? '' : `: ${partial.message}`}.`,
    );
  return NOTE(NAME, `The span was accepted, and the server says: ${partial.message}`);
}

/** The readable part of an error's body, which may be a protobuf status. */
function words(body: Buffer): string {
  const text = body
    .toString()
    .replace(/[^\x20-\x7e\u00a0-\uffff]+/g, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return text.length > 200 ? `${text.slice(0, 200)}…` : text.replace(/\.$/, '');
}
