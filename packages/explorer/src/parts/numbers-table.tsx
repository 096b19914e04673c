import type { ReactNode } from 'react';

interface Props {
  readonly label: string;
  /** How it looks, which depends on the chart it stands for. */
  readonly className: string | undefined;
  /** Names of the columns between the time and what a row's buttons do. */
  readonly columns: readonly string[];
  /** Its rows. */
  readonly children: ReactNode;
}

/** A chart's numbers over time, for reading and for screen readers; what a click on the chart does, the buttons of a row do. */
export function NumbersTable({ label, className, columns, children }: Props) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by key
    <section className={className} tabIndex={0} aria-label={label}>
      <table>
        <thead>
          <tr>
            {['From', ...columns].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
            <th scope="col">
              <span className="visually-hidden">Look closer</span>
            </th>
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  );
}
