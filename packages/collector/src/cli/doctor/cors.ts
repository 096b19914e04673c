import { tracesUrl } from './address.js';
import { type Check, type DoctorOptions, FAILED, OK } from './check.js';
import { ask, type Heard } from './request.js';

/** Whether a browser would let a page of `origin` send there: the preflight, then what the answer itself must say. */
export async function checkCors(url: URL, origin: string, options: DoctorOptions): Promise<Check> {
  const name = 'browser';
  const page = pageOrigin(origin);
  if (page === undefined)
    return FAILED(name, `${origin} is not a page's origin.`, 'Write it as https://shop.example.com, without a path.');
  if (page.startsWith('https:') && url.protocol === 'http:' && !isLoopback(url)) {
    return FAILED(
      name,
      'A page over https may not send to http:// (mixed content); the browser blocks it.',
      'Put TLS before the collector.',
    );
  }
  const wanted = ['content-type', ...Object.keys(options.headers).map((header) => header.toLowerCase())];
  const heard = await ask({
    url: tracesUrl(url),
    method: 'OPTIONS',
    headers: {
      origin: page,
      'access-control-request-method': 'POST',
      'access-control-request-headers': wanted.join(','),
    },
    ca: options.ca,
    timeoutMs: options.timeoutMs,
  });
  if (heard.kind === 'failed') return FAILED(name, `The preflight (OPTIONS) was not answered (${heard.code}).`);
  const allow = `Allow it on the collector: throughline up --cors-origin ${page}; in OpenTelemetry's own collector under receivers.otlp.protocols.http.cors.allowed_origins.`;
  const allowed = header(heard, 'access-control-allow-origin');
  if (heard.status >= 300 || (allowed !== '*' && allowed !== page)) {
    const said = allowed === '' ? 'no Access-Control-Allow-Origin' : `Access-Control-Allow-Origin: ${allowed}`;
    return FAILED(
      name,
      `A browser would not let ${page} send there: the preflight gave ${heard.status} and ${said}.`,
      allow,
    );
  }
  const headers = list(header(heard, 'access-control-allow-headers'));
  const missing = wanted.filter((one) => !headers.includes(one) && !(headers.includes('*') && one !== 'authorization'));
  if (missing.length > 0) {
    return FAILED(
      name,
      `The preflight does not allow the header ${missing.join(', ')}.`,
      'It must stand in Access-Control-Allow-Headers.',
    );
  }
  const methods = list(header(heard, 'access-control-allow-methods'));
  // POST is allowed without being named.
  if (methods.length > 0 && !methods.includes('post') && !methods.includes('*'))
    return FAILED(name, 'The preflight does not allow POST.');
  const sent = await ask({
    url: tracesUrl(url),
    method: 'POST',
    headers: { ...options.headers, origin: page, 'content-type': 'application/x-protobuf' },
    body: new Uint8Array(),
    ca: options.ca,
    timeoutMs: options.timeoutMs,
  });
  const answered = sent.kind === 'answer' ? header(sent, 'access-control-allow-origin') : '';
  if (answered !== '*' && answered !== page) {
    return FAILED(
      name,
      'The preflight passes, but the answer to the POST itself lacks Access-Control-Allow-Origin, so the page cannot see it.',
      allow,
    );
  }
  return OK(name, `a page of ${page} may send there`);
}

function pageOrigin(text: string): string | undefined {
  try {
    const url = new URL(text);
    if (url.pathname !== '/' && url.pathname !== '') return undefined;
    return url.origin === 'null' ? text.replace(/\/$/, '') : url.origin;
  } catch {
    return undefined;
  }
}

function isLoopback(url: URL): boolean {
  return /^(?:.*\.)?localhost$|^127\.|^\[::1\]$/.test(url.hostname);
}

function header(heard: Extract<Heard, { kind: 'answer' }>, name: string): string {
  return String(heard.headers[name] ?? '');
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((one) => one.trim().toLowerCase())
    .filter((one) => one !== '');
}
