import pg from 'pg';
import { products } from './products.mjs';

/** Makes the shop's schema and fills it with goods, where that has not been done. Safe to run from several programs at once. */
export async function prepareSchema(databaseUrl) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query(`SELECT pg_advisory_xact_lock(hashtext('throughline-shop'))`);
    await client.query(schema);
    const { rows } = await client.query('SELECT count(*)::int AS count FROM shop.products');
    if (rows[0].count === 0) await fill(client);
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}

const schema = `
  CREATE SCHEMA IF NOT EXISTS shop;
  CREATE TABLE IF NOT EXISTS shop.products (
    id text PRIMARY KEY,
    position int NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    picture text NOT NULL,
    price_cents int NOT NULL CHECK (price_cents > 0)
  );
  -- A product is assembled from parts; each part lies on some shelf. Nobody thought of an index on the movements.
  CREATE TABLE IF NOT EXISTS shop.parts (
    product_id text NOT NULL REFERENCES shop.products,
    part int NOT NULL,
    PRIMARY KEY (product_id, part)
  );
  CREATE TABLE IF NOT EXISTS shop.stock_movements (
    product_id text NOT NULL,
    part int NOT NULL,
    quantity int NOT NULL,
    note text NOT NULL
  );
  CREATE TABLE IF NOT EXISTS shop.carts (
    id uuid PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE IF NOT EXISTS shop.cart_lines (
    cart_id uuid NOT NULL REFERENCES shop.carts,
    product_id text NOT NULL REFERENCES shop.products,
    quantity int NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (cart_id, product_id)
  );
  CREATE TABLE IF NOT EXISTS shop.orders (
    id uuid PRIMARY KEY,
    cart_id uuid NOT NULL,
    payment_id uuid NOT NULL,
    total_cents int NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE IF NOT EXISTS shop.order_lines (
    order_id uuid NOT NULL REFERENCES shop.orders,
    product_id text NOT NULL,
    quantity int NOT NULL,
    price_cents int NOT NULL
  );
  CREATE TABLE IF NOT EXISTS shop.payments (
    id uuid PRIMARY KEY,
    amount_cents int NOT NULL,
    card text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
  );
`;

async function fill(client) {
  for (const [position, product] of products.entries()) {
    await client.query(
      'INSERT INTO shop.products (id, position, name, description, picture, price_cents) VALUES ($1, $2, $3, $4, $5, $6)',
      [product.id, position, product.name, product.description, product.picture, product.priceCents],
    );
    await client.query('INSERT INTO shop.parts SELECT $1, part FROM generate_series(1, $2::int) AS part', [
      product.id,
      product.parts,
    ]);
    await client.query(
      `INSERT INTO shop.stock_movements
       SELECT $1, 1 + movement % $2::int, 3, 'delivery ' || movement FROM generate_series(0, $3::int - 1) AS movement`,
      [product.id, product.parts, product.movements],
    );
  }
  await client.query('ANALYZE shop.stock_movements');
}
