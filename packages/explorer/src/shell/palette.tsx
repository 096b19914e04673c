import { Dialog } from '@base-ui/react/dialog';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useRouterState } from '@tanstack/react-router';
import { type ReactNode, useId, useRef, useState } from 'react';
import { servicesQuery } from '../client/queries.js';
import { withClause } from '../model/filter-clauses.js';
import { formatCount } from '../model/format.js';
import { formatTimeSearch, parseTimeSearch, RELATIVE_RANGES } from '../model/time-range.js';
import { keyLabel, useCommandList } from '../parts/commands.js';
import { Kbd, Swatch } from '../parts/controls.js';
import { useNow } from '../parts/now.js';
import overlay from '../parts/overlay.module.css';
import styles from './palette.module.css';

interface Entry {
  readonly id: string;
  readonly label: string;
  readonly icon?: ReactNode;
  readonly note?: ReactNode;
  readonly run: () => void;
}

interface Props {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}

/** Everything by name: commands, services, time ranges, and a trace by its id. */
export function Palette({ open, onOpenChange }: Props) {
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Backdrop className={overlay.backdrop} />
        <Dialog.Popup className={overlay.dialog} aria-label="Command palette">
          <PaletteBody close={() => onOpenChange(false)} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function PaletteBody({ close }: { readonly close: () => void }) {
  const listId = useId();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const entries = useEntries(text);
  const index = Math.min(at, Math.max(0, entries.length - 1));
  const choose = (entry: Entry | undefined): void => {
    if (entry === undefined) return;
    close();
    // After the dialog has given the focus back, so that a command may take it.
    setTimeout(entry.run, 0);
  };
  const move = (to: number): void => {
    const next = (to + entries.length) % Math.max(1, entries.length);
    setAt(next);
    list.current?.children[next]?.scrollIntoView({ block: 'nearest' });
  };
  return (
    <>
      <input
        className={styles.input}
        placeholder="Go to a service, a trace by its id, a command"
        aria-label="Search commands, services and traces"
        role="combobox"
        aria-expanded="true"
        aria-controls={listId}
        aria-activedescendant={entries.length > 0 ? `${listId}-${index}` : undefined}
        spellCheck={false}
        autoComplete="off"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') move(index + 1);
          else if (event.key === 'ArrowUp') move(index - 1);
          else if (event.key === 'Enter') choose(entries[index]);
          else return;
          event.preventDefault();
        }}
      />
      <div className={styles.list} role="listbox" id={listId} ref={list} aria-label="Results" tabIndex={-1}>
        {entries.map((entry, position) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox above has the keys
          <div
            key={entry.id}
            id={`${listId}-${position}`}
            role="option"
            tabIndex={-1}
            aria-selected={position === index}
            data-highlighted={position === index || undefined}
            className={overlay.item}
            onMouseMove={() => setAt(position)}
            onClick={() => choose(entry)}
          >
            <span className={styles.icon}>{entry.icon}</span>
            <span className={styles.label}>{entry.label}</span>
            <span className={styles.note}>{entry.note}</span>
          </div>
        ))}
        {entries.length === 0 && <p className={styles.none}>Nothing is called that.</p>}
      </div>
    </>
  );
}

function useEntries(text: string): readonly Entry[] {
  const navigate = useNavigate();
  const commands = useCommandList();
  const { nowMs, refresh } = useNow();
  const search = useRouterState({ select: (state) => state.location.search }) as Record<string, string | undefined>;
  const range = parseTimeSearch(search);
  const services = useQuery(servicesQuery({ range, nowMs }));
  const time = { last: search.last, from: search.from, to: search.to };
  const wanted = text.trim().toLowerCase();
  const entries: Entry[] = [];
  const id = /^(?:[0-9a-f]{32}|[0-9a-f]{16})$/.exec(wanted)?.[0];
  if (id !== undefined) {
    const traceId = id.padStart(32, '0');
    entries.push({
      id: 'trace',
      label: `Open trace ${id}`,
      run: () => void navigate({ to: '/trace/$traceId', params: { traceId }, search: time }),
    });
  }
  for (const command of commands) {
    if (command.run === undefined || command.hidden === true || command.local === true) continue;
    entries.push({
      id: `command ${command.id}`,
      label: command.label,
      note: command.keys?.[0] !== undefined && <Kbd>{keyLabel(command.keys[0])}</Kbd>,
      run: command.run,
    });
  }
  for (const service of services.data?.services ?? []) {
    entries.push({
      id: `service ${service.name}`,
      label: service.name,
      icon: <Swatch service={service.name} />,
      note: `${formatCount(service.spans)} ${service.spans === 1 ? 'span' : 'spans'}`,
      run: () =>
        void navigate({
          to: '/',
          search: { ...time, q: withClause('', { field: 'service', operator: '=', value: service.name }) },
        }),
    });
  }
  for (const { last, label } of RELATIVE_RANGES) {
    entries.push({
      id: `last ${last}`,
      label,
      note: 'time range',
      run: () => {
        refresh();
        void navigate({ to: '/', search: { q: search.q, ...formatTimeSearch({ kind: 'last', last }) } });
      },
    });
  }
  if (wanted !== '' && id === undefined) {
    entries.push({
      id: 'find',
      label: `Search for spans named “${text.trim()}”`,
      run: () =>
        void navigate({
          to: '/',
          search: { ...time, q: withClause('', { field: 'text', operator: 'contains', value: text.trim() }) },
        }),
    });
  }
  if (wanted === '') return entries;
  const words = wanted.split(/\s+/);
  return entries
    .filter(
      (entry) =>
        entry.id === 'trace' || entry.id === 'find' || words.every((word) => entry.label.toLowerCase().includes(word)),
    )
    .slice(0, 50);
}
