import { Link } from '@tanstack/react-router';
import { type RefObject, useDeferredValue, useEffect, useRef, useState } from 'react';
import type { OpenTrace } from '../../client/trace-store.js';
import { formatCount, formatDuration, formatMoment, momentInFull } from '../../model/format.js';
import { isFold } from '../../model/trace/rows.js';
import { Button, CopyButton, IconButton, ServiceName } from '../../parts/controls.js';
import { Icon } from '../../parts/icon.js';
import { useLastSearch } from '../../parts/last-search.js';
import styles from './trace-header.module.css';
import type { TraceState } from './use-trace-state.js';

interface Props {
  readonly trace: OpenTrace;
  readonly state: TraceState;
  readonly findField: RefObject<HTMLInputElement | null>;
}

export function TraceHeader({ trace, state, findField }: Props) {
  const { columns } = trace;
  const { address } = state;
  const lastSearch = useLastSearch();
  const moved = columns.processes
    .filter((process) => process.movedNano !== 0 && process.spans > 0)
    .map(
      ({ service, movedNano }) =>
        `${columns.services[service]!.name} clock moved ${movedNano > 0 ? '+' : '−'}${formatDuration(Math.abs(movedNano))}`,
    );
  return (
    <header className={styles.header}>
      <div className={styles.line}>
        <Link
          to="/"
          search={{
            last: address.last,
            from: address.from,
            to: address.to,
            ...lastSearch.current,
            at: columns.traceId,
          }}
          className={styles.back}
        >
          Traces
        </Link>
        <span className={styles.slash} aria-hidden="true">
          /
        </span>
        <h1 className={styles.title}>
          <ServiceName service={columns.services[columns.service[0]!]!.name} />
          <span>{columns.names[columns.name[0]!]}</span>
        </h1>
        <dl className={styles.facts}>
          <div>
            <dt className="visually-hidden">Duration</dt>
            <dd className={styles.duration}>{formatDuration(columns.durationNano)}</dd>
          </div>
          <div>
            <dd>{columns.count.toLocaleString('en')}</dd>
            <dt>{columns.count === 1 ? 'span' : 'spans'}</dt>
          </div>
          {columns.errors > 0 && (
            <div data-error>
              <dd>{columns.errors.toLocaleString('en')}</dd>
              <dt>{columns.errors === 1 ? 'error' : 'errors'}</dt>
            </div>
          )}
          <div>
            <dt className="visually-hidden">Started</dt>
            <dd title={momentInFull(columns.originUnixNano)}>{formatMoment(columns.originUnixNano).slice(0, 23)}</dd>
          </div>
        </dl>
        <span className={styles.space} />
        <CopyButton text={columns.traceId} label="Copy the trace id">
          <code>{columns.traceId.slice(0, 8)}</code>
        </CopyButton>
        <CopyButton text={() => location.href} label="Copy a link to just this view">
          Share
        </CopyButton>
        <Button onClick={() => void download(trace)} title="Save this trace as JSON">
          <Icon name="download" />
          JSON
        </Button>
      </div>
      <div className={styles.line}>
        <ul className={styles.services} aria-label="Services in this trace">
          {columns.services
            .filter((service) => service.spans > 0)
            .sort((a, b) => b.selfNano - a.selfNano)
            .map((service) => (
              <li
                key={service.name}
                title={`${service.name}: ${service.spans} spans, ${formatDuration(service.selfNano)} of its own${service.errors > 0 ? `, ${service.errors} errors` : ''}`}
              >
                <button
                  type="button"
                  aria-pressed={address.find === `service=${service.name}`}
                  onClick={() =>
                    state.change({
                      find: address.find === `service=${service.name}` ? undefined : `service=${service.name}`,
                    })
                  }
                >
                  <ServiceName service={service.name} />
                  <span className={styles.quiet}>{formatDuration(service.selfNano)}</span>
                </button>
              </li>
            ))}
        </ul>
        {moved.length > 0 && (
          <p
            className={styles.skew}
            title={`${moved.join('\n')}\n\nA child cannot start before its parent: these clocks were moved to fit the calls between the processes. Times of their spans are shown moved.`}
          >
            <Icon name="clock" />
            {moved.length === 1 ? moved[0] : `${moved.length} clocks moved`}
          </p>
        )}
        <span className={styles.space} />
        <Button
          on={address.path !== '0'}
          onClick={() => state.change({ path: address.path === '0' ? undefined : '0' })}
          title="The chain of work that decided how long this took (c)"
        >
          <Icon name="path" />
          Critical path
        </Button>
        <FindField state={state} field={findField} />
      </div>
    </header>
  );
}

async function download(trace: OpenTrace): Promise<void> {
  const url = URL.createObjectURL(new Blob([await trace.raw()], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `trace-${trace.columns.traceId}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Search inside the trace: words or the filter language. */
function FindField({
  state,
  field,
}: {
  readonly state: TraceState;
  readonly field: RefObject<HTMLInputElement | null>;
}) {
  const { address, matches, selected, change, reveal } = state;
  const [text, setText] = useState(address.find ?? '');
  const settled = useDeferredValue(text);
  // What comes back from the address is what was typed a moment ago; only what somebody else wrote there is taken over.
  const written = useRef(address.find ?? '');
  useEffect(() => {
    const find = address.find ?? '';
    if (find === written.current) return;
    written.current = find;
    setText(find);
  }, [address.find]);
  useEffect(() => {
    const timer = setTimeout(() => {
      const find = settled.trim();
      if (find === written.current) return;
      written.current = find;
      change({ find: find === '' ? undefined : find });
    }, 180);
    return () => clearTimeout(timer);
  }, [settled, change]);
  const at = matches === undefined || selected === undefined || isFold(selected) ? -1 : matches.indexOf(selected);
  const go = (by: 1 | -1): void => {
    if (matches === undefined || matches.length === 0) return;
    const from = selected === undefined || isFold(selected) ? -1 : selected;
    const next = by > 0 ? matches.find((span) => span > from) : matches.findLast((span) => span < from);
    reveal(next ?? matches[by > 0 ? 0 : matches.length - 1]!);
  };
  const end = (): void => {
    written.current = '';
    setText('');
    change({ find: undefined, only: undefined });
  };
  return (
    <search className={styles.find}>
      <Icon name="search" />
      <input
        ref={field}
        value={text}
        aria-label="Search inside this trace"
        placeholder="Find in trace"
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') go(event.shiftKey ? -1 : 1);
          else if (event.key === 'Escape') {
            if (text === '') event.currentTarget.blur();
            end();
          } else return;
          event.preventDefault();
        }}
      />
      {address.find !== undefined && matches !== undefined && (
        <>
          <span className={styles.found} role="status">
            {matches.length === 0 ? 'none' : `${at >= 0 ? `${at + 1} of ` : ''}${formatCount(matches.length)}`}
          </span>
          <IconButton icon="up" label="Previous match (N)" onClick={() => go(-1)} disabled={matches.length === 0} />
          <IconButton icon="down" label="Next match (n)" onClick={() => go(1)} disabled={matches.length === 0} />
          <Button
            on={address.only === '1'}
            onClick={() => change({ only: address.only === '1' ? undefined : '1' })}
            title="Show only matches and the way to them"
          >
            only
          </Button>
          <IconButton icon="close" label="End the search" onClick={end} />
        </>
      )}
    </search>
  );
}
