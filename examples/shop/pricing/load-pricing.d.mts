import type { Tracer } from '@opentelemetry/api';

/** Cents; the total contains the tax. */
export interface CartPrice {
  readonly subtotalCents: number;
  readonly discountCents: number;
  readonly taxCents: number;
  readonly totalCents: number;
}

export interface Pricing {
  priceCart(lines: readonly { readonly quantity: number; readonly priceCents: number }[]): CartPrice;
  /** How many more of a product it takes until each costs less; 0 where there is no further discount. */
  piecesToNextDiscount(quantity: number): number;
}

export function loadPricing(telemetry: { readonly tracer: Tracer }, module: WebAssembly.Module): Promise<Pricing>;
