import { useQuery } from '@tanstack/react-query';
import {
  type KeyboardEvent,
  type Ref,
  useDeferredValue,
  useEffect,
  useId,
  useImperativeHandle,
  useRef,
  useState,
} from 'react';
import { type Asked, attributeKeysQuery, attributeValuesQuery } from '../../client/queries.js';
import { keySuggestions, readDraft, type Suggestion, valueSuggestions } from '../../model/completion.js';
import { clausesOf, formatClause, parseFilter, serviceOf } from '../../model/filter-clauses.js';
import { formatCount } from '../../model/format.js';
import { IconButton, Kbd } from '../../parts/controls.js';
import { Icon } from '../../parts/icon.js';
import { FilterChip } from './filter-chip.js';
import styles from './query-bar.module.css';

export interface QueryBarHandle {
  focus: () => void;
}

interface Props {
  readonly asked: Asked;
  readonly onChange: (q: string) => void;
  readonly ref?: Ref<QueryBarHandle>;
}

/** Filters as chips, and a field for the next one, or for the one that is edited. What does not read stays, and says why. */
export function QueryBar({ asked, onChange, ref }: Props) {
  const { q } = asked;
  const parsed = parseFilter(q);
  const chips = parsed.ok ? parsed.clauses.map(formatClause) : [q];
  const [draft, setDraft] = useState('');
  const [editing, setEditing] = useState<number | undefined>(undefined);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const [problem, setProblem] = useState('');
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const listId = useId();
  const suggestions = useSuggestions(asked, draft, open);
  useImperativeHandle(ref, () => ({ focus: () => input.current?.focus() }), []);
  // A query set from elsewhere ends the editing of the old one; one's own leaves alone what was typed since.
  const written = useRef(q);
  useEffect(() => {
    if (q === written.current) return;
    written.current = q;
    setEditing(undefined);
    setDraft('');
    setProblem('');
  }, [q]);

  const commit = (text: string): boolean => {
    const parts = [...chips];
    if (editing === undefined) parts.push(text);
    else parts.splice(editing, 1, text);
    const joined = parts.filter((part) => part.trim() !== '').join(' ');
    const read = parseFilter(joined);
    if (!read.ok) {
      setProblem(read.message);
      return false;
    }
    setProblem('');
    setDraft('');
    setEditing(undefined);
    setAt(-1);
    written.current = read.clauses.map(formatClause).join(' ');
    onChange(written.current);
    return true;
  };
  const take = (suggestion: Suggestion): void => {
    setAt(-1);
    if (suggestion.complete) commit(suggestion.text);
    else {
      setDraft(suggestion.text);
      setProblem('');
    }
    input.current?.focus();
  };
  const edit = (index: number): void => {
    setEditing(index);
    setDraft(chips[index] ?? '');
    setOpen(true);
    setTimeout(() => input.current?.focus(), 0);
  };
  const leave = (): void => {
    setOpen(false);
    setAt(-1);
    if (editing !== undefined && (draft === chips[editing] || !commit(draft))) setEditing(undefined);
  };

  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>): void => {
    const chosen = suggestions[at];
    const caret = event.currentTarget.selectionStart === 0 && event.currentTarget.selectionEnd === 0;
    if (event.key === 'Enter') {
      if (chosen !== undefined && open) take(chosen);
      else if (commit(draft)) setOpen(false);
    } else if (event.key === 'Tab' && !event.shiftKey && open && draft !== '' && suggestions.length > 0) {
      take(suggestions[Math.max(0, at)]!);
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      setOpen(true);
      const next = at + (event.key === 'ArrowDown' ? 1 : -1);
      const wrapped = next >= suggestions.length ? -1 : next < -1 ? suggestions.length - 1 : next;
      setAt(wrapped);
      list.current?.querySelector(`[data-index="${wrapped}"]`)?.scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Escape') {
      if (open && suggestions.length > 0) setOpen(false);
      else {
        setDraft('');
        setEditing(undefined);
        setProblem('');
        event.currentTarget.blur();
      }
    } else if ((event.key === 'Backspace' || event.key === 'ArrowLeft') && caret) {
      const index = (editing ?? chips.length) - 1;
      if (index < 0 || (event.key === 'Backspace' && draft !== '')) return;
      edit(index);
    } else if (event.key === ' ') {
      // A value is finished by a space, as when the whole filter is typed.
      const state = readDraft(draft);
      if (state.stage !== 'value' || state.prefix === '' || draft.includes('"') || !parseFilter(draft).ok) return;
      commit(draft);
    } else return;
    event.preventDefault();
  };

  const field = (
    <input
      key="field"
      ref={input}
      className={styles.input}
      style={editing === undefined ? undefined : { flex: 'none', width: `${Math.max(8, draft.length + 2)}ch` }}
      aria-label={editing === undefined ? 'Filter traces' : 'Edit this filter'}
      placeholder={chips.length === 0 ? 'Filter: a name, service=…, status=error, duration>250ms, any attribute' : ''}
      role="combobox"
      aria-expanded={open && suggestions.length > 0}
      aria-controls={listId}
      aria-autocomplete="list"
      aria-activedescendant={at >= 0 ? `${listId}-${at}` : undefined}
      aria-invalid={problem !== '' || undefined}
      aria-describedby={problem === '' ? undefined : `${listId}-problem`}
      spellCheck={false}
      autoComplete="off"
      autoCapitalize="off"
      value={draft}
      onChange={(event) => {
        setDraft(event.target.value);
        setProblem('');
        setAt(-1);
        setOpen(true);
      }}
      onFocus={() => setOpen(true)}
      onClick={() => setOpen(true)}
      onBlur={leave}
      onKeyDown={onKeyDown}
    />
  );

  return (
    <search className={styles.bar}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a click beside the chips goes to the field, as in any field */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the field itself is reached by key */}
      <div
        className={styles.field}
        data-problem={problem !== '' || !parsed.ok || undefined}
        onClick={(event) => {
          if (event.target === event.currentTarget) input.current?.focus();
        }}
      >
        <span className={styles.icon}>
          <Icon name="search" />
        </span>
        {chips.map((chip, index) =>
          index === editing ? (
            field
          ) : (
            <FilterChip
              // biome-ignore lint/suspicious/noArrayIndexKey: the place is what tells two equal chips apart
              key={`${index} ${chip}`}
              text={chip}
              broken={!parsed.ok}
              onEdit={() => edit(index)}
              onRemove={() => {
                const rest = clausesOf(q).filter((_, other) => other !== index);
                onChange(rest.map(formatClause).join(' '));
              }}
            />
          ),
        )}
        {editing === undefined && field}
        {q !== '' && <IconButton icon="close" label="Clear all filters" onClick={() => onChange('')} />}
        {q === '' && draft === '' && (
          <span className={styles.hint} aria-hidden="true">
            <Kbd>/</Kbd>
          </span>
        )}
      </div>
      {(problem !== '' || !parsed.ok) && (
        <p id={`${listId}-problem`} className={styles.problem} role="alert">
          {problem !== '' ? problem : !parsed.ok && parsed.message}
        </p>
      )}
      <div
        ref={list}
        id={listId}
        role="listbox"
        tabIndex={-1}
        aria-label="Suggestions"
        className={styles.list}
        hidden={!open || suggestions.length === 0}
      >
        {suggestions.map((suggestion, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox has the keys
          <div
            key={`${suggestion.text} ${suggestion.note}`}
            id={`${listId}-${index}`}
            data-index={index}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            className={styles.option}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => take(suggestion)}
          >
            <span className={styles.label}>{suggestion.label}</span>
            <span className={styles.note}>{suggestion.note}</span>
            <span className={styles.count}>{suggestion.count !== undefined && formatCount(suggestion.count)}</span>
          </div>
        ))}
      </div>
    </search>
  );
}

