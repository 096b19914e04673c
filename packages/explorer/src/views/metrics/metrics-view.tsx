import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import { metricsQuery } from '../../client/queries.js';
import type { MetricsAddress } from '../../model/address.js';
import { counted } from '../../model/format.js';
import type { MetricSummary, Status } from '../../model/shapes.js';
import { parseTimeSearch } from '../../model/time-range.js';
import { Button, Notice } from '../../parts/controls.js';
import { Failure } from '../../parts/failure.js';
import { LastWeek } from '../../parts/last-week.js';
import { NothingSent } from '../../parts/nothing-sent.js';
import { useNow } from '../../parts/now.js';
import { TextFilter } from '../../parts/text-filter.js';
import { useFirstArrival } from '../../parts/use-first-arrival.js';
import { MetricItem } from './metric-item.js';
import styles from './metrics-view.module.css';

const countPoints = (status: Status): number => status.metricPoints;
const ROW = 44;

const keyOf = ({ kind, name }: MetricSummary): string => `${kind}:${name}`;

export function MetricsView() {
  const address = useSearch({ from: '/metrics' });
  const navigate = useNavigate({ from: '/metrics' });
  const { nowMs } = useNow();
  const waiting = useFirstArrival(countPoints);
  const scroller = useRef<HTMLDivElement>(null);
  const asked = { range: parseTimeSearch(address), nowMs };
  const query = useQuery(metricsQuery({ q: address.q, service: address.service, ...asked }));
  const metrics = query.data?.metrics ?? [];
  const rows = useVirtualizer({
    count: metrics.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 4,
    getItemKey: (row) => (metrics[row] === undefined ? row : keyOf(metrics[row])),
  });
  const change = (patch: Partial<MetricsAddress>): void =>
    void navigate({ search: (before) => ({ ...before, ...patch }), replace: !('q' in patch || 'service' in patch) });

  if (waiting !== undefined) {
    const { otlpHttp } = waiting.receive;
    return (
      <NothingSent
        title="Send the first metric"
        waitingFor="data point"
        http={otlpHttp}
        steps={[
          {
            say: 'Any OpenTelemetry SDK',
            code: `export OTEL_METRICS_EXPORTER=otlp\nexport OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\nexport OTEL_EXPORTER_OTLP_ENDPOINT=${otlpHttp}`,
          },
          { say: 'One data point by hand, from a shell', code: curl(otlpHttp) },
        ]}
      />
    );
  }
  const filtered = address.q !== undefined || address.service !== undefined;
  return (
    <div className={styles.view}>
      <h1 className="visually-hidden">Metrics</h1>
      <search className={styles.bar}>
        <TextFilter label="Name" placeholder="A part of the name" value={address.q} onChange={(q) => change({ q })} />
        <TextFilter
          label="Service"
          placeholder="All services"
          value={address.service}
          onChange={(service) => change({ service })}
        />
        <p className={styles.note} role="status">
          {query.data === undefined
            ? ''
            : query.data.truncated === true
              ? `${metrics.length.toLocaleString('en')} and more metrics`
              : counted(metrics.length, 'metric')}
        </p>
      </search>
      {query.isError && query.data === undefined ? (
        <Failure error={query.error} retry={() => void query.refetch()} />
      ) : query.isSuccess && metrics.length === 0 ? (
        <Notice
          role="status"
          title={filtered ? 'No metric matches' : 'No metrics in this time'}
          actions={
            <>
              {filtered && (
                <Button look="framed" onClick={() => change({ q: undefined, service: undefined })}>
                  All metrics
                </Button>
              )}
              <LastWeek change={change} />
            </>
          }
        />
      ) : (
        <>
          <div className={styles.head} aria-hidden="true">
            <span>metric</span>
            <span>services</span>
            <span data-right>newest</span>
            <span>over time</span>
          </div>
          <div ref={scroller} className={styles.scroller} data-old={query.isPlaceholderData || undefined}>
            <ol aria-label="Metrics" style={{ height: rows.getTotalSize() }}>
              {rows.getVirtualItems().map((item) => {
                const metric = metrics[item.index]!;
                const key = keyOf(metric);
                return (
                  <MetricItem
                    key={item.key}
                    metric={metric}
                    service={address.service}
                    asked={asked}
                    index={item.index}
                    offset={item.start}
                    measure={rows.measureElement}
                    open={address.open === key}
                    address={address}
                    onChange={change}
                    onOpen={(open) =>
                      change({ open: open ? key : undefined, fn: undefined, by: undefined, compare: undefined })
                    }
                  />
                );
              })}
            </ol>
          </div>
        </>
      )}
    </div>
  );
}

function curl(http: string): string {
  const point = `{"timeUnixNano":"'$(date +%s)'000000000","asDouble":21.5}`;
  return `curl ${http}/v1/metrics -H 'content-type: application/json' -d '{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"my-shell"}}]},"scopeMetrics":[{"metrics":[{"name":"room.temperature","unit":"Cel","gauge":{"dataPoints":[${point}]}}]}]}]}'`;
}
