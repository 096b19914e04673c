import { lookup } from 'node:dns/promises';
import { connect, isIP } from 'node:net';
import { connect as connectTls, type PeerCertificate, type TLSSocket } from 'node:tls';
import { hostOf, portOf, withPort } from './address.js';
import { type Check, FAILED, OK } from './check.js';

/** The name in the address, as numbers. */
export async function checkName(url: URL): Promise<Check> {
  const host = hostOf(url);
  if (isIP(host) !== 0) return OK('name', `${host} is an address in digits`);
  try {
    const found = await lookup(host, { all: true });
    return OK('name', `${host} is ${found.map((one) => one.address).join(', ')}`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EAI_AGAIN') {
      return FAILED(
        'name',
        `The name server did not answer for ${host}.`,
        'See whether this machine is online, or use the address in digits.',
      );
    }
    return FAILED(
      'name',
      `There is no host called ${host}.`,
      `Check the spelling. In a container, localhost is the container itself: use the service's name.`,
    );
  }
}

/** Whether anything listens there. */
export async function checkConnection(url: URL, timeoutMs: number): Promise<Check> {
  const place = `${url.hostname}:${portOf(url)}`;
  const failed = await tryConnect(hostOf(url), portOf(url), timeoutMs);
  if (failed === undefined) return OK('connection', `something listens on ${place}`);
  if (failed === 'ECONNREFUSED')
    return FAILED('connection', `Nothing listens on ${place} (connection refused).`, await otherDoors(url));
  if (failed === 'timeout' || failed === 'ETIMEDOUT') {
    return FAILED(
      'connection',
      `${place} does not answer within ${timeoutMs / 1000} s.`,
      'A firewall that swallows packets looks like this, and a wrong address does too.',
    );
  }
  if (failed === 'EHOSTUNREACH' || failed === 'ENETUNREACH')
    return FAILED(
      'connection',
      `There is no way to ${place} from here (${failed}).`,
      'Check network, VPN and address.',
    );
  return FAILED('connection', `${place} cannot be reached (${failed}).`);
}

/** Looks at the usual ports of the same host, because the wrong one of three is the commonest mistake. */
async function otherDoors(url: URL): Promise<string> {
  const named: readonly [number, string][] = [
    [4318, 'OTLP/HTTP'],
    [4317, 'OTLP/gRPC'],
    [4319, "Throughline's explorer"],
  ];
  const open: string[] = [];
  for (const [port, what] of named) {
    if (port === portOf(url)) continue;
    if ((await tryConnect(hostOf(url), port, 500)) === undefined) open.push(`${withPort(url, port)} (usually ${what})`);
  }
  const start = 'Start the collector: npx throughline up';
  return open.length === 0
    ? `${start}. In a container, localhost is the container itself: use the service's name.`
    : `Something does listen on ${open.join(' and ')}. Or start a collector there: npx throughline up`;
}

/** `undefined` when it worked, else the system's code or `timeout`. */
function tryConnect(host: string, port: number, timeoutMs: number): Promise<string | undefined> {
  return new Promise((done) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (result: string | undefined): void => {
      socket.destroy();
      done(result);
    };
    socket.once('connect', () => end(undefined));
    socket.once('timeout', () => end('timeout'));
    // Both addresses of localhost refused is one error that holds two.
    socket.once('error', (error: NodeJS.ErrnoException & { errors?: NodeJS.ErrnoException[] }) =>
      end(error.code || error.errors?.[0]?.code || error.message),
    );
  });
}

/** Whether what listens speaks TLS when the address says so, with a certificate that a program would take, and does not when it does not. */
export async function checkTls(url: URL, ca: string | undefined, timeoutMs: number): Promise<Check> {
  const shaken = await shakeHands(url, ca, timeoutMs);
  if (url.protocol === 'http:') {
    if (shaken.kind !== 'tls') return OK('encryption', 'none, as the address says');
    return FAILED(
      'encryption',
      'The server speaks TLS, but the address says http://.',
      `Write ${url.href.replace(/^http:/, 'https:').replace(/\/$/, '')}`,
    );
  }
  if (shaken.kind === 'no-tls') {
    return FAILED(
      'encryption',
      'The address says https://, but the server does not speak TLS.',
      `Write ${url.href.replace(/^https:/, 'http:').replace(/\/$/, '')}`,
    );
  }
  if (shaken.kind === 'silent')
    return FAILED('encryption', 'The server took the connection and then said nothing.', 'A proxy may stand between.');
  const { problem, certificate } = shaken;
  if (problem === undefined)
    return OK('encryption', `${shaken.protocol}, certificate of ${nameOf(certificate)} until ${certificate.valid_to}`);
  return FAILED('encryption', certificateProblem(problem, certificate, hostOf(url)), certificateAdvice(problem));
}

type Handshake =
  | {
      readonly kind: 'tls';
      readonly problem: string | undefined;
      readonly protocol: string;
      readonly certificate: PeerCertificate;
    }
  | { readonly kind: 'no-tls' }
  | { readonly kind: 'silent' };

function shakeHands(url: URL, ca: string | undefined, timeoutMs: number): Promise<Handshake> {
  return new Promise((done) => {
    const host = hostOf(url);
    const socket: TLSSocket = connectTls({
      host,
      port: portOf(url),
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ALPNProtocols: ['h2', 'http/1.1'],
      // Looked at and told below, not refused: the reason is what is wanted. Nothing is sent on this connection.
      rejectUnauthorized: false,
      timeout: url.protocol === 'http:' ? Math.min(timeoutMs, 1_500) : timeoutMs,
      ...(ca === undefined ? {} : { ca: [ca] }),
    });
    const end = (result: Handshake): void => {
      socket.destroy();
      done(result);
    };
    socket.once('secureConnect', () => {
      const problem = socket.authorized
        ? undefined
        : String((socket.authorizationError as { code?: string } | null)?.code ?? socket.authorizationError);
      end({ kind: 'tls', problem, protocol: socket.getProtocol() ?? 'TLS', certificate: socket.getPeerCertificate() });
    });
    socket.once('timeout', () => end({ kind: 'silent' }));
    socket.once('error', () => end({ kind: 'no-tls' }));
    socket.once('end', () => end({ kind: 'no-tls' }));
  });
}

function nameOf(certificate: PeerCertificate): string {
  const { CN } = certificate.subject ?? {};
  return String(CN ?? certificate.subjectaltname ?? 'an unnamed holder');
}

function certificateProblem(code: string, certificate: PeerCertificate, host: string): string {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return `The server's certificate ended on ${certificate.valid_to}.`;
    case 'CERT_NOT_YET_VALID':
      return `The server's certificate begins only on ${certificate.valid_from}; one of the clocks is wrong.`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `The server's certificate is for ${certificate.subjectaltname ?? nameOf(certificate)}, not for ${host}.`;
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return "The server's certificate is signed by itself, which nobody trusts unasked.";
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return "The server's certificate is signed by an authority that is not known here.";
    default:
      return `The server's certificate is not accepted (${code}).`;
  }
}

function certificateAdvice(code: string): string {
  if (code === 'CERT_HAS_EXPIRED') return 'Renew it on the server.';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'Use a name the certificate has, or issue one for this name.';
  if (code === 'CERT_NOT_YET_VALID') return 'Set the clock of this machine or of the server.';
  return 'Give the authority to the program (OTEL_EXPORTER_OTLP_CERTIFICATE=ca.pem, or NODE_EXTRA_CA_CERTS) and to this check (--ca ca.pem).';
}
