import { useNavigate, useSearch } from '@tanstack/react-router';
import { formatSelection, type LogsAddress, readSelection } from '../../model/address.js';
import { SEVERITIES } from '../../model/log-record.js';
import type { Status } from '../../model/shapes.js';
import { parseTimeSearch } from '../../model/time-range.js';
import { Button } from '../../parts/controls.js';
import { NothingSent } from '../../parts/nothing-sent.js';
import { useNow } from '../../parts/now.js';
import { TextFilter } from '../../parts/text-filter.js';
import { useFirstArrival } from '../../parts/use-first-arrival.js';
import { LogHistogram } from './log-histogram.js';
import { LogList } from './log-list.js';
import { LogQuery } from './log-query.js';
import { LogTail } from './log-tail.js';
import styles from './logs-view.module.css';
import { PatternList } from './pattern-list.js';

const countRecords = (status: Status): number => status.logRecords;

export function LogsView() {
  const address = useSearch({ from: '/logs' });
  const navigate = useNavigate({ from: '/logs' });
  const { nowMs } = useNow();
  const waiting = useFirstArrival(countRecords);
  const change = (patch: Partial<LogsAddress>): void =>
    void navigate({ search: (before) => ({ ...before, open: undefined, ...patch }), replace: 'open' in patch });
  if (waiting !== undefined) {
    const { otlpHttp } = waiting.receive;
    return (
      <NothingSent
        title="Send the first log record"
        waitingFor="log record"
        http={otlpHttp}
        steps={[
          {
            say: 'Any OpenTelemetry SDK',
            code: `export OTEL_LOGS_EXPORTER=otlp\nexport OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\nexport OTEL_EXPORTER_OTLP_ENDPOINT=${otlpHttp}`,
          },
          { say: 'One record by hand, from a shell', code: curl(otlpHttp) },
        ]}
      />
    );
  }
  const filter = {
    q: address.q,
    severity: address.severity,
    service: address.service,
    trace: address.trace,
    span: address.span,
  };
  const asked = { range: parseTimeSearch(address), nowMs };
  const selection = readSelection(address.sel);
  return (
    <div className={styles.view}>
      <h1 className="visually-hidden">Logs</h1>
      <search className={styles.bar}>
        <LogQuery value={address.q ?? ''} onChange={(q) => change({ q })} />
        <label className={styles.severity}>
          <span>Severity</span>
          <select
            value={address.severity ?? ''}
            onChange={(event) => change({ severity: SEVERITIES.find((severity) => severity === event.target.value) })}
          >
            <option value="">all</option>
            {SEVERITIES.map((severity) => (
              <option key={severity} value={severity}>
                {severity} and above
              </option>
            ))}
          </select>
        </label>
        <TextFilter
          label="Service"
          placeholder="All services"
          value={address.service}
          onChange={(service) => change({ service })}
        />
        {address.trace !== undefined && (
          <Button look="framed" onClick={() => change({ trace: undefined, span: undefined })} title="Of all traces">
            trace {address.trace.slice(0, 8)} ×
          </Button>
        )}
        {address.span !== undefined && (
          <Button look="framed" onClick={() => change({ span: undefined })} title="Of all spans">
            span {address.span} ×
          </Button>
        )}
      </search>
      {address.show !== 'tail' && (
        <LogHistogram
          filter={filter}
          asked={asked}
          selection={selection}
          onSelect={(part) => change({ sel: part && formatSelection(part) })}
        />
      )}
      {/* biome-ignore lint/a11y/useSemanticElements: a set of fields would be announced as a form's */}
      <div role="group" aria-label="What is shown" className={styles.shows}>
        <Button on={address.show === undefined} onClick={() => change({ show: undefined })}>
          Records
        </Button>
        <Button on={address.show === 'patterns'} onClick={() => change({ show: 'patterns' })}>
          Patterns
        </Button>
        <Button
          on={address.show === 'tail'}
          onClick={() => change({ show: 'tail' })}
          title="Records as they are stored"
        >
          Live tail
        </Button>
      </div>
      {address.show === 'tail' ? (
        <LogTail filter={filter} open={address.open} change={change} />
      ) : address.show === 'patterns' ? (
        <PatternList filter={filter} asked={{ ...asked, selection }} change={change} />
      ) : (
        <LogList filter={filter} asked={{ ...asked, selection }} open={address.open} change={change} />
      )}
    </div>
  );
}

function curl(http: string): string {
  const record = `{"timeUnixNano":"'$(date +%s)'000000000","severityNumber":9,"severityText":"INFO","body":{"stringValue":"hello"}}`;
  return `curl ${http}/v1/logs -H 'content-type: application/json' -d '{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"my-shell"}}]},"scopeLogs":[{"logRecords":[${record}]}]}]}'`;
}
