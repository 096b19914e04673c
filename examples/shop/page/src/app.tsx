import { useEffect, useState } from 'react';
import { api, type Cart, type Product } from './api';
import { CartPanel } from './cart-panel';
import { ProductCard } from './product-card';
import { ProductSheet } from './product-sheet';
import { addToCart } from './shop';

const places = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth'];

export function App() {
  const [products, setProducts] = useState<readonly Product[]>();
  const [trouble, setTrouble] = useState<string>();
  const [cart, setCart] = useState<Cart>();
  const [viewed, setViewed] = useState<Product>();
  const [cartOpen, setCartOpen] = useState(false);
  const [adding, setAdding] = useState<string>();

  useEffect(() => {
    api.products().then(setProducts, (error: Error) => setTrouble(`The shop does not answer: ${error.message}`));
  }, []);

  async function add(product: Product) {
    setAdding(product.id);
    setTrouble(undefined);
    try {
      setCart(await addToCart(cart, product.id));
    } catch (error) {
      setTrouble(`${product.name} could not be added: ${(error as Error).message}`);
    } finally {
      setAdding(undefined);
    }
  }

  const count = cart?.lines.reduce((sum, line) => sum + line.quantity, 0) ?? 0;
  return (
    <>
      <header>
        <a className="brand" href="/">
          <svg viewBox="0 0 32 32" aria-hidden="true">
            <circle cx="16" cy="15" r="8" className="c" />
            <path d="M2 25h28" className="line" />
          </svg>
          Daylight <i>&amp;</i> Desk
        </a>
        <button type="button" id="open-cart" className="cart-button" onClick={() => setCartOpen(true)}>
          Cart <output aria-label={`${count} things in the cart`}>{count}</output>
        </button>
      </header>

      <main>
        <h1>
          Six things for a desk <br />
          that has a window.
        </h1>
        {trouble && (
          <p className="trouble" role="alert">
            {trouble}
          </p>
        )}
        <ul className="products" aria-busy={!products && !trouble}>
          {products
            ? products.map((product) => (
                <ProductCard
                  key={product.id}
                  product={product}
                  busy={adding === product.id}
                  onView={() => setViewed(product)}
                  onAdd={() => add(product)}
                />
              ))
            : !trouble && places.map((place) => <li key={place} className="card waiting" />)}
        </ul>
      </main>

      <footer>
        Nothing here is sold. Every click is a trace: from this page through the API and the payment service to the rows
        in PostgreSQL.
      </footer>

      {viewed && (
        <ProductSheet
          product={viewed}
          busy={adding === viewed.id}
          onAdd={() => add(viewed)}
          onClose={() => setViewed(undefined)}
        />
      )}
      {cartOpen && <CartPanel cart={cart} onClose={() => setCartOpen(false)} onBought={() => setCart(undefined)} />}
    </>
  );
}
