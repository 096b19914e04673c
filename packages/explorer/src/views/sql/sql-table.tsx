import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import type { SqlAnswer } from '../../model/shapes.js';
import { cellText, isNumeric } from '../../model/sql-result.js';
import styles from './sql-view.module.css';

const ROW = 24;

/** The result; only rows that are on the screen are there. */
export function SqlTable({ answer }: { readonly answer: SqlAnswer }) {
  const scroller = useRef<HTMLDivElement>(null);
  const { columns, rows } = answer;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 20,
  });
  const items = virtual.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items[items.length - 1]?.end ?? 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by key
    <section ref={scroller} className={styles.table} tabIndex={0} aria-label="Result">
      <table aria-rowcount={rows.length + 1} style={{ marginBottom: below }}>
        <thead>
          <tr>
            {columns.map(({ name, type }, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: two columns may have one name
              <th key={index} scope="col" title={type} data-number={isNumeric(type) || undefined}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={item.index} aria-rowindex={item.index + 2} style={{ transform: `translateY(${above}px)` }}>
              {(rows[item.index] ?? []).map((value, index) => (
                <td
                  // biome-ignore lint/suspicious/noArrayIndexKey: a cell has no identity but its place
                  key={index}
                  data-number={isNumeric(columns[index]?.type ?? '') || undefined}
                  title={cellText(value)}
                >
                  {value === null ? <i>null</i> : cellText(value)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
