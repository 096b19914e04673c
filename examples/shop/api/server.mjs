import { healthHandler } from '@throughline/sdk/node';
import Fastify from 'fastify';
import pg from 'pg';
import { cartRoutes } from './carts.mjs';
import { checkoutRoutes } from './checkout.mjs';
import { pageRoutes } from './page.mjs';
import { productRoutes } from './products.mjs';
import { createRiskDesk } from './risk.mjs';
import { telemetry } from './telemetry.mjs';

const { PORT = '4330', DATABASE_URL, PAYMENT_URL, COLLECTOR_URL = 'http://127.0.0.1:4318' } = process.env;

const db = new pg.Pool({ connectionString: DATABASE_URL, max: 10 });
db.on('error', (error) => console.error(`shop-api: a database connection was lost: ${error.message}`));

const app = Fastify({ trustProxy: false });
app.setErrorHandler((error, _request, reply) => {
  const status = error.statusCode ?? 500;
  if (status >= 500) console.error(`shop-api: ${error.stack}`);
  const code = error.validation ? 'invalid-request' : error.statusCode ? error.code : 'internal';
  reply.code(status).send({ error: code, message: status === 500 ? 'The shop made a mistake.' : error.message });
});

productRoutes(app, { db });
cartRoutes(app, { db });
const risk = createRiskDesk();
checkoutRoutes(app, { db, paymentUrl: PAYMENT_URL, risk });
const health = healthHandler(telemetry);
app.get('/health/telemetry', (request, reply) => {
  reply.hijack();
  health(request.raw, reply.raw);
});
pageRoutes(app, { collectorUrl: COLLECTOR_URL });

console.log(`shop-api listening on ${await app.listen({ host: '127.0.0.1', port: Number(PORT) })}`);

let stopping = false;
async function stop() {
  if (stopping) return;
  stopping = true;
  await app.close();
  await risk.close();
  await db.end();
  await telemetry.shutdown();
  process.exit(0);
}
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, stop);