function useSuggestions(asked: Asked, draft: string, open: boolean): readonly Suggestion[] {
  const state = readDraft(useDeferredValue(draft));
  const service = serviceOf(asked.q);
  const base = { range: asked.range, nowMs: asked.nowMs, service };
  const prefix = state.prefix.trim();
  const common = useQuery({ ...attributeKeysQuery({ ...base, prefix: '' }), enabled: open });
  const named = useQuery({
    ...attributeKeysQuery({ ...base, prefix }),
    enabled: open && state.stage === 'key' && prefix !== '',
  });
  // The collector names attributes without the word that says where they stand.
  const key = state.stage === 'value' ? state.key.replace(/^(span|resource)\./, '') : '';
  const values = useQuery({
    ...attributeValuesQuery({
      ...base,
      service: key === 'service' ? undefined : service,
      key,
      prefix: prefix.replace(/^~/, ''),
    }),
    enabled: open && state.stage === 'value' && key !== 'duration' && key !== 'trace' && key !== 'span',
  });
  if (!open) return [];
  if (state.stage === 'value') return valueSuggestions(state, values.data?.values ?? []);
  const keys = new Map<string, { key: string; scope: 'span' | 'resource' | 'field'; count: number }>();
  for (const one of [...(common.data?.keys ?? []), ...(named.data?.keys ?? [])])
    keys.set(`${one.scope} ${one.key}`, one);
  return keySuggestions(state, [...keys.values()]);
}
