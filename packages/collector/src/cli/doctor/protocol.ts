import { portOf, tracesUrl, withPort } from './address.js';
import { type Check, type DoctorOptions, FAILED, NOTE, OK } from './check.js';
import { statusOf } from './read-back.js';
import { ask, askGrpc } from './request.js';

export type Spoken = 'http' | 'grpc';

export interface Protocol {
  readonly check: Check;
  readonly spoken?: Spoken;
}

/** What the server speaks, found out by an empty export, which every OTLP server takes and none stores. */
export async function findProtocol(url: URL, options: DoctorOptions): Promise<Protocol> {
  const { ca, headers, timeoutMs } = options;
  const target = tracesUrl(url);
  const heard = await ask({
    url: target,
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/x-protobuf' },
    body: new Uint8Array(),
    ca,
    timeoutMs,
  });
  if (heard.kind === 'answer') {
    if (heard.status === 200) return speaks('http', url, options);
    // A server for HTTP/2 alone refuses the other kind politely; and gRPC may stand where a path does not.
    if ((await askGrpc({ url, headers, ca, timeoutMs })).kind === 'answer') return speaks('grpc', url, options);
    // Anything but "no such path" is a receiver; what it has against a request is said when a span is sent.
    if (heard.status !== 404 && heard.status !== 405 && heard.status !== 421) return speaks('http', url, options);
    const explorer = await statusOf(url, ca, timeoutMs);
    if (explorer !== undefined) {
      return {
        check: FAILED(
          'protocol',
          `This is the explorer of Throughline, which is for reading.`,
          `Send to ${explorer.receive.otlpHttp} (OTLP/HTTP) or ${explorer.receive.otlpGrpc} (OTLP/gRPC).`,
        ),
      };
    }
    const where = target.pathname === '/v1/traces' ? '' : ` The path ${target.pathname} comes from the address.`;
    return {
      check: FAILED(
        'protocol',
        `An HTTP server answers there, but not with OTLP: POST ${target.pathname} gave ${heard.status}.${where}`,
        `Receivers usually listen on ${withPort(url, 4318)}; the address is given without a path.`,
      ),
    };
  }
  const grpc = await askGrpc({ url, headers, ca, timeoutMs });
  if (grpc.kind === 'answer') return speaks('grpc', url, options);
  if (heard.code === 'timeout')
    return {
      check: FAILED(
        'protocol',
        `The server took the request and did not answer within ${timeoutMs / 1000} s.`,
        'It may be overloaded, or something that is no HTTP server.',
      ),
    };
  return {
    check: FAILED(
      'protocol',
      `What listens there speaks neither HTTP (${heard.code}) nor gRPC (${grpc.code}).`,
      `OTLP/HTTP is usually on port 4318, OTLP/gRPC on 4317.`,
    ),
  };
}

function speaks(spoken: Spoken, url: URL, options: DoctorOptions): Protocol {
  const title = spoken === 'http' ? 'OTLP/HTTP' : 'OTLP/gRPC';
  const usual = spoken === 'http' ? 4318 : 4317;
  const other = spoken === 'http' ? withPort(url, 4317) : withPort(url, 4318);
  const wanted = options.protocol ?? wantedByEnvironment(options.env);
  const wantedTitle = wanted === 'grpc' ? 'gRPC' : 'HTTP';
  if (wanted !== undefined && wanted !== spoken) {
    return {
      spoken,
      check: FAILED(
        'protocol',
        `This port speaks ${title}, but the program sends ${wantedTitle}.`,
        `Use ${other}, or set OTEL_EXPORTER_OTLP_PROTOCOL=${spoken === 'http' ? 'http/protobuf' : 'grpc'}`,
      ),
    };
  }
  if (spoken === 'grpc' && tracesUrl(url).pathname === url.pathname.replace(/\/+$/, '')) {
    return {
      spoken,
      check: FAILED(
        'protocol',
        `This port speaks OTLP/gRPC, which has no paths, but the address has ${url.pathname}.`,
        `For HTTP use ${other}; for gRPC leave the path out.`,
      ),
    };
  }
  if (spoken === 'grpc' && wanted === undefined) {
    return {
      spoken,
      check: NOTE(
        'protocol',
        'The server speaks OTLP/gRPC here.',
        `A program must use its gRPC exporter (OTEL_EXPORTER_OTLP_PROTOCOL=grpc); an HTTP exporter, and every browser, needs ${other}`,
      ),
    };
  }
  const unusual = portOf(url) === (usual === 4318 ? 4317 : 4318) ? ` (on the port that is usually the other's)` : '';
  return { spoken, check: OK('protocol', `the server speaks ${title}${unusual}`) };
}

function wantedByEnvironment(env: Readonly<Record<string, string | undefined>>): Spoken | undefined {
  const protocol = env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? env.OTEL_EXPORTER_OTLP_PROTOCOL;
  return protocol === undefined
    ? undefined
    : protocol.startsWith('grpc')
      ? 'grpc'
      : protocol.startsWith('http')
        ? 'http'
        : undefined;
}
