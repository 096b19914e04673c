import type { LogFilter } from '../../client/api.js';
import type { LogsAddress } from '../../model/address.js';
import { Button, Notice } from '../../parts/controls.js';
import { LastWeek } from '../../parts/last-week.js';

/** Nothing in this time, and the ways out of it. */
export function NoRecords({
  filter,
  change,
}: {
  readonly filter: LogFilter;
  readonly change: (patch: Partial<LogsAddress>) => void;
}) {
  const filtered = Object.values(filter).some((value) => value !== undefined);
  return (
    <Notice
      role="status"
      title={filtered ? 'No log record matches' : 'No log records in this time'}
      actions={
        <>
          {filtered && (
            <Button
              look="framed"
              onClick={() =>
                change({ q: undefined, severity: undefined, service: undefined, trace: undefined, span: undefined })
              }
            >
              All records
            </Button>
          )}
          <LastWeek change={change} />
        </>
      }
    >
      {filter.q !== undefined && <p>Words are whole ones: write time* for everything that begins with it.</p>}
    </Notice>
  );
}
