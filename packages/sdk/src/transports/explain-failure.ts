interface Failure {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
}

const listens = 'Start the collector there, or correct the address.';
const unknownAuthority =
  'is signed by an authority that is not trusted here. Give that authority as `ca` (OTEL_EXPORTER_OTLP_CERTIFICATE).';

function withoutHttp2(to: string): string {
  return `${to} does not speak HTTP/2. Port 4318 is usually OTLP/HTTP: use port 4317, or the HTTP transport.`;
}

/** What a code of Node's sockets, TLS, HTTP parser or HTTP/2 means to somebody who only wants to send telemetry. */
const sentences: Readonly<Record<string, (to: string, detail: string) => string>> = {
  ECONNREFUSED: (to) => `Nothing listens at ${to}. ${listens}`,
  ENOTFOUND: (to) => `The host name of ${to} is not known. Correct the address or the name service.`,
  EAI_AGAIN: (to) => `The host name of ${to} cannot be looked up now: the name service does not answer.`,
  EHOSTUNREACH: (to) => `There is no way to ${to} in this network.`,
  ENETUNREACH: (to) => `There is no way to ${to} in this network.`,
  ETIMEDOUT: (to) => `${to} did not answer. ${listens}`,
  ECONNRESET: (to) =>
    `${to} closed the connection. If it always does, it may expect TLS (https://) or another protocol (OTLP/HTTP: 4318, OTLP/gRPC: 4317).`,
  EPROTO: (to, detail) =>
    /wrong version number|packet length|http request/i.test(detail)
      ? `${to} answers without TLS. Write http:// (gRPC: insecure) if that is meant, or use the server's TLS port.`
      : /no application protocol/i.test(detail)
        ? withoutHttp2(to)
        : /alert|certificate required/i.test(detail)
          ? `${to} broke off the TLS handshake (${detail}). It may want a client certificate (OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and _KEY).`
          : `TLS with ${to} failed: ${detail}`,
  HPE_INVALID_CONSTANT: (to) =>
    `${to} does not answer in HTTP/1.1. Port 4317 is usually OTLP/gRPC: use port 4318, or the gRPC transport.`,
  ERR_HTTP2_ERROR: withoutHttp2,
  ERR_TLS_CERT_ALTNAME_INVALID: (to, detail) =>
    `The certificate of ${to} is for another host (${detail}). Use the name in the certificate, or give it as \`serverName\`.`,
  CERT_HAS_EXPIRED: (to) => `The certificate of ${to} has expired. Renew it there.`,
  CERT_NOT_YET_VALID: (to) => `The certificate of ${to} is not valid yet. Check the clocks of both machines.`,
  CERT_SIGNATURE_FAILURE: (to) => `The certificate of ${to} ${unknownAuthority}`,
  DEPTH_ZERO_SELF_SIGNED_CERT: (to) => `The certificate of ${to} signs itself and ${unknownAuthority.slice(3)}`,
  SELF_SIGNED_CERT_IN_CHAIN: (to) => `The certificate of ${to} ${unknownAuthority}`,
  UNABLE_TO_GET_ISSUER_CERT: (to) => `The certificate of ${to} ${unknownAuthority}`,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: (to) => `The certificate of ${to} ${unknownAuthority}`,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: (to) => `The certificate of ${to} ${unknownAuthority}`,
};

/** Codes that say the same as one above. */
const aliases: Readonly<Record<string, string>> = {
  EPIPE: 'ECONNRESET',
  UND_ERR_SOCKET: 'ECONNRESET',
  UND_ERR_CONNECT_TIMEOUT: 'ETIMEDOUT',
  ERR_HTTP2_SESSION_ERROR: 'ERR_HTTP2_ERROR',
  ERR_SSL_WRONG_VERSION_NUMBER: 'EPROTO',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'EPROTO',
  DEPTH_ZERO_SELF_SIGNED: 'DEPTH_ZERO_SELF_SIGNED_CERT',
};

/**
 * One sentence about why a send got no answer: what happened, where, what to do. Unknown failures keep their own message.
 * `destination` must carry no credentials.
 */
export function explainFailure(error: unknown, destination: string): string {
  let failure = error as Failure | undefined;
  let detail = '';
  for (let depth = 0; failure && depth < 5; depth++) {
    const code = String(failure.code ?? '');
    detail = typeof failure.message === 'string' && failure.message ? failure.message : detail;
    const known =
      aliases[code] ?? (code.startsWith('HPE_') ? 'HPE_INVALID_CONSTANT' : /^ERR_SSL_/.test(code) ? 'EPROTO' : code);
    const sentence = Object.hasOwn(sentences, known) ? sentences[known] : undefined;
    if (sentence) return sentence(destination, detail.replace(/^.*?:SSL routines:|\s+/g, ' ').trim());
    const errors = (failure as { errors?: readonly Failure[] }).errors;
    failure = (failure.cause ?? errors?.[0]) as Failure | undefined;
  }
  return `${destination}: ${detail || String(error)}`;
}
