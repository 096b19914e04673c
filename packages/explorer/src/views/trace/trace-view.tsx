import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { RequestFailure } from '../../client/api.js';
import { traceProgressQuery, traceQuery } from '../../client/queries.js';
import { formatBytes } from '../../model/format.js';
import { Button, Notice } from '../../parts/controls.js';
import { Failure } from '../../parts/failure.js';
import { useLastSearch } from '../../parts/last-search.js';
import { TraceScreen } from './trace-screen.js';
import styles from './trace-view.module.css';

export function TraceView() {
  const { traceId } = useParams({ from: '/trace/$traceId' });
  const time = useSearch({ from: '/trace/$traceId' });
  const navigate = useNavigate();
  const query = useQuery(traceQuery(traceId));
  const progress = useQuery(traceProgressQuery(traceId)).data;
  const lastSearch = useLastSearch();
  const toSearch = (): void =>
    void navigate({ to: '/', search: { last: time.last, from: time.from, to: time.to, ...lastSearch.current } });

  if (query.data !== undefined && query.data.columns.count > 0) return <TraceScreen key={traceId} trace={query.data} />;
  if (query.error instanceof RequestFailure && query.error.status === 404) {
    return (
      <Notice
        role="alert"
        title="This trace is not here"
        actions={
          <>
            <Button look="framed" onClick={() => void query.refetch()}>
              Look again
            </Button>
            <Button look="framed" onClick={toSearch}>
              Search traces
            </Button>
          </>
        }
      >
        <p>
          Nothing of <code>{traceId}</code> is kept. It has aged out, or its spans have not arrived yet, or it was sent
          to another collector.
        </p>
      </Notice>
    );
  }
  if (query.error !== null) {
    return (
      <Failure error={query.error} retry={() => void query.refetch()}>
        <Button look="framed" onClick={toSearch}>
          Search traces
        </Button>
      </Failure>
    );
  }
  return (
    <div className={styles.frame} aria-busy="true">
      <p className={styles.reading} role="status">
        Reading trace <code>{traceId.slice(0, 8)}</code>…{progress > 0 && ` ${formatBytes(progress)}`}
        <Button onClick={toSearch}>Stop</Button>
      </p>
    </div>
  );
}
