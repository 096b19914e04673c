import { randomUUID } from 'node:crypto';
import { pricing } from './pricing.mjs';
import { ShopError } from './shop-error.mjs';
import { withSpan } from './with-span.mjs';

/** @param {{ db: import('pg').Pool }} services */
export function cartRoutes(app, { db }) {
  app.post('/api/carts', async (_request, reply) => {
    const id = randomUUID();
    await db.query('INSERT INTO shop.carts (id) VALUES ($1)', [id]);
    return reply.code(201).send({ id, lines: [], ...pricing.priceCart([]) });
  });

  app.get('/api/carts/:id', { schema: { params: cartParams } }, (request) => readCart(db, request.params.id));

  app.post('/api/carts/:id/items', { schema: { params: cartParams, body: itemBody } }, (request) => {
    const { productId, quantity } = request.body;
    const attributes = { 'product.id': productId, 'cart.quantity': quantity };
    return withSpan('cart.add', attributes, async () => {
      await readCart(db, request.params.id);
      const added = await db.query(
        `INSERT INTO shop.cart_lines (cart_id, product_id, quantity) SELECT $1, id, $3 FROM shop.products WHERE id = $2
         ON CONFLICT (cart_id, product_id) DO UPDATE SET quantity = shop.cart_lines.quantity + excluded.quantity`,
        [request.params.id, productId, quantity],
      );
      if (added.rowCount === 0) throw new ShopError(404, 'unknown-product', `There is no product "${productId}".`);
      return readCart(db, request.params.id);
    });
  });
}

export const cartParams = { type: 'object', properties: { id: { type: 'string', format: 'uuid' } } };

const itemBody = {
  type: 'object',
  required: ['productId', 'quantity'],
  properties: { productId: { type: 'string' }, quantity: { type: 'integer', minimum: 1, maximum: 99 } },
};

/** A cart with its lines and what they cost; a ShopError 404 where there is none. */
export async function readCart(db, id) {
  const cart = await db.query('SELECT id FROM shop.carts WHERE id = $1', [id]);
  if (cart.rowCount === 0) throw new ShopError(404, 'unknown-cart', 'This cart does not exist (any more).');
  const { rows: lines } = await db.query(
    `SELECT product_id AS "productId", name, quantity, price_cents AS "priceCents"
     FROM shop.cart_lines JOIN shop.products ON products.id = product_id WHERE cart_id = $1 ORDER BY position`,
    [id],
  );
  return { id, lines, ...pricing.priceCart(lines) };
}
