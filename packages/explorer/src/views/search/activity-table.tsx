import { formatClock, formatDuration } from '../../model/format.js';
import { Button } from '../../parts/controls.js';
import styles from './activity-chart.module.css';
import type { ChartData } from './use-activity-plots.js';

interface Props {
  readonly data: ChartData;
  readonly onMark: (bucket: number) => void;
  readonly onSlowest: (bucket: number) => void;
}

/** The chart's numbers, for reading and for screen readers; what a click on the chart does, the buttons do. Empty stretches are left out. */
export function ActivityTable({ data, onMark, onSlowest }: Props) {
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
            <th scope="col">
              <span className="visually-hidden">Look closer</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {filled.map((index) => (
            <tr key={index}>
              <th scope="row">{formatClock(new Date(data.startMs + index * data.stepMs))}</th>
              <td>{data.count[index]?.toLocaleString('en')}</td>
              <td>{data.errors[index]?.toLocaleString('en')}</td>
              <td>{formatDuration(data.p50[index] ?? Number.NaN)}</td>
              <td>{formatDuration(data.p95[index] ?? Number.NaN)}</td>
              <td className={styles.closer}>
                <Button onClick={() => onMark(index)}>Mark</Button>
                <Button onClick={() => onSlowest(index)}>Slowest trace</Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
