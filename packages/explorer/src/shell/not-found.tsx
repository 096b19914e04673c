import { Link } from '@tanstack/react-router';
import { Notice } from '../parts/controls.js';

export function NotFound() {
  return (
    <Notice title="There is no such page" actions={<Link to="/">Go to the traces</Link>}>
      <p>The address may have been cut off when it was copied.</p>
    </Notice>
  );
}
