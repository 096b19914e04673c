import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import { traceLogsQuery } from '../../client/queries.js';
import type { OpenTrace } from '../../client/trace-store.js';
import type { NewClause } from '../../model/filter-clauses.js';
import { withClause } from '../../model/filter-clauses.js';
import { absoluteRange, formatTimeSearch, fromUnixNano, parseTimeSearch } from '../../model/time-range.js';
import { logMarks } from '../../model/trace/log-marks.js';
import { useNow } from '../../parts/now.js';
import { useTheme } from '../../parts/theme.js';
import { canvasColours } from './colours.js';
import { Minimap } from './minimap.js';
import { SidePanel } from './side-panel.js';
import { TraceHeader } from './trace-header.js';
import styles from './trace-view.module.css';
import { useTraceCommands } from './use-trace-commands.js';
import { useTraceState } from './use-trace-state.js';
import { Waterfall } from './waterfall.js';

const AROUND_MS = 30 * 60_000;

export function TraceScreen({ trace }: { readonly trace: OpenTrace }) {
  const { columns } = trace;
  const state = useTraceState(trace);
  const theme = useTheme();
  const navigate = useNavigate();
  const { nowMs } = useNow();
  const findField = useRef<HTMLInputElement>(null);
  const colours = useMemo(
    () =>
      canvasColours(
        theme,
        columns.services.map((service) => service.name),
      ),
    [theme, columns],
  );
  const records = useQuery(traceLogsQuery(columns.traceId, columns.count)).data?.records;
  const logs = useMemo(() => logMarks(columns, records ?? []), [columns, records]);
  useTraceCommands(trace, state, findField);

  // A link may name a span that a fold hides.
  const { selected, rowOf, rows, reveal } = state;
  const revealed = useRef(false);
  useEffect(() => {
    if (revealed.current) return;
    revealed.current = true;
    if (selected !== undefined && selected >= 0 && rows.item[rowOf[selected]!] !== selected) reveal(selected);
  }, [selected, rowOf, rows, reveal]);

  useEffect(() => {
    const root = `${columns.services[columns.service[0]!]!.name} ${columns.names[columns.name[0]!]}`;
    document.title = `${root} · Throughline`;
    return () => {
      document.title = 'Throughline';
    };
  }, [columns]);

  /** To the search, in a time that holds this trace. */
  const search = useCallback(
    (...clauses: NewClause[]): void => {
      const startMs = fromUnixNano(columns.originUnixNano);
      const range = parseTimeSearch(state.address);
      const looked = absoluteRange(range, nowMs);
      const within = startMs >= looked.startMs && startMs <= looked.endMs;
      const time = within
        ? range
        : { kind: 'between' as const, fromMs: startMs - AROUND_MS, toMs: startMs + AROUND_MS };
      void navigate({
        to: '/',
        search: { ...formatTimeSearch(time), q: clauses.reduce((q, clause) => withClause(q, clause), '') },
      });
    },
    [columns, navigate, nowMs, state.address],
  );

  return (
    <div className={styles.screen}>
      <TraceHeader trace={trace} state={state} findField={findField} />
      <Minimap columns={columns} colours={colours} view={state.view} onView={state.setView} />
      <Waterfall columns={columns} colours={colours} logs={logs} state={state} />
      <SidePanel trace={trace} logs={logs} state={state} onSearch={search} />
    </div>
  );
}
