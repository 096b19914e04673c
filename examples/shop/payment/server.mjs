// node --import @throughline/sdk/node/register ./payment/server.mjs, with OTEL_SERVICE_NAME=shop-payment
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import pg from 'pg';

const { PORT = '4331', DATABASE_URL } = process.env;
const cardLimitCents = 100_000;

const db = new pg.Pool({ connectionString: DATABASE_URL, max: 5 });
db.on('error', (error) => console.error(`shop-payment: a database connection was lost: ${error.message}`));

const server = http.createServer(async (request, response) => {
  try {
    if (request.method !== 'POST' || request.url !== '/payments') return answer(response, 404, { error: 'not-found' });
    const { amountCents, card } = JSON.parse(await bodyOf(request));
    if (!Number.isInteger(amountCents) || amountCents <= 0 || typeof card !== 'string')
      return answer(response, 400, { error: 'invalid-request', message: 'amountCents and card are needed.' });
    answer(response, ...(await pay(amountCents, card)));
  } catch (error) {
    console.error(`shop-payment: ${error.stack}`);
    answer(response, error instanceof SyntaxError ? 400 : 500, { error: 'failed', message: error.message });
  }
});

async function pay(amountCents, card) {
  if (amountCents > cardLimitCents) {
    const message = `The card was declined: ${euros(amountCents)} is above its limit of ${euros(cardLimitCents)}.`;
    return [402, { error: 'declined', message }];
  }
  const paymentId = randomUUID();
  await db.query('INSERT INTO shop.payments (id, amount_cents, card) VALUES ($1, $2, $3)', [
    paymentId,
    amountCents,
    card,
  ]);
  return [201, { paymentId }];
}

const format = new Intl.NumberFormat('en-IE', { style: 'currency', currency: 'EUR' });
const euros = (cents) => format.format(cents / 100);

async function bodyOf(request) {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) {
    body += chunk;
    if (body.length > 10_000) throw new SyntaxError('The request is too long.');
  }
  return body;
}

function answer(response, status, value) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

server.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`shop-payment listening on http://127.0.0.1:${server.address().port}`);
});

// Nothing is said of telemetry here: the process ends when it has nothing left to do, and what it measured is sent before that.
let stopping = false;
function stop() {
  if (stopping) return;
  stopping = true;
  server.close(() => db.end());
  server.closeIdleConnections();
}
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, stop);
