// The work that is measured: the same calls of the OpenTelemetry API for every implementation, with values that differ from
// span to span the way a server's do. The values are made beforehand, because making them is nobody's telemetry.

const count = 1_024;
// Strings as they come from a socket: flat, not put together of pieces.
const flat = (value) => (typeof value === 'string' ? Buffer.from(value).toString() : value);
const each = (make) => Array.from({ length: count }, (_, i) => flat(make(i)));

const methods = ['GET', 'POST', 'PUT', 'DELETE'];
const paths = each((i) => `/api/products/${1_000 + i * 7}/reviews`);
const users = each((i) => `user-${(i * 2_654_435_761) % 1_000_000}`);
const ports = each((i) => 40_000 + i);
const sizes = each((i) => i * 1_009);
const flags = each((i) => i % 3 === 0);

/** Each runs one unit of work and says how many spans that was. `api` is `@opentelemetry/api`. */
export const scenarios = {
  'span.0attr': {
    spans: 1,
    run(tracer) {
      tracer.startSpan('operation').end();
    },
  },
  'span.5attr': {
    spans: 1,
    run(tracer, i) {
      const k = i & (count - 1);
      tracer
        .startSpan('GET /api/products/:id/reviews', {
          kind: 1,
          attributes: {
            'http.request.method': methods[k & 3],
            'http.route': '/api/products/:id/reviews',
            'url.path': paths[k],
            'server.port': ports[k],
            'http.response.status_code': 200,
          },
        })
        .end();
    },
  },
  'span.10attr+event': {
    spans: 1,
    run(tracer, i) {
      const k = i & (count - 1);
      const span = tracer.startSpan('GET /api/products/:id/reviews', {
        kind: 1,
        attributes: {
          'http.request.method': methods[k & 3],
          'http.route': '/api/products/:id/reviews',
          'url.path': paths[k],
          'url.scheme': 'https',
          'server.address': 'shop.example.com',
          'server.port': ports[k],
          'enduser.id': users[k],
        },
      });
      span.addEvent('cache.miss', { 'cache.key': users[k] });
      span.setAttribute('http.response.status_code', 200);
      span.setAttribute('http.response.body.size', sizes[k]);
      span.setAttribute('cache.hit', flags[k]);
      span.end();
    },
  },
  'span.parent+child': {
    spans: 2,
    run(tracer, _i, api) {
      const parent = tracer.startSpan('parent');
      tracer.startSpan('child', undefined, api.trace.setSpan(api.ROOT_CONTEXT, parent)).end();
      parent.end();
    },
  },
};
