import { useState } from 'react';
import type { LogFilter } from '../../client/api.js';
import type { LogsAddress } from '../../model/address.js';
import { useCommands } from '../../parts/commands.js';
import { Button, Notice } from '../../parts/controls.js';
import { Failure } from '../../parts/failure.js';
import { Icon } from '../../parts/icon.js';
import styles from './logs-view.module.css';
import { RecordRows } from './record-rows.js';
import { useLogTail } from './use-log-tail.js';

interface Props {
  readonly filter: LogFilter;
  readonly open: string | undefined;
  readonly change: (patch: Partial<LogsAddress>) => void;
}

/** Records as they are stored, the newest on top. Who scrolls away from the top pauses it: nothing moves under the hand. */
export function LogTail({ filter, open, change }: Props) {
  const { state, begun, failure, paused, setPaused } = useLogTail(filter);
  const [away, setAway] = useState(false);
  const toggle = (): void => setPaused(!paused);
  useCommands([
    {
      id: 'tail-pause',
      group: 'Logs',
      label: paused ? 'Go on with the tail' : 'Pause the tail',
      keys: ['p'],
      run: toggle,
    },
  ]);
  if (failure?.status === 400) return <Failure error={failure} />;
  const waits = paused || away;
  return (
    <>
      <div className={styles.tailBar}>
        <Button look="framed" on={paused} onClick={toggle} title={`${paused ? 'Go on' : 'Pause'} (p)`}>
          <Icon name={paused ? 'live' : 'pause'} />
          {paused ? 'Go on' : 'Pause'}
        </Button>
        <p role="status">
          {failure !== undefined
            ? `${failure.message} What comes meanwhile is shown when it answers again.`
            : !begun
              ? 'Looking for the newest records …'
              : waits
                ? `Paused${state.held.length > 0 ? `, ${state.held.length.toLocaleString('en')} more have come` : ''}`
                : 'Following what is stored'}
        </p>
        {state.leftOut > 0 && (
          <p className={styles.leftOut}>
            {state.leftOut.toLocaleString('en')} came too quickly to be shown; a search finds them, or a filter makes
            them fewer
          </p>
        )}
      </div>
      {begun && state.shown.length === 0 ? (
        <Notice role="status" title="No record matches so far">
          <p>The next one that is stored appears here.</p>
        </Notice>
      ) : (
        <RecordRows
          label="Log records, as they are stored"
          records={state.shown}
          open={open}
          change={change}
          onScroll={(top) => {
            const isAway = top > 96;
            if (isAway === away) return;
            setAway(isAway);
            setPaused(isAway);
          }}
        />
      )}
    </>
  );
}
