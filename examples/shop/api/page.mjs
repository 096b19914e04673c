import { readFile } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { context, propagation } from '@opentelemetry/api';

const built = fileURLToPath(new URL('../page/dist/', import.meta.url));

const contentTypes = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
};

/** Serves the built page: its files as they are, and the page itself for every other path, because it has paths of its own. */
export function pageRoutes(app, { collectorUrl }) {
  app.get('/config.json', () => ({ collectorUrl }));

  app.get('/*', async (request, reply) => {
    const path = normalize(decodeURIComponent(new URL(request.url, 'http://shop').pathname));
    const isFile = extname(path) !== '' && !path.split(sep).includes('..');
    const file = isFile ? await read(path) : undefined;
    if (file) {
      // What the build names by its content never changes.
      const caching = path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
      return reply
        .type(contentTypes[extname(path)] ?? 'application/octet-stream')
        .header('cache-control', caching)
        .send(file);
    }
    if (isFile) return reply.code(404).send({ error: 'not-found', message: `There is no ${path}.` });
    const page = await read('/index.html');
    if (!page)
      return reply.code(503).send({ error: 'page-not-built', message: 'Run "npm run build" in the repository first.' });
    return reply.type(contentTypes['.html']).header('cache-control', 'no-store').send(inThisTrace(page.toString()));
  });
}

/** Says in the page which trace it was made in, so that its load in the browser becomes a part of it. Such a page is nobody else's. */
function inThisTrace(page) {
  const { traceparent } = inject();
  return traceparent
    ? page.replace('<head>', `<head>\n    <meta name="traceparent" content="${traceparent}" />`)
    : page;
}

function inject() {
  const carrier = {};
  propagation.inject(context.active(), carrier);
  return carrier;
}

const read = (path) => readFile(join(built, path)).catch(() => undefined);
