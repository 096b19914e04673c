import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { SpanInFull } from '../../client/trace-messages.js';
import type { OpenTrace } from '../../client/trace-store.js';
import type { NewClause } from '../../model/filter-clauses.js';
import { formatDuration, formatMoment, momentInFull } from '../../model/format.js';
import { endOf, forEachChild, SpanFlag } from '../../model/trace/columns.js';
import type { LogMark } from '../../model/trace/log-marks.js';
import { plainValue } from '../../model/trace/match-span.js';
import { Button, CopyButton, IconButton, ServiceName } from '../../parts/controls.js';
import { AttributeList } from './attribute-list.js';
import { criticalTime } from './bar-tip.js';
import { EventList } from './event-list.js';
import styles from './side-panel.module.css';
import { SpanLogs } from './span-logs.js';
import type { TraceState } from './use-trace-state.js';

interface Props {
  readonly trace: OpenTrace;
  readonly span: number;
  readonly logs: readonly LogMark[];
  readonly state: TraceState;
  readonly onSearch: (...clauses: NewClause[]) => void;
}

export function SpanDetails({ trace, span, logs, state, onSearch }: Props) {
  const { columns } = trace;
  const full = useQuery({
    queryKey: ['span', columns.traceId, columns.spanIds[span], columns.count],
    queryFn: () => trace.detail(span),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 10_000,
    placeholderData: keepPreviousData,
    retry: 1,
  }).data;
  const name = columns.names[columns.name[span]!]!;
  const service = columns.services[columns.service[span]!]!.name;
  const failed = (columns.flags[span]! & SpanFlag.error) !== 0;
  const operation: NewClause[] = [
    { field: 'service', operator: '=', value: service },
    { field: 'name', operator: '=', value: name },
  ];
  return (
    <>
      <div className={styles.head}>
        <ServiceName service={service} />
        <span className={styles.kind}>{full?.span.kind}</span>
        <span className={styles.space} />
        <CopyButton text={() => JSON.stringify(full, null, 2)} label="Copy this span as JSON">
          JSON
        </CopyButton>
        <IconButton icon="close" label="Close the details (Esc)" onClick={() => state.select(undefined)} />
      </div>
      <h2 className={styles.title}>{name}</h2>
      <Times trace={trace} span={span} />
      <Oddities trace={trace} span={span} />
      {failed && <ErrorBox full={full} />}
      <div className={styles.actions}>
        <Button look="framed" onClick={() => onSearch(...operation)}>
          Others like it
        </Button>
        {failed && (
          <Button
            look="framed"
            onClick={() => onSearch(...operation, { field: 'status', operator: '=', value: 'error' })}
          >
            Others that failed
          </Button>
        )}
        <Family trace={trace} span={span} state={state} />
      </div>
      {full !== undefined && <Body trace={trace} span={span} logs={logs} full={full} onSearch={onSearch} />}
    </>
  );
}

function Times({ trace: { columns }, span }: { readonly trace: OpenTrace; readonly span: number }) {
  const duration = columns.duration[span]!;
  const self = columns.self[span]!;
  const critical = (columns.flags[span]! & SpanFlag.critical) !== 0 ? criticalTime(columns, span) : 0;
  const start = BigInt(columns.originUnixNano) + BigInt(Math.round(columns.start[span]!));
  const share = (part: number, whole: number): string => (whole > 0 ? `${Math.round((100 * part) / whole)} %` : '');
  return (
    <dl className={styles.times}>
      <div>
        <dt>duration</dt>
        <dd>{formatDuration(duration)}</dd>
        <dd>{share(duration, columns.durationNano)} of the trace</dd>
      </div>
      <div>
        <dt>its own</dt>
        <dd>{formatDuration(self)}</dd>
        <dd>{share(self, duration)} of it</dd>
      </div>
      <div>
        <dt>critical path</dt>
        <dd>{critical > 0 ? formatDuration(critical) : '–'}</dd>
        <dd>{critical > 0 ? `${share(critical, columns.durationNano)} of the trace` : 'not on it'}</dd>
      </div>
      <div title={momentInFull(start.toString())}>
        <dt>starts at</dt>
        <dd>{formatDuration(columns.start[span]!)}</dd>
        <dd>{formatMoment(start.toString()).slice(11, 23)}</dd>
      </div>
    </dl>
  );
}

