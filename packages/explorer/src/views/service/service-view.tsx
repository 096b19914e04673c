import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import {
  metricsQuery,
  operationsQuery,
  redQuery,
  serviceErrorsQuery,
  servicesQuery,
  versionsQuery,
} from '../../client/queries.js';
import type { ServiceAddress } from '../../model/address.js';
import { formatCount, formatDuration, formatShare } from '../../model/format.js';
import { isRuntimeMetric, redStepMs, versionMarks } from '../../model/service-marks.js';
import { absoluteRange, parseTimeSearch, timeOf } from '../../model/time-range.js';
import { Button, Notice, ServiceName } from '../../parts/controls.js';
import { Failure } from '../../parts/failure.js';
import { LastWeek } from '../../parts/last-week.js';
import { useNow } from '../../parts/now.js';
import { ErrorList } from './error-list.js';
import { RedCharts } from './red-charts.js';
import { RuntimeMetric } from './runtime-metric.js';
import styles from './service-view.module.css';

/** Those with the most spans; the rest is shown on request. */
const OPERATIONS_SHOWN = 30;

/** One service: how much it does, how much of it fails, how long it takes; what went wrong, and what it runs on. */
export function ServiceView() {
  const { service } = useParams({ from: '/service/$service' });
  const address = useSearch({ from: '/service/$service' });
  const navigate = useNavigate({ from: '/service/$service' });
  const { nowMs } = useNow();
  const range = parseTimeSearch(address);
  const asked = { range, nowMs };
  const { startMs, endMs } = absoluteRange(range, nowMs);
  const stepMs = redStepMs(endMs - startMs);
  const red = useQuery(redQuery(service, { ...asked, stepMs, before: false }));
  const before = useQuery({
    ...redQuery(service, { ...asked, stepMs, before: true }),
    enabled: address.compare === '1',
  });
  const services = useQuery(servicesQuery(asked));
  const operations = useQuery(operationsQuery(service, asked));
  const [wantsAll, setWantsAll] = useState(false);
  const all = operations.data?.operations ?? [];
  const shown = wantsAll ? all : all.slice(0, OPERATIONS_SHOWN);
  const errors = useQuery(serviceErrorsQuery(service, asked));
  const versions = useQuery(versionsQuery(service, asked));
  const metrics = useQuery(metricsQuery({ q: undefined, service, ...asked }));
  const change = (patch: Partial<ServiceAddress>): void =>
    void navigate({ search: (last) => ({ ...last, ...patch }), replace: true });

  if (red.isError && red.data === undefined) return <Failure error={red.error} retry={() => void red.refetch()} />;
  const sum = (values: readonly number[] = []): number => values.reduce((all, each) => all + each, 0);
  const spans = sum(red.data?.count);
  const failed = sum(red.data?.errors);
  const own = services.data?.services.find(({ name }) => name === service);
  const seconds = (endMs - startMs) / 1_000;
  const runtime = (metrics.data?.metrics ?? []).filter(({ name }) => isRuntimeMetric(name));
  const time = timeOf(address);
  return (
    <div className={styles.view}>
      <header className={styles.head}>
        <h1>
          <ServiceName service={service} />
        </h1>
        <dl className={styles.numbers} aria-label="In this time">
          <div>
            <dt>requests</dt>
            <dd>{formatCount(spans)}</dd>
          </div>
          <div>
            <dt>a second</dt>
            <dd>{formatCount(Number((spans / seconds).toPrecision(3)))}</dd>
          </div>
          <div data-errors={failed > 0 || undefined}>
            <dt>failed</dt>
            <dd>
              {formatCount(failed)} ({formatShare(failed / Math.max(1, spans))})
            </dd>
          </div>
          {(['p50', 'p95', 'p99'] as const).map((share) => (
            <div key={share}>
              <dt>{share}</dt>
              <dd>{own === undefined || own[share] === 0 ? '–' : formatDuration(own[share])}</dd>
            </div>
          ))}
        </dl>
        <Button
          on={address.compare === '1'}
          onClick={() => change({ compare: address.compare === '1' ? undefined : '1' })}
        >
          Period before
        </Button>
        <Link to="/" search={{ ...time, q: `service=${JSON.stringify(service)}` }}>
          Its traces
        </Link>
        <Link to="/logs" search={{ ...time, service }}>
          Its logs
        </Link>
        <Link to="/metrics" search={{ ...time, service }}>
          Its metrics
        </Link>
      </header>
      <div className={styles.scroller}>
        {red.data !== undefined && spans === 0 ? (
          <Notice
            role="status"
            title={`Nothing entered ${service} in this time`}
            actions={<LastWeek change={change} />}
          />
        ) : (
          <RedCharts
            red={red.data}
            before={address.compare === '1' ? before.data : undefined}
            marks={versions.data === undefined ? [] : versionMarks(versions.data)}
            service={service}
            startMs={startMs}
            endMs={endMs}
          />
        )}
        <div className={styles.columns}>
          <section aria-label="Errors">
            <h2>Errors, the newest first</h2>
            <ErrorList errors={errors.data?.errors} time={time} />
          </section>
          <section aria-label="Operations">
            <h2>Operations</h2>
            <table className={styles.operations}>
              <thead>
                <tr>
                  <th scope="col">name</th>
                  <th scope="col">spans</th>
                  <th scope="col">p50</th>
                  <th scope="col">p95</th>
                  <th scope="col">failed</th>
                </tr>
              </thead>
              <tbody>
                {shown.map((operation) => (
                  <tr key={`${operation.kind} ${operation.name}`}>
                    <th scope="row">
                      <Link
                        to="/"
                        search={{
                          ...time,
                          q: `service=${JSON.stringify(service)} name=${JSON.stringify(operation.name)}`,
                        }}
                      >
                        {operation.name}
                      </Link>{' '}
                      <span>{operation.kind}</span>
                    </th>
                    <td>{formatCount(operation.spans)}</td>
                    <td>{formatDuration(operation.p50)}</td>
                    <td>{formatDuration(operation.p95)}</td>
                    <td data-errors={operation.errors > 0 || undefined}>
                      {formatShare(operation.errors / Math.max(1, operation.spans))}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
            {shown.length < all.length && (
              <Button onClick={() => setWantsAll(true)}>Show {all.length - shown.length} more</Button>
            )}
          </section>
        </div>
        {runtime.length > 0 && (
          <section aria-label="Runtime">
            <h2>What it runs on</h2>
            <ul className={styles.runtime}>
              {runtime.map((metric) => (
                <RuntimeMetric key={`${metric.kind}:${metric.name}`} metric={metric} service={service} asked={asked} />
              ))}
            </ul>
          </section>
        )}
      </div>
    </div>
  );
}
