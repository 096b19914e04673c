import { useState } from 'react';
import type { Cart } from './api';
import { Dialog } from './dialog';
import { money } from './money';
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

  const lines = purchase.state === 'bought' ? purchase.receipt.lines : (cart?.lines ?? []);
  const totalCents = purchase.state === 'bought' ? purchase.receipt.totalCents : (cart?.totalCents ?? 0);
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
                  <th scope="row">{line.name}</th>
                  <td>{money(line.priceCents * line.quantity)}</td>
                </tr>
              ))}
            </tbody>
            <tfoot>
              <tr>
                <td />
                <th scope="row">Total</th>
                <td>{money(totalCents)}</td>
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
              {purchase.state === 'paying' ? 'Paying …' : `Buy for ${money(totalCents)}`}
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
