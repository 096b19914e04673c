import { useEffect, useId, useRef, useState } from 'react';
import { parseLogFilter } from '../../model/shapes.js';
import { useCommands } from '../../parts/commands.js';
import styles from './logs-view.module.css';

/** The filter of log records as text. What does not read is not asked, and says why and where. */
export function LogQuery({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (q: string | undefined) => void;
}) {
  const [typed, setTyped] = useState(value);
  const input = useRef<HTMLInputElement>(null);
  const problemId = useId();
  useEffect(() => setTyped(value), [value]);
  const parsed = parseLogFilter(typed);
  useCommands([
    { id: 'log-query', group: 'Logs', label: 'Filter log records', keys: ['/'], run: () => input.current?.focus() },
  ]);
  const enter = (): void => {
    const text = typed.trim();
    if (!parsed.ok) input.current?.setSelectionRange(parsed.position, typed.length);
    else if (text !== value) onChange(text === '' ? undefined : text);
  };
  return (
    <>
      <div className={styles.query}>
        <input
          ref={input}
          aria-label="Filter log records"
          aria-describedby={problemId}
          aria-invalid={!parsed.ok || undefined}
          placeholder={'words  "a phrase"  severity>=warn  http.route=/pay  or  not  ( )'}
          spellCheck={false}
          autoComplete="off"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          onBlur={() => parsed.ok && enter()}
          onKeyDown={(event) => {
            if (event.key === 'Enter') enter();
            else if (event.key === 'Escape') {
              setTyped(value);
              event.currentTarget.blur();
            }
          }}
        />
      </div>
      <p id={problemId} className={parsed.ok ? 'visually-hidden' : styles.problem} role="status">
        {parsed.ok ? '' : parsed.message}
      </p>
    </>
  );
}
