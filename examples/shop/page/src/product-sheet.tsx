import { useEffect, useState } from 'react';
import type { Product, ProductDetails } from './api';
import { Dialog } from './dialog';
import { money } from './money';
import { Picture } from './picture';
import { viewProduct } from './shop';

interface Props {
  product: Product;
  busy: boolean;
  onAdd: () => void;
  onClose: () => void;
}

export function ProductSheet({ product, busy, onAdd, onClose }: Props) {
  const [details, setDetails] = useState<ProductDetails>();
  const [trouble, setTrouble] = useState<string>();

  useEffect(() => {
    let current = true;
    viewProduct(product.id).then(
      (found) => current && setDetails(found),
      (error: Error) => current && setTrouble(error.message),
    );
    return () => {
      current = false;
    };
  }, [product.id]);

  return (
    <Dialog className="sheet" label={product.name} onClose={onClose}>
      <Picture id={product.id} fallback={product.picture} />
      <div className="words">
        <h2>{product.name}</h2>
        <p>{product.description}</p>
        <p className="stock" role="status">
          {trouble ?? (details ? stockWords(details.stock) : <Waiting />)}
        </p>
        <div className="buy">
          <span className="price">{money(product.priceCents)}</span>
          <button type="button" id={`buy-${product.id}`} data-product-id={product.id} disabled={busy} onClick={onAdd}>
            {busy ? 'Adding …' : 'Add to cart'}
          </button>
        </div>
      </div>
    </Dialog>
  );
}

const stockWords = (stock: number): string =>
  stock > 0 ? `${stock.toLocaleString('en')} in the warehouse` : 'None in the warehouse';

function Waiting() {
  return (
    <>
      <span className="dots" aria-hidden="true" /> Asking the warehouse
    </>
  );
}
