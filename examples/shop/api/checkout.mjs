import { randomUUID } from 'node:crypto';
import { cartParams, readCart } from './carts.mjs';
import { checkoutTook, orderPlaced, orderRefused } from './orders.mjs';
import { ShopError } from './shop-error.mjs';
import { withSpan } from './with-span.mjs';

/** @param {{ db: import('pg').Pool, paymentUrl: string, risk: { assess(cart: object): Promise<number> } }} services */
export function checkoutRoutes(app, { db, paymentUrl, risk }) {
  app.post('/api/carts/:id/checkout', { schema: { params: cartParams, body: checkoutBody } }, (request, reply) =>
    withSpan('checkout.process', { 'cart.id': request.params.id }, async (span) => {
      const begun = performance.now();
      try {
        const cart = await validateCart(db, request.params.id);
        span.setAttribute('checkout.total_cents', cart.totalCents);
        if ((await risk.assess(cart)) > MOST_RISK)
          throw new ShopError(422, 'too-risky', 'Please call us about an order like this.');
        const paymentId = await processPayment(paymentUrl, cart, request.body?.card ?? 'test-card');
        const orderId = await createOrder(db, cart, paymentId);
        span.setAttribute('order.id', orderId);
        orderPlaced(cart, orderId);
        return reply.code(201).send({ orderId, paymentId, totalCents: cart.totalCents });
      } catch (error) {
        orderRefused(request.params.id, error);
        throw error;
      } finally {
        checkoutTook(performance.now() - begun);
      }
    }),
  );
}

const MOST_RISK = 99;

const checkoutBody = {
  type: ['object', 'null'],
  properties: { card: { type: 'string', minLength: 1, maxLength: 100 } },
};

function validateCart(db, cartId) {
  return withSpan('validate_cart', { 'cart.id': cartId }, async (span) => {
    const cart = await readCart(db, cartId);
    span.setAttribute('cart.lines', cart.lines.length);
    if (cart.lines.length === 0) throw new ShopError(409, 'empty-cart', 'There is nothing in the cart.');
    const { rows } = await db.query(
      `SELECT product_id AS "productId", sum(quantity)::int AS stock FROM shop.stock_movements
       WHERE product_id = ANY($1) GROUP BY product_id`,
      [cart.lines.map((line) => line.productId)],
    );
    for (const line of cart.lines) {
      const stock = rows.find((row) => row.productId === line.productId)?.stock ?? 0;
      if (stock < line.quantity)
        throw new ShopError(409, 'out-of-stock', `There are only ${stock} of "${line.name}" left.`);
    }
    return cart;
  });
}

function processPayment(paymentUrl, cart, card) {
  return withSpan('process_payment', { 'payment.amount_cents': cart.totalCents }, async (span) => {
    const answer = await fetch(new URL('/payments', paymentUrl), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ amountCents: cart.totalCents, card }),
      signal: AbortSignal.timeout(10_000),
    }).catch((cause) => {
      throw new ShopError(
        502,
        'payment-unavailable',
        `The payment service does not answer: ${cause.cause?.message ?? cause.message}`,
      );
    });
    const payment = await answer.json();
    if (answer.status === 402) throw new ShopError(402, 'payment-declined', payment.message);
    if (!answer.ok) throw new ShopError(502, 'payment-unavailable', `The payment service answered ${answer.status}.`);
    span.setAttribute('payment.id', payment.paymentId);
    return payment.paymentId;
  });
}

function createOrder(db, cart, paymentId) {
  return withSpan('create_order', { 'cart.id': cart.id }, async (span) => {
    const orderId = randomUUID();
    span.setAttribute('order.id', orderId);
    const client = await db.connect();
    try {
      await client.query('BEGIN');
      await client.query('INSERT INTO shop.orders (id, cart_id, payment_id, total_cents) VALUES ($1, $2, $3, $4)', [
        orderId,
        cart.id,
        paymentId,
        cart.totalCents,
      ]);
      await client.query(
        `INSERT INTO shop.order_lines (order_id, product_id, quantity, price_cents)
         SELECT $1, product_id, quantity, price_cents FROM shop.cart_lines JOIN shop.products ON products.id = product_id
         WHERE cart_id = $2`,
        [orderId, cart.id],
      );
      await client.query('DELETE FROM shop.cart_lines WHERE cart_id = $1', [cart.id]);
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {});
      throw error;
    } finally {
      client.release();
    }
    return orderId;
  });
}
