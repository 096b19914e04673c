export interface Product {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly priceCents: number;
  /** An emoji, for things nobody has drawn yet. */
  readonly picture: string;
}

export interface ProductDetails extends Product {
  readonly stock: number;
}

export interface Cart {
  readonly id: string;
  readonly lines: readonly CartLine[];
  readonly totalCents: number;
}

export interface CartLine {
  readonly productId: string;
  readonly name: string;
  readonly quantity: number;
  readonly priceCents: number;
}

export interface Order {
  readonly orderId: string;
  readonly paymentId: string;
  readonly totalCents: number;
}

/** What the API answered instead: its own code and sentence. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

async function call<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T> {
  const answer = await fetch(`/api${path}`, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const content = (await answer.json()) as T & { error?: string; message?: string };
  if (!answer.ok) throw new ApiError(content.error ?? `http-${answer.status}`, content.message ?? answer.statusText);
  return content;
}

export const api = {
  products: () => call<readonly Product[]>('GET', '/products'),
  product: (id: string) => call<ProductDetails>('GET', `/products/${encodeURIComponent(id)}`),
  createCart: () => call<Cart>('POST', '/carts', {}),
  cart: (id: string) => call<Cart>('GET', `/carts/${id}`),
  addItem: (cartId: string, productId: string, quantity: number) =>
    call<Cart>('POST', `/carts/${cartId}/items`, { productId, quantity }),
  checkout: (cartId: string) => call<Order>('POST', `/carts/${cartId}/checkout`, {}),
};
