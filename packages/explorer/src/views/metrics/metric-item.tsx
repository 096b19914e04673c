import { lazy, Suspense, useState } from 'react';
import type { Asked } from '../../client/queries.js';
import type { MetricsAddress } from '../../model/address.js';
import { momentInFull } from '../../model/format.js';
import { formatMetric } from '../../model/metric-value.js';
import type { MetricSummary } from '../../model/shapes.js';
import { ServiceName } from '../../parts/controls.js';
import styles from './metrics-view.module.css';

// The names are there first; the chart's library follows.
const MetricExplorer = lazy(() =>
  import('./metric-explorer.js').then((module) => ({ default: module.MetricExplorer })),
);
const MetricChart = lazy(() => import('./metric-chart.js').then((module) => ({ default: module.MetricChart })));

interface Props {
  readonly metric: MetricSummary;
  /** Only this one is looked at. */
  readonly service: string | undefined;
  readonly asked: Omit<Asked, 'q'>;
  readonly index: number;
  readonly offset: number;
  readonly open: boolean;
  /** Tells the list how high it is: an open one is higher. */
  readonly measure: (element: HTMLElement | null) => void;
  readonly onOpen: (open: boolean) => void;
  readonly address: MetricsAddress;
  readonly onChange: (patch: Partial<MetricsAddress>) => void;
}

export function MetricItem({ metric, service, asked, index, offset, open, measure, onOpen, address, onChange }: Props) {
  const [asTable, setAsTable] = useState(false);
  const { name, unit, description, services, series, newest } = metric;
  // What is counted stands beside the number, and 1 is no unit.
  const unitText = unit === '1' || unit.startsWith('{') ? '' : unit;
  const value =
    newest.count === undefined
      ? newest.value
      : newest.count > 0 && newest.value !== null
        ? newest.value / newest.count
        : null;
  return (
    <li ref={measure} data-index={index} className={styles.item} style={{ transform: `translateY(${offset}px)` }}>
      <div className={styles.row}>
        <button type="button" className={styles.name} aria-expanded={open} onClick={() => onOpen(!open)}>
          <strong>{name}</strong>
          <span>
            {kindText(metric)}
            {unitText === '' ? '' : `, ${unitText}`}
            {series > 1 ? `, ${series.toLocaleString('en')} series` : ''}
          </span>
        </button>
        <span className={styles.services}>
          {services.slice(0, services.length > 2 ? 1 : 2).map((one) => (
            <ServiceName key={one} service={one} />
          ))}
          {services.length > 2 && <span title={services.join(', ')}>and {services.length - 1} more</span>}
        </span>
        <span className={styles.newest} title={`Of the newest point, ${momentInFull(newest.timeUnixNano)}`}>
          {formatMetric(value, unit)}
          {newest.count !== undefined && <small>mean of {newest.count.toLocaleString('en')}</small>}
        </span>
        <Suspense fallback={<div className={styles.small} />}>
          <MetricChart metric={metric} service={service} asked={asked} />
        </Suspense>
      </div>
      {open && (
        <div className={styles.details}>
          {description !== '' && <p className={styles.about}>{description}</p>}
          <Suspense fallback={<div className={styles.large} />}>
            <MetricExplorer
              metric={metric}
              service={service}
              asked={asked}
              address={address}
              asTable={asTable}
              onTable={setAsTable}
              onChange={onChange}
            />
          </Suspense>
        </div>
      )}
    </li>
  );
}

/** `counter`, `histogram` …, as people call them. */
function kindText({ kind, monotonic }: MetricSummary): string {
  if (kind === 'sum') return monotonic === true ? 'counter' : 'up-down counter';
  return kind === 'exponential-histogram' ? 'exponential histogram' : kind;
}