/** What about this span is not as it should be, in a sentence each. */
function Oddities({ trace: { columns }, span }: { readonly trace: OpenTrace; readonly span: number }) {
  const flags = columns.flags[span]!;
  const moved = columns.processes[columns.process[span]!]!.movedNano;
  const parent = columns.parent[span]!;
  const sentences: string[] = [];
  if (flags & SpanFlag.orphan)
    sentences.push('Its parent has not arrived: it was lost, not sampled, or is still on its way.');
  if (flags & SpanFlag.ring) sentences.push('Its parents lead back to itself, so it is shown as a root.');
  if (flags & SpanFlag.moved) {
    sentences.push(
      `The clock of this process was ${formatDuration(Math.abs(moved))} ${moved > 0 ? 'behind' : 'ahead'}; its spans are shown moved to fit.`,
    );
  }
  if (flags & SpanFlag.detached && parent >= 0) {
    sentences.push(
      `It started ${formatDuration(columns.start[span]! - endOf(columns, parent))} after its parent had ended.`,
    );
  }
  if (sentences.length === 0) return null;
  return (
    <ul className={styles.oddities}>
      {sentences.map((sentence) => (
        <li key={sentence}>{sentence}</li>
      ))}
    </ul>
  );
}

function ErrorBox({ full }: { readonly full: SpanInFull | undefined }) {
  if (full === undefined) return null;
  const exception = full.span.events.find((event) => event.name === 'exception');
  const type = exception?.attributes['exception.type'];
  const message = full.span.statusMessage || (exception?.attributes['exception.message'] ?? '');
  // Instrumentations that record no exception name the kind of failure in `error.type`, such as an HTTP status.
  const kind = full.span.attributes['error.type'];
  return (
    <div className={styles.error}>
      <strong>
        {type !== undefined ? plainValue(type) : kind !== undefined ? `Failed: ${plainValue(kind)}` : 'Failed'}
      </strong>
      {message !== '' && <p>{plainValue(message)}</p>}
    </div>
  );
}

function Family({
  trace: { columns },
  span,
  state,
}: {
  readonly trace: OpenTrace;
  readonly span: number;
  readonly state: TraceState;
}) {
  const parent = columns.parent[span]!;
  let slowest = -1;
  let children = 0;
  forEachChild(columns, span, (child) => {
    children++;
    if (slowest < 0 || columns.duration[child]! > columns.duration[slowest]!) slowest = child;
  });
  return (
    <>
      {parent >= 0 && (
        <Button look="framed" onClick={() => state.reveal(parent)} title={columns.names[columns.name[parent]!]}>
          Parent
        </Button>
      )}
      {slowest >= 0 && (
        <Button
          look="framed"
          onClick={() => state.reveal(slowest)}
          title={`${columns.names[columns.name[slowest]!]}, of ${children.toLocaleString('en')} children`}
        >
          {children === 1 ? 'Child' : 'Slowest child'}
        </Button>
      )}
    </>
  );
}

function Body({
  trace,
  span,
  logs,
  full,
  onSearch,
}: {
  readonly trace: OpenTrace;
  readonly span: number;
  readonly logs: readonly LogMark[];
  readonly full: SpanInFull;
  readonly onSearch: Props['onSearch'];
}) {
  const { columns } = trace;
  return (
    <>
      <AttributeList title="Attributes" attributes={full.span.attributes} onSearch={onSearch} from="span" open />
      {full.span.events.length > 0 && (
        <EventList
          events={full.span.events}
          spanStartUnixNano={full.span.startUnixNano}
          traceStartNano={columns.start[span]!}
        />
      )}
      {logs.length > 0 && <SpanLogs trace={trace} span={span} logs={logs} />}
      {full.span.links.length > 0 && (
        <details className={styles.section} open>
          <summary>
            Links <span>{full.span.links.length}</span>
          </summary>
          <ul className={styles.links}>
            {full.span.links.map((link) => (
              <li key={`${link.traceId} ${link.spanId}`}>
                <Link
                  to="/trace/$traceId"
                  params={{ traceId: link.traceId }}
                  search={{ span: link.spanId }}
                  className={styles.link}
                >
                  {link.traceId === columns.traceId ? 'In this trace' : 'Trace'} <code>{link.traceId.slice(0, 8)}</code>{' '}
                  span <code>{link.spanId}</code>
                </Link>
                {Object.entries(link.attributes).map(([key, value]) => (
                  <p key={key} className={styles.quiet}>
                    {key} {plainValue(value)}
                  </p>
                ))}
              </li>
            ))}
          </ul>
        </details>
      )}
      <AttributeList title="Resource" attributes={full.resource.attributes} onSearch={onSearch} from="resource" />
      <details className={styles.section}>
        <summary>Ids and scope</summary>
        <dl className={styles.ids}>
          <Id name="span id" value={full.span.spanId} />
          <Id name="parent id" value={full.span.parentSpanId} />
          <Id name="trace id" value={columns.traceId} />
          <Id name="trace state" value={full.span.traceState} />
          <Id name="scope" value={`${full.scope.name} ${full.scope.version}`.trim()} />
        </dl>
      </details>
    </>
  );
}

function Id({ name, value }: { readonly name: string; readonly value: string }) {
  if (value === '') return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <code>{value}</code>
        <CopyButton text={value} label={`Copy the ${name}`} />
      </dd>
    </div>
  );
}
