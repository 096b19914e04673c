import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useMemo, useRef } from 'react';
import { type Asked, metricAttributesQuery, metricExemplarsQuery, metricQueryQuery } from '../../client/queries.js';
import type { MetricsAddress } from '../../model/address.js';
import { formatClock } from '../../model/format.js';
import {
  askedFunction,
  chosenFunction,
  formatFunction,
  functionsOf,
  functionWord,
  showsMeasurements,
} from '../../model/metric-function.js';
import type { MetricSummary } from '../../model/shapes.js';
import { absoluteRange, fromUnixNano } from '../../model/time-range.js';
import { Button, IconButton, Swatch } from '../../parts/controls.js';
import { useTheme } from '../../parts/theme.js';
import { type PlotLine, useLinePlot } from '../../parts/use-line-plot.js';
import { useSize } from '../../parts/use-size.js';
import styles from './metrics-view.module.css';

interface Props {
  readonly metric: MetricSummary;
  readonly service: string | undefined;
  readonly asked: Omit<Asked, 'q'>;
  readonly address: MetricsAddress;
  readonly asTable: boolean;
  readonly onTable: (asTable: boolean) => void;
  readonly onChange: (patch: Partial<MetricsAddress>) => void;
}

const BUCKETS = 120;
const HEIGHT = 200;
const TOP = 10;
const BY_SERVICE = 'service.name';

