import type { Product } from './api';
import { money } from './money';
import { Picture } from './picture';

interface Props {
  product: Product;
  busy: boolean;
  onView: () => void;
  onAdd: () => void;
}

export function ProductCard({ product, busy, onView, onAdd }: Props) {
  return (
    <li className="card">
      <button type="button" id={`view-${product.id}`} className="look" data-product-id={product.id} onClick={onView}>
        <Picture id={product.id} fallback={product.picture} />
        <strong>{product.name}</strong>
      </button>
      <p>{product.description}</p>
      <div className="buy">
        <span className="price">{money(product.priceCents)}</span>
        <button
          type="button"
          id={`add-${product.id}`}
          data-product-id={product.id}
          aria-label={`Add ${product.name} to the cart`}
          disabled={busy}
          onClick={onAdd}
        >
          {busy ? 'Adding …' : 'Add to cart'}
        </button>
      </div>
    </li>
  );
}
