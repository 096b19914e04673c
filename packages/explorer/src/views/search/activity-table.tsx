import { formatClock, formatDuration } from '../../model/format.js';
import styles from './activity-chart.module.css';
import type { ChartData } from './use-activity-plots.js';

/** The chart's numbers, for reading and for screen readers. Empty stretches are left out. */
export function ActivityTable({ data }: { readonly data: ChartData }) {
  const filled = data.count.flatMap((count, index) => (count > 0 ? [index] : []));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by key
    <section className={styles.table} tabIndex={0} aria-label="Spans over time, as a table">
      <table>
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col">Spans</th>
            <th scope="col">Errors</th>
            <th scope="col">p50</th>
            <th scope="col">p95</th>
          </tr>
        </thead>
        <tbody>
          {filled.map((index) => (
            <tr key={index}>
              <th scope="row">{formatClock(new Date(data.startMs + index * data.stepMs))}</th>
              <td>{data.count[index]}</td>
              <td>{data.errors[index]}</td>
              <td>{formatDuration(data.p50[index] ?? Number.NaN)}</td>
              <td>{formatDuration(data.p95[index] ?? Number.NaN)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
