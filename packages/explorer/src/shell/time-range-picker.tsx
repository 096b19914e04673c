import { Popover } from '@base-ui/react/popover';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { formatClock, formatDay } from '../model/format.js';
import {
  absoluteRange,
  formatTimeSearch,
  lastLabel,
  lastMs,
  parseMoment,
  parseTimeSearch,
  RELATIVE_RANGES,
  type TimeRange,
} from '../model/time-range.js';
import { Button } from '../parts/controls.js';
import { Icon } from '../parts/icon.js';
import { useNow } from '../parts/now.js';
import overlay from '../parts/overlay.module.css';
import styles from './time-range-picker.module.css';

const shown = (ms: number): string => `${formatDay(new Date(ms))} ${formatClock(new Date(ms))}`;

function labelOf(range: TimeRange): string {
  if (range.kind === 'last') {
    return RELATIVE_RANGES.find((one) => one.last === range.last)?.label ?? lastLabel(range.last);
  }
  const sameDay = formatDay(new Date(range.fromMs)) === formatDay(new Date(range.toMs));
  return `${shown(range.fromMs)} – ${sameDay ? formatClock(new Date(range.toMs)) : shown(range.toMs)}`;
}

export function TimeRangePicker() {
  const navigate = useNavigate();
  const range = parseTimeSearch(useSearch({ strict: false }));
  const { nowMs, refresh } = useNow();
  const [open, setOpen] = useState(false);
  const choose = (next: TimeRange): void => {
    setOpen(false);
    refresh();
    void navigate({ to: '.', search: (before) => ({ ...before, ...formatTimeSearch(next), sel: undefined }) });
  };
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger render={<Button look="framed" />}>
        <Icon name="clock" />
        <span className={styles.label}>{labelOf(range)}</span>
        <Icon name="down" size={12} />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner className={overlay.positioner} align="end" sideOffset={6}>
          <Popover.Popup className={`${overlay.popup} ${styles.popup}`} aria-label="Time range">
            <ul className={styles.ranges}>
              {RELATIVE_RANGES.map((one) => (
                <li key={one.last}>
                  <button
                    type="button"
                    className={overlay.item}
                    aria-pressed={range.kind === 'last' && range.last === one.last}
                    onClick={() => choose({ kind: 'last', last: one.last })}
                  >
                    {one.label}
                  </button>
                </li>
              ))}
            </ul>
            <AbsoluteForm key={`${open}`} range={range} nowMs={nowMs} choose={choose} />
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

function AbsoluteForm({
  range,
  nowMs,
  choose,
}: {
  readonly range: TimeRange;
  readonly nowMs: number;
  readonly choose: (range: TimeRange) => void;
}) {
  const { startMs, endMs } = absoluteRange(range, nowMs);
  const [from, setFrom] = useState(shown(startMs));
  const [to, setTo] = useState(shown(endMs));
  const [problem, setProblem] = useState('');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (to.trim() === '' && lastMs(from) !== undefined) {
      choose({ kind: 'last', last: from.trim() });
      return;
    }
    const fromMs = parseMoment(from);
    const toMs = parseMoment(to);
    if (Number.isNaN(fromMs) || Number.isNaN(toMs)) {
      setProblem(
        'Write times as 2026-11-20 04:25:00, or 04:25 for today. Or leave the end empty and write 90m, 12h, 3d.',
      );
    } else if (toMs <= fromMs) setProblem('The end is not after the start.');
    else choose({ kind: 'between', fromMs, toMs });
  };
  return (
    <form className={styles.form} onSubmit={submit}>
      <label>
        <span>From</span>
        <input value={from} onChange={(event) => setFrom(event.target.value)} spellCheck={false} />
      </label>
      <label>
        <span>To</span>
        <input value={to} onChange={(event) => setTo(event.target.value)} spellCheck={false} />
      </label>
      <p className={styles.zone}>{Intl.DateTimeFormat().resolvedOptions().timeZone}</p>
      {problem !== '' && (
        <p role="alert" className={styles.problem}>
          {problem}
        </p>
      )}
      <Button type="submit" look="main">
        Show this time
      </Button>
    </form>
  );
}
