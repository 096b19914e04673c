import { useMemo, useState } from 'react';
import type { CartPrice } from '../../pricing/load-pricing.mjs';
import type { Cart } from './api';
import { Dialog } from './dialog';
import { money } from './money';
import { pricing } from './pricing';
import { checkout, type Receipt } from './shop';

interface Props {
  cart: Cart | undefined;
  onClose: () => void;
  onBought: () => void;
}

type Purchase =
  | { readonly state: 'open' | 'paying' }
  | { readonly state: 'bought'; readonly receipt: Receipt }
  | { readonly state: 'failed'; readonly message: string };

const nothing: Cart['lines'] = [];
const noPrice: CartPrice = { subtotalCents: 0, discountCents: 0, taxCents: 0, totalCents: 0 };

export function CartPanel({ cart, onClose, onBought }: Props) {
  const [purchase, setPurchase] = useState<Purchase>({ state: 'open' });
  const [traceId, setTraceId] = useState<string>();

  async function buy(bought: Cart) {
    setPurchase({ state: 'paying' });
    try {
      const receipt = await checkout(bought, setTraceId);
      setPurchase({ state: 'bought', receipt });
      onBought();
    } catch (error) {
      setPurchase({ state: 'failed', message: (error as Error).message });
    }
  }

  const lines = purchase.state === 'bought' ? purchase.receipt.lines : (cart?.lines ?? nothing);
  // Priced here, by the module that the API prices it with.
  const price = useMemo(() => (lines.length > 0 ? pricing.priceCart(lines) : noPrice), [lines]);
  return (
    <Dialog className="panel" label="Cart" onClose={onClose}>
      <h2>{purchase.state === 'bought' ? 'Thank you' : 'Cart'}</h2>
      {lines.length === 0 ? (
        <p className="quiet">Nothing in it yet.</p>
      ) : (
        <>
          <table>
            <tbody>
              {lines.map((line) => (
                <tr key={line.productId}>
                  <td>{line.quantity} ×</td>
                  <th scope="row">
                    {line.name}
                    {purchase.state !== 'bought' && <MoreForLess quantity={line.quantity} />}
                  </th>
                  <td>{money(line.priceCents * line.quantity)}</td>
                </tr>
              ))}
              {price.discountCents > 0 && (
                <tr id="discount">
                  <td />
                  <th scope="row">Discount</th>
                  <td>−{money(price.discountCents)}</td>
                </tr>
              )}
            </tbody>
            <tfoot>
              <tr>
                <td />
                <th scope="row">
                  Total{' '}
                  <small id="tax" className="quiet">
                    with {money(price.taxCents)} VAT
                  </small>
                </th>
                <td>{money(price.totalCents)}</td>
              </tr>
            </tfoot>
          </table>
          {cart && purchase.state !== 'bought' && (
            <button
              type="button"
              id="buy"
              className="wide"
              disabled={purchase.state === 'paying'}
              onClick={() => buy(cart)}
            >
              {purchase.state === 'paying' ? 'Paying …' : `Buy for ${money(price.totalCents)}`}
            </button>
          )}
        </>
      )}
      <div role="status">
        {purchase.state === 'bought' && (
          <p className="done">
            Order <code id="order-id">{purchase.receipt.orderId}</code>
          </p>
        )}
        {purchase.state === 'failed' && <p className="trouble">{purchase.message}</p>}
        {traceId && purchase.state !== 'paying' && (
          <p className="quiet">
            The trace of this purchase: <code id="trace-id">{traceId}</code>
          </p>
        )}
      </div>
    </Dialog>
  );
}

/** What a visitor may not know: from some quantities on each piece costs less. */
function MoreForLess({ quantity }: { quantity: number }) {
  const more = pricing.piecesToNextDiscount(quantity);
  return more > 0 && <small className="quiet">{more} more, and each costs less</small>;
}
