import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type MouseEvent, useState } from 'react';
import { type Asked, operationsQuery, servicesQuery } from '../../client/queries.js';
import { hasClause, type NewClause, serviceOf } from '../../model/filter-clauses.js';
import { formatCount, formatDuration, formatShare } from '../../model/format.js';
import { formatTimeSearch } from '../../model/time-range.js';
import { ServiceName } from '../../parts/controls.js';
import styles from './services-rail.module.css';

interface Props {
  readonly asked: Asked;
  readonly onFilter: (clause: NewClause, how: 'toggle' | 'add') => void;
}

/** Who sent something in this time, and how they do; each a filter away. With Alt: all but this one. */
export function ServicesRail({ asked, onFilter }: Props) {
  const services = useQuery(servicesQuery(asked));
  const chosen = serviceOf(asked.q);
  const [wanted, setWanted] = useState('');
  const all = services.data?.services ?? [];
  const words = wanted.trim().toLowerCase();
  const found = all.filter((service) => service.name.toLowerCase().includes(words));
  const rows = found.filter((service, index) => index < SERVICES_SHOWN || service.name === chosen);
  const toggle = (event: MouseEvent, field: 'service' | 'name', value: string): void =>
    onFilter({ field, operator: event.altKey ? '!=' : '=', value }, 'toggle');
  return (
    <aside className={styles.rail} aria-label="Services">
      <div className={styles.head}>
        <h2>Services</h2>
        <span>spans</span>
        <span title="Of the spans with which a service is entered: those of servers and consumers, and roots">p95</span>
        <span>errors</span>
      </div>
      {all.length >= FILTER_FROM && (
        <input
          className={styles.filter}
          placeholder={`Filter ${all.length.toLocaleString('en')} services`}
          aria-label="Filter services"
          value={wanted}
          spellCheck={false}
          onChange={(event) => setWanted(event.target.value)}
          onKeyDown={(event) => event.key === 'Escape' && setWanted('')}
        />
      )}
      <ul className={styles.list} data-old={services.isPlaceholderData || undefined}>
        {rows.map((service) => (
          <li key={service.name}>
            <button
              type="button"
              className={styles.row}
              aria-pressed={chosen === service.name}
              title={`${service.name}: ${service.spans.toLocaleString('en')} spans, p50 ${formatDuration(service.p50)}, p95 ${formatDuration(service.p95)}, p99 ${formatDuration(service.p99)} of those it is entered by. Click to filter, Alt and click to leave out.`}
              onClick={(event) => toggle(event, 'service', service.name)}
            >
              <ServiceName service={service.name} />
              <span className={styles.number}>{formatCount(service.spans)}</span>
              <span className={styles.number}>{service.p95 > 0 ? formatDuration(service.p95) : '–'}</span>
              <span className={styles.number} data-errors={service.errors > 0 || undefined}>
                {formatShare(service.errors / Math.max(1, service.spans))}
              </span>
            </button>
            {chosen === service.name && <Operations service={service.name} asked={asked} onToggle={toggle} />}
          </li>
        ))}
        {services.isSuccess && rows.length === 0 && (
          <li className={styles.none}>{words === '' ? 'None in this time.' : `None with “${wanted.trim()}”.`}</li>
        )}
        {found.length > rows.length && (
          <li className={styles.none}>and {(found.length - rows.length).toLocaleString('en')} less busy ones</li>
        )}
      </ul>
    </aside>
  );
}

const SHOWN = 30;
const SERVICES_SHOWN = 200;
const FILTER_FROM = 20;

function Operations({
  service,
  asked,
  onToggle,
}: {
  readonly service: string;
  readonly asked: Asked;
  readonly onToggle: (event: MouseEvent, field: 'name', value: string) => void;
}) {
  const operations = useQuery(operationsQuery(service, asked));
  const rows = operations.data?.operations ?? [];
  return (
    <ul className={styles.operations} aria-label={`Operations of ${service}`}>
      <li>
        <Link
          to="/service/$service"
          params={{ service }}
          search={formatTimeSearch(asked.range)}
          className={styles.page}
        >
          Rate, errors, duration of {service}
        </Link>
      </li>
      {rows.slice(0, SHOWN).map((operation) => (
        <li key={`${operation.kind} ${operation.name}`}>
          <button
            type="button"
            className={styles.row}
            aria-pressed={hasClause(asked.q, { field: 'name', operator: '=', value: operation.name })}
            title={`${operation.name} (${operation.kind}): ${operation.spans.toLocaleString('en')} spans, p95 ${formatDuration(operation.p95)}, ${operation.errors.toLocaleString('en')} errors`}
            onClick={(event) => onToggle(event, 'name', operation.name)}
          >
            <span className={styles.name}>{operation.name}</span>
            <span className={styles.number}>{formatCount(operation.spans)}</span>
            <span className={styles.number}>{formatDuration(operation.p95)}</span>
            <span className={styles.number} data-errors={operation.errors > 0 || undefined}>
              {formatShare(operation.errors / Math.max(1, operation.spans))}
            </span>
          </button>
        </li>
      ))}
      {rows.length > SHOWN && (
        <li className={styles.none}>and {rows.length - SHOWN} more: write name= in the filter</li>
      )}
    </ul>
  );
}
