import { useMemo } from 'react';
import { formatDuration } from '../../model/format.js';
import { serviceColour } from '../../model/service-colour.js';
import { type Area, areaSums } from '../../model/trace/area-sums.js';
import type { TraceColumns } from '../../model/trace/columns.js';
import { fitWindow } from '../../model/trace/view-window.js';
import { Button, IconButton, Swatch } from '../../parts/controls.js';
import styles from './side-panel.module.css';
import type { TraceState } from './use-trace-state.js';

interface Props {
  readonly columns: TraceColumns;
  readonly state: TraceState;
  readonly area: Area;
}

/** What happened in the marked area, summed. */
export function AreaDetails({ columns, state, area }: Props) {
  const sums = useMemo(() => areaSums(columns, state.rows, area), [columns, state.rows, area]);
  const most = Math.max(1, ...sums.names.map((one) => one.selfNano), ...sums.services.map((one) => one.selfNano));
  return (
    <>
      <div className={styles.head}>
        <strong>Marked area</strong>
        <span className={styles.space} />
        <Button onClick={() => state.setView(fitWindow(area.from, area.to, columns.durationNano))} title="Zoom in (z)">
          Zoom in
        </Button>
        <IconButton icon="close" label="Take the mark away (Esc)" onClick={() => state.setArea(undefined)} />
      </div>
      <dl className={styles.times}>
        <div>
          <dt>width</dt>
          <dd>{formatDuration(sums.widthNano)}</dd>
          <dd>
            {formatDuration(area.from)} – {formatDuration(area.to)}
          </dd>
        </div>
        <div>
          <dt>own time in it</dt>
          <dd>{formatDuration(sums.selfNano)}</dd>
          <dd>{sums.widthNano > 0 ? `${(sums.selfNano / sums.widthNano).toFixed(1)} at once` : ''}</dd>
        </div>
        <div>
          <dt>spans</dt>
          <dd>{sums.spans.toLocaleString('en')}</dd>
          <dd data-error={sums.errors > 0 || undefined}>{sums.errors.toLocaleString('en')} errors</dd>
        </div>
      </dl>
      <h3 className={styles.subtitle}>By service</h3>
      <ul className={styles.sums}>
        {sums.services.map((one) => {
          const name = columns.services[one.service]!.name;
          return <Sum key={name} label={name} service={name} spans={one.spans} nano={one.selfNano} most={most} />;
        })}
      </ul>
      <h3 className={styles.subtitle}>By name</h3>
      <ul className={styles.sums}>
        {sums.names.map((one) => {
          const service = columns.services[one.service]!.name;
          const name = columns.names[one.name]!;
          return (
            <Sum
              key={`${service} ${name}`}
              label={name}
              service={service}
              spans={one.spans}
              nano={one.selfNano}
              most={most}
            />
          );
        })}
      </ul>
    </>
  );
}

function Sum({
  label,
  service,
  spans,
  nano,
  most,
}: {
  readonly label: string;
  readonly service: string;
  readonly spans: number;
  readonly nano: number;
  readonly most: number;
}) {
  return (
    <li title={`${service}: ${label}`}>
      <Swatch service={service} />
      <span className={styles.sumLabel}>{label}</span>
      <span className={styles.quiet}>{spans.toLocaleString('en')}</span>
      <span className={styles.sumNumber}>{formatDuration(nano)}</span>
      <i style={{ width: `${(100 * nano) / most}%`, background: serviceColour(service) }} />
    </li>
  );
}
