import { api, type Cart, type Order, type ProductDetails } from './api';
import { pricing } from './pricing';
import { cartAdditions, telemetry } from './telemetry';

/*
 * What a visitor does here, each a span. The requests below find their span by themselves, also behind an `await`.
 */

export interface Receipt extends Order {
  readonly lines: Cart['lines'];
  readonly boughtAt: Date;
}

export const viewProduct = (id: string): Promise<ProductDetails> =>
  telemetry.measure('product.view', { attributes: { 'product.id': id } }, async (span) => {
    const product = await api.product(id);
    span.setAttributes({ 'product.price_cents': product.priceCents, 'product.stock': product.stock });
    return product;
  });

export const addToCart = (cart: Cart | undefined, productId: string): Promise<Cart> =>
  telemetry.measure('cart.add', { attributes: { 'product.id': productId } }, async (span) => {
    const { id } = cart ?? (await api.createCart());
    const changed = await api.addItem(id, productId, 1);
    cartAdditions.add(1, { 'product.id': productId });
    span.setAttributes({ 'cart.id': id, 'cart.lines': changed.lines.length, 'cart.total_cents': changed.totalCents });
    return changed;
  });

/** `onTrace` is told the trace as soon as there is one, so that a checkout that fails can be looked up as well. */
export const checkout = (cart: Cart, onTrace: (traceId: string) => void): Promise<Receipt> =>
  telemetry.measure('checkout.process', { attributes: { 'cart.id': cart.id } }, async (span) => {
    onTrace(span.spanContext().traceId);
    const valid = await validateCart(cart);
    const order = await processPayment(valid);
    span.setAttribute('order.id', order.orderId);
    return createOrder(valid, order);
  });

/** What the visitor sees must be what the shop sells: another tab may have changed the cart. */
const validateCart = telemetry.traced('validate_cart', async (shown: Cart): Promise<Cart> => {
  const cart = await api.cart(shown.id);
  if (cart.lines.length === 0) throw new Error('The cart is empty.');
  if (cart.totalCents !== shown.totalCents) throw new Error('The cart has changed in another window.');
  if (cart.totalCents !== pricing.priceCart(cart.lines).totalCents) throw new Error('The prices have changed.');
  return cart;
});

const processPayment = telemetry.traced('process_payment', (cart: Cart): Promise<Order> => api.checkout(cart.id));

const createOrder = telemetry.traced('create_order', (cart: Cart, order: Order): Receipt => {
  const receipt = { ...order, lines: cart.lines, boughtAt: new Date() };
  telemetry.logger.emit({
    severityNumber: 9,
    severityText: 'INFO',
    eventName: 'shop.receipt.shown',
    body: 'The receipt is shown',
    attributes: { 'order.id': order.orderId },
  });
  sessionStorage.setItem(`order ${order.orderId}`, JSON.stringify(receipt));
  return receipt;
});
