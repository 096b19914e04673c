import { telemetry } from './telemetry.mjs';

/*
 * What the shop says of its orders beside their traces: how many and how much they come to, as metrics, and one log record each, which lies under the
 * span it was written in.
 */

const { meter, logger } = telemetry;
const orders = meter.createCounter('shop.orders', {
  unit: '{order}',
  description: 'Checkouts by their outcome: placed, or why not',
});
const values = meter.createHistogram('shop.order.value', {
  unit: 'EUR',
  description: 'What an order comes to',
  advice: { explicitBucketBoundaries: [10, 25, 50, 100, 250, 500, 1_000] },
});
const last = meter.createGauge('shop.order.last_value', {
  unit: 'EUR',
  description: 'What the last order came to',
});

const took = meter.createHistogram('shop.checkout.duration', {
  unit: 's',
  description: 'How long a checkout takes, until it is placed or refused',
  advice: { explicitBucketBoundaries: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] },
});

/** Within the span of the checkout: one that was slow can then be opened from the chart. */
export function checkoutTook(milliseconds) {
  took.record(milliseconds / 1000);
}

export function orderPlaced(cart, orderId) {
  const value = cart.totalCents / 100;
  orders.add(1, { outcome: 'placed' });
  values.record(value);
  last.record(value);
  logger.emit({
    severityNumber: 9,
    severityText: 'INFO',
    eventName: 'shop.order.placed',
    body: `Order of ${cart.lines.length} line(s) over ${value.toFixed(2)} EUR placed`,
    attributes: { 'order.id': orderId, 'cart.id': cart.id, 'order.value': value },
  });
}

/** A shop that refuses (402, 409, 422) is doing its work; anything else is its own fault. */
export function orderRefused(cartId, error) {
  const isRefusal = error.statusCode < 500;
  orders.add(1, { outcome: error.code ?? 'internal' });
  logger.emit({
    severityNumber: isRefusal ? 13 : 17,
    severityText: isRefusal ? 'WARN' : 'ERROR',
    eventName: 'shop.order.refused',
    body: `Order refused: ${error.message}`,
    attributes: { 'cart.id': cartId, ...(isRefusal ? { 'error.type': error.code } : {}) },
    ...(isRefusal ? {} : { exception: error }),
  });
}
