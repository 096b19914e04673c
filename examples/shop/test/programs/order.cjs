const { createServer, get } = require('node:http');
const { trace } = require('@opentelemetry/api');
const fastify = require('fastify');
const pg = require('pg');

// Knows OpenTelemetry's API and nothing of who is behind it: HTTP in, a question to the database, HTTP out in two ways, HTTP in again.
const tracer = trace.getTracer('order');
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 1 });

const stock = createServer((request, response) => response.end(request.headers.traceparent ?? 'none'));
const listening = (server) =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));

const app = fastify();
app.get('/orders/:id', (request) =>
  tracer.startActiveSpan('place order', async (span) => {
    const { rows } = await pool.query('SELECT $1::int + 1 AS next', [request.params.id]);
    const url = `http://127.0.0.1:${stock.address().port}/stock`;
    const fetched = await (await fetch(url)).text();
    const got = await new Promise((resolve, reject) => {
      get(url, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk) => (text += chunk));
        answer.on('end', () => resolve(text));
      }).on('error', reject);
    });
    span.end();
    return { next: rows[0].next, fetched, got };
  }),
);

async function main() {
  await listening(stock);
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  console.log(await (await fetch(`${address}/orders/41`)).text());
  await app.close();
  stock.closeAllConnections();
  stock.close();
  await pool.end();
}

void main();
