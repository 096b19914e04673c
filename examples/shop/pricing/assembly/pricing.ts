import { Span } from '@throughline/sdk/assemblyscript';

/*
 * What a cart costs, in AssemblyScript: the API and the page run the very same file, so that they cannot disagree. Prices are in cents and
 * contain the value-added tax.
 */

const VAT_PERCENT: i64 = 23;
const SOME: i32 = 3;
const SOME_PERCENT: i64 = 5;
const MANY: i32 = 10;
const MANY_PERCENT: i64 = 10;

/** Cents; of a type that JavaScript has as a number. */
class CartPrice {
  subtotalCents: f64 = 0;
  discountCents: f64 = 0;
  /** Contained in the total. */
  taxCents: f64 = 0;
  totalCents: f64 = 0;
}

/** One entry in each list for each line of the cart. */
export function priceCart(quantities: Int32Array, unitCents: Int32Array): CartPrice {
  assert(quantities.length === unitCents.length, 'A quantity and a price for each line.');
  let subtotal: i64 = 0;
  for (let line = 0; line < quantities.length; line++) subtotal += <i64>quantities[line] * unitCents[line];

  const discounting = Span.start('quantity_discount').set('cart.lines', quantities.length);
  let discount: i64 = 0;
  for (let line = 0; line < quantities.length; line++) {
    discount += share(<i64>quantities[line] * unitCents[line], percentOff(quantities[line]), 100);
  }
  discounting.set('cart.discount_cents', discount).end();

  const taxing = Span.start('tax').set('tax.percent', VAT_PERCENT);
  const total = subtotal - discount;
  const tax = share(total, VAT_PERCENT, 100 + VAT_PERCENT);
  taxing.set('tax.cents', tax).end();

  Span.current().set('cart.total_cents', total);
  return {
    subtotalCents: <f64>subtotal,
    discountCents: <f64>discount,
    taxCents: <f64>tax,
    totalCents: <f64>total,
  };
}

/** How many more of a product it takes until each costs less; 0 where there is no further discount. */
export function piecesToNextDiscount(quantity: i32): i32 {
  return quantity < SOME ? SOME - quantity : quantity < MANY ? MANY - quantity : 0;
}

/** What comes off each piece when this many of one product are bought. */
function percentOff(quantity: i32): i64 {
  return quantity >= MANY ? MANY_PERCENT : quantity >= SOME ? SOME_PERCENT : 0;
}

/** `cents × part ÷ whole`, half a cent rounded up. */
function share(cents: i64, part: i64, whole: i64): i64 {
  return (2 * cents * part + whole) / (2 * whole);
}
