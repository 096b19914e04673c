import { formatTimeSearch } from '../model/time-range.js';
import { Button } from './controls.js';
import { useNow } from './now.js';

/** Offered where nothing was found: to look for it in the last seven days. */
export function LastWeek({ change }: { readonly change: (patch: ReturnType<typeof formatTimeSearch>) => void }) {
  const { refresh } = useNow();
  return (
    <Button
      look="framed"
      onClick={() => {
        refresh();
        change(formatTimeSearch({ kind: 'last', last: '7d' }));
      }}
    >
      In the last 7 days
    </Button>
  );
}
