import { formatClock, formatDuration } from '../../model/format.js';
import { Button } from '../../parts/controls.js';
import { NumbersTable } from '../../parts/numbers-table.js';
import styles from './activity-chart.module.css';
import type { ChartData } from './use-activity-plots.js';

interface Props {
  readonly data: ChartData;
  readonly onMark: (bucket: number) => void;
  readonly onSlowest: (bucket: number) => void;
}

/** Empty stretches are left out. */
export function ActivityTable({ data, onMark, onSlowest }: Props) {
  const filled = data.count.flatMap((count, index) => (count > 0 ? [index] : []));
  return (
    <NumbersTable
      label="Spans over time, as a table"
      className={styles.table}
      columns={['Spans', 'Errors', 'p50', 'p95']}
    >
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
    </NumbersTable>
  );
}
