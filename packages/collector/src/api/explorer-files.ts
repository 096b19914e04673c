import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { extname, join, resolve, sep } from 'node:path';
import type { Answer } from './answer.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
};

/** Everything from here, nothing inline but styles (which chart and component libraries set on elements), shown in no foreign frame. */
const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; worker-src 'self' blob:; connect-src 'self'; " +
  "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/**
 * A file of the built explorer, or its page for an address that the page itself understands. `undefined` when there is neither.
 * Files under `assets/` carry a hash in their name and never change; everything else is asked for anew.
 */
export async function explorerFile(
  dir: string | undefined,
  path: string,
  ifNoneMatch: string | undefined,
): Promise<Answer | undefined> {
  if (dir === undefined) return isPage(path) ? notBuilt() : undefined;
  const root = resolve(dir);
  const wanted = resolve(join(root, path));
  const inside = wanted === root || wanted.startsWith(root + sep);
  if (inside && wanted !== root) {
    const found = await fileAnswer(wanted, path.startsWith('/assets/'), ifNoneMatch);
    if (found !== undefined) return found;
  }
  if (!isPage(path)) return undefined;
  return (await fileAnswer(join(root, 'index.html'), false, ifNoneMatch)) ?? notBuilt();
}

/** A path whose last part has no extension is an address of the page; trace ids and service names may hold dots only as values. */
function isPage(path: string): boolean {
  return (
    !path.startsWith('/assets/') &&
    (extname(path) === '' || TYPES[extname(path)] === undefined || path === '/index.html')
  );
}

async function fileAnswer(
  file: string,
  unchanging: boolean,
  ifNoneMatch: string | undefined,
): Promise<Answer | undefined> {
  let body: Uint8Array;
  try {
    if (!(await stat(file)).isFile()) return undefined;
    body = await readFile(file);
  } catch {
    return undefined;
  }
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const type = TYPES[extname(file)] ?? 'application/octet-stream';
  const headers = {
    etag,
    'cache-control': unchanging ? 'public, max-age=31536000, immutable' : 'no-cache',
    ...(type.startsWith('text/html') ? { 'content-security-policy': POLICY, 'x-frame-options': 'DENY' } : {}),
  };
  if (ifNoneMatch === etag) return { status: 304, body: '', type, headers };
  return { status: 200, body, type, headers };
}

function notBuilt(): Answer {
  const body = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Throughline</title>
<body style="font: 16px/1.5 system-ui; max-width: 40rem; margin: 4rem auto; padding: 0 1rem">
<h1>The explorer is not built</h1>
<p>The collector runs and takes data; only the page to look at it is missing from this installation.</p>
<p>In a checkout, run <code>npm run build</code> and load this page again. The data can be read at <a href="/api/v1/status">/api/v1/status</a>;
everything that can be asked stands in <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.</p></body></html>`;
  return { status: 503, body, type: TYPES['.html']!, headers: { 'content-security-policy': POLICY } };
}