/** One metric, large: by a function, grouped by attributes, with its exemplars and, if wanted, the period before. */
export function MetricExplorer({ metric, service, asked, address, asTable, onTable, onChange }: Props) {
  const { name, kind } = metric;
  const navigate = useNavigate();
  const theme = useTheme();
  const area = useRef<HTMLDivElement>(null);
  const { width } = useSize(area);
  const { startMs, endMs } = absoluteRange(asked.range, asked.nowMs);
  const chosen = chosenFunction(address.fn, metric);
  const by =
    address.by === undefined ? [BY_SERVICE] : address.by.split(',').filter((key) => key !== '' && key !== 'none');
  const where = service === undefined ? undefined : `${BY_SERVICE}=${service}`;
  const question = { name, kind, ...askedFunction(chosen), by, where, top: TOP };
  const now = useQuery(metricQueryQuery(question, { ...asked, buckets: BUCKETS, before: false }));
  const before = useQuery({
    ...metricQueryQuery(question, { ...asked, buckets: BUCKETS, before: true }),
    enabled: address.compare === '1',
  });
  const attributes = useQuery(metricAttributesQuery({ name, kind }, asked));
  const withDots = showsMeasurements(chosen, metric);
  const exemplars = useQuery({ ...metricExemplarsQuery({ name, kind, where }, asked), enabled: withDots });
  const answer = now.data;
  const earlier = address.compare === '1' ? before.data : undefined;
  const lines: readonly PlotLine[] = useMemo(() => {
    const lineOf = (labels: Readonly<Record<string, string>>) =>
      Object.values(labels)
        .map((value) => value || '(none)')
        .join(', ') || name;
    const own = (answer?.series ?? []).map(({ labels, values }) => ({ name: lineOf(labels), values }));
    const old = (earlier?.series ?? [])
      .filter(({ labels }) => own.some((line) => line.name === lineOf(labels)))
      .map(({ labels, values }) => ({
        name: `${lineOf(labels)}, before`,
        colourOf: lineOf(labels),
        dashed: true,
        values,
      }));
    return [...own, ...old];
  }, [answer, earlier, name]);
  const dots = useMemo(
    () =>
      withDots
        ? (exemplars.data?.exemplars ?? []).map(({ timeUnixNano, value, traceId, spanId }) => ({
            ms: fromUnixNano(timeUnixNano),
            value,
            key: `${traceId}/${spanId}`,
          }))
        : [],
    [exemplars.data, withDots],
  );
  const firstMs = answer === undefined ? startMs : fromUnixNano(answer.startUnixNano);
  const stepMs = (answer?.stepNano ?? 1e9) / 1e6;
  const format = (value: number | null): string => formatFunction(value, chosen, metric);
  const open = (traceId: string, spanId: string): void =>
    void navigate({ to: '/trace/$traceId', params: { traceId }, search: spanId === '' ? {} : { span: spanId } });
  const host = useLinePlot({
    lines: asTable ? [] : lines,
    firstMs,
    stepMs,
    startMs,
    endMs,
    width,
    height: HEIGHT,
    theme,
    axes: true,
    format,
    answer: lines,
    dots,
    onDot: (key) => open(...(key.split('/') as [string, string])),
  });
  const keys = (attributes.data?.attributes ?? []).map(({ key }) => key).filter((key) => !by.includes(key));
  const choose = (keysNow: readonly string[]): void =>
    onChange({
      by:
        keysNow.length === 0
          ? 'none'
          : keysNow.length === 1 && keysNow[0] === BY_SERVICE
            ? undefined
            : keysNow.join(','),
    });
  const own = lines.filter((line) => line.dashed !== true);
  const filled = Array.from(
    { length: Math.max(0, ...lines.map(({ values }) => values.length)) },
    (_, index) => index,
  ).filter((index) => lines.some(({ values }) => values[index] != null));
  return (
    <>
      <div className={styles.choices}>
        <label>
          Show{' '}
          <select aria-label="Function" value={chosen} onChange={(event) => onChange({ fn: event.target.value })}>
            {functionsOf(metric).map((one) => (
              <option key={one} value={one}>
                {functionWord(one)}
              </option>
            ))}
          </select>
        </label>
        <span className={styles.groups}>
          by{' '}
          {by.map((key) => (
            <Button
              key={key}
              look="framed"
              title={`No longer by ${key}`}
              onClick={() => choose(by.filter((one) => one !== key))}
            >
              {key} ×
            </Button>
          ))}
          <select
            aria-label="Group by another attribute"
            value=""
            onChange={(event) => event.target.value !== '' && choose([...by, event.target.value])}
          >
            <option value="">{by.length === 0 ? 'nothing' : 'and …'}</option>
            {keys.map((key) => (
              <option key={key} value={key}>
                {key}
              </option>
            ))}
          </select>
        </span>
        <Button
          on={address.compare === '1'}
          onClick={() => onChange({ compare: address.compare === '1' ? undefined : '1' })}
        >
          Period before
        </Button>
        <span className={styles.note} role="status">
          {now.isError
            ? now.error.message
            : answer !== undefined && answer.groups > answer.series.length
              ? `the ${answer.series.length} greatest of ${answer.groups.toLocaleString('en')}`
              : ''}
        </span>
        <IconButton icon="table" label="Show as a table" on={asTable} onClick={() => onTable(!asTable)} />
      </div>
      {asTable ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by key
        <section className={styles.table} tabIndex={0} aria-label={`${name} over time, as a table`}>
          <table>
            <thead>
              <tr>
                <th scope="col">From</th>
                {lines.map((line) => (
                  <th key={line.name} scope="col">
                    {line.name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {filled.map((index) => (
                <tr key={index}>
                  <th scope="row">{formatClock(new Date(firstMs + index * stepMs))}</th>
                  {lines.map((line) => (
                    <td key={line.name}>{format(line.values[index] ?? null)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ) : (
        <div ref={area} className={styles.large} data-old={now.isPlaceholderData || undefined}>
          <div
            ref={host}
            role="img"
            aria-label={`${name}, ${functionWord(chosen)}: ${own.map((line) => `${line.name} last ${format(lastOf(line.values))}`).join(', ')}`}
          />
          <p className={styles.legend}>
            {own.map((line) => (
              <span key={line.name}>
                <Swatch service={line.name} /> {line.name}
              </span>
            ))}
            {answer !== undefined && own.length === 0 && <em>Nothing in this time.</em>}
            {earlier !== undefined && <em>dashed: the period before</em>}
          </p>
        </div>
      )}
      {dots.length > 0 && (
        <p className={styles.exemplars}>
          Measured in traces:{' '}
          {[...(exemplars.data?.exemplars ?? [])]
            .sort((a, b) => b.value - a.value)
            .slice(0, 5)
            .map(({ timeUnixNano, value, traceId, spanId }) => (
              <Button
                key={`${traceId}${timeUnixNano}`}
                look="framed"
                title={`Open the trace ${traceId}`}
                onClick={() => open(traceId, spanId)}
              >
                {format(value)}
              </Button>
            ))}
        </p>
      )}
    </>
  );
}

const lastOf = (values: readonly (number | null)[]): number | null =>
  values.findLast((value) => value !== null) ?? null;
