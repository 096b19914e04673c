import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useMemo, useState } from 'react';
import type { SqlAddress } from '../../model/address.js';
import { formatBytes, formatCount } from '../../model/format.js';
import { readHistory, remember } from '../../model/sql-history.js';
import { chartOf, toCsv, toJson } from '../../model/sql-result.js';
import { absoluteRange, parseTimeSearch } from '../../model/time-range.js';
import { Button, CopyButton, Kbd, Notice } from '../../parts/controls.js';
import { Failure } from '../../parts/failure.js';
import { useNow } from '../../parts/now.js';
import { SqlChart } from './sql-chart.js';
import { SqlEditor } from './sql-editor.js';
import { SqlTable } from './sql-table.js';
import styles from './sql-view.module.css';
import { type SqlRun, useSqlRun } from './use-sql-run.js';

/** Something to begin with: each says one thing that the other views do not. */
const EXAMPLES: readonly { readonly say: string; readonly sql: string }[] = [
  {
    say: 'Log records a minute, by service',
    sql: 'SELECT toStartOfMinute(Timestamp) AS minute, ServiceName, count() AS records\nFROM otel_logs\nWHERE Timestamp >= {start:DateTime64(9)} AND Timestamp < {end:DateTime64(9)}\nGROUP BY minute, ServiceName\nORDER BY minute',
  },
  {
    say: 'Slowest operations',
    sql: 'SELECT ServiceName, SpanName, count() AS spans, round(quantile(0.95)(Duration) / 1e6, 1) AS p95_ms\nFROM otel_traces\nWHERE Timestamp >= {start:DateTime64(9)}\nGROUP BY ServiceName, SpanName\nORDER BY p95_ms DESC\nLIMIT 50',
  },
  {
    say: 'Errors with their traces',
    sql: 'SELECT Timestamp, ServiceName, Body, TraceId\nFROM otel_logs\nWHERE SeverityNumber >= 17 AND Timestamp >= {start:DateTime64(9)}\nORDER BY Timestamp DESC\nLIMIT 100',
  },
];

/** One statement over everything that is kept, within limits. It runs when it is asked to, and when a link with it is opened. */
export function SqlView() {
  const address = useSearch({ from: '/sql' });
  const navigate = useNavigate({ from: '/sql' });
  const { nowMs } = useNow();
  const [text, setText] = useState(address.q ?? EXAMPLES[0]!.sql);
  const [run, setRun] = useState<SqlRun>();
  const [again, setAgain] = useState(0);
  const [history, setHistory] = useState(() => readHistory(localStorage));
  const state = useSqlRun(run);
  const change = (patch: Partial<SqlAddress>): void => void navigate({ search: (before) => ({ ...before, ...patch }) });
  const start = (): void => {
    const sql = text.trim();
    if (sql === '') return;
    setHistory(remember(localStorage, sql));
    if (sql === address.q) setAgain(again + 1);
    else change({ q: sql });
  };
  // Run, a link, the way back, another time and "refresh" all mean: what stands in the address is run.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the address as it stands, and each wish to run it again
  useEffect(() => {
    if (address.q === undefined) return;
    setText(address.q);
    setRun({ sql: address.q, range: absoluteRange(parseTimeSearch(address), Date.now()) });
  }, [address.q, address.last, address.from, address.to, nowMs, again]);

  const { answer, failure, running, progress } = state;
  const chart = useMemo(() => (answer === undefined ? undefined : chartOf(answer)), [answer]);
  const asChart = address.show === 'chart' && chart !== undefined;
  return (
    <div className={styles.view}>
      <h1 className="visually-hidden">SQL</h1>
      <SqlEditor value={text} onChange={setText} onRun={start} />
      <div className={styles.bar}>
        {running ? (
          <Button look="framed" onClick={() => setRun(undefined)}>
            Stop
          </Button>
        ) : (
          <Button look="main" onClick={start}>
            Run <Kbd>Ctrl Enter</Kbd>
          </Button>
        )}
        <label className={styles.earlier}>
          <span className="visually-hidden">Earlier statements</span>
          <select
            value=""
            onChange={(event) => {
              setText(event.target.value);
            }}
          >
            <option value="" disabled>
              Earlier statements
            </option>
            {history.length > 0 && (
              <optgroup label="Run in this browser">
                {history.map((sql) => (
                  <option key={sql} value={sql}>
                    {sql.replace(/\s+/g, ' ').slice(0, 90)}
                  </option>
                ))}
              </optgroup>
            )}
            <optgroup label="Examples">
              {EXAMPLES.map(({ say, sql }) => (
                <option key={say} value={sql}>
                  {say}
                </option>
              ))}
            </optgroup>
          </select>
        </label>
        <p className={styles.said} role="status">
          {running
            ? progress === undefined
              ? 'Running …'
              : `${formatCount(progress.rowsRead)} of some ${formatCount(Math.max(progress.totalRows, progress.rowsRead))} rows read, ${formatBytes(progress.memoryBytes)} of memory`
            : answer !== undefined && failure === undefined
              ? `${answer.truncated ? 'The first ' : ''}${answer.rows.length.toLocaleString('en')} rows in ${Math.round(answer.stats.elapsedMs)} ms, ${formatCount(answer.stats.rowsRead)} read (${formatBytes(answer.stats.bytesRead)})`
              : ''}
        </p>
        {answer !== undefined && (
          <div className={styles.tools}>
            {/* biome-ignore lint/a11y/useSemanticElements: a set of fields would be announced as a form's */}
            <div role="group" aria-label="Show the result as">
              <Button on={!asChart} onClick={() => change({ show: undefined })}>
                Table
              </Button>
              <Button
                on={asChart}
                disabled={chart === undefined}
                title={
                  chart === undefined
                    ? 'There is no column of numbers to draw'
                    : 'Numbers over the first time, or beside each other'
                }
                onClick={() => change({ show: 'chart' })}
              >
                Chart
              </Button>
            </div>
            <CopyButton text={() => toCsv(answer)} label="Copy the result as">
              CSV
            </CopyButton>
            <CopyButton text={() => toJson(answer)} label="Copy the result as">
              JSON
            </CopyButton>
          </div>
        )}
      </div>
      {running && (
        <progress
          className={styles.progress}
          aria-label="Rows read"
          max={progress === undefined || progress.totalRows === 0 ? undefined : progress.totalRows}
          value={progress === undefined || progress.totalRows === 0 ? undefined : progress.rowsRead}
        />
      )}
      {failure !== undefined ? (
        <Failure error={failure} retry={start} />
      ) : answer === undefined ? (
        <Notice title="One SELECT over everything that is kept">
          <p>
            In ClickHouse’s SQL. The tables are otel_traces, otel_logs and otel_metrics_…; {'{start:DateTime64(9)}'} and{' '}
            {'{end:DateTime64(9)}'} stand for the time chosen above. The link in the bar shares the statement.
          </p>
        </Notice>
      ) : asChart ? (
        <SqlChart chart={chart} />
      ) : answer.rows.length === 0 ? (
        <Notice role="status" title="No rows" />
      ) : (
        <SqlTable answer={answer} />
      )}
    </div>
  );
}
