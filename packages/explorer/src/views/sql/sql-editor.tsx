import { useQuery } from '@tanstack/react-query';
import { type KeyboardEvent, useId, useRef, useState } from 'react';
import { sqlSchemaQuery } from '../../client/queries.js';
import { type SqlDraft, type SqlSuggestion, sqlDraft, sqlSuggestions } from '../../model/sql-completion.js';
import { useCommands } from '../../parts/commands.js';
import styles from './sql-view.module.css';

interface Props {
  readonly value: string;
  readonly onChange: (sql: string) => void;
  readonly onRun: () => void;
}

/** The statement, with what may come next below it: tables, columns, functions. */
export function SqlEditor({ value, onChange, onRun }: Props) {
  const schema = useQuery(sqlSchemaQuery()).data;
  const field = useRef<HTMLTextAreaElement>(null);
  const listId = useId();
  const [draft, setDraft] = useState<SqlDraft>();
  const [at, setAt] = useState(0);
  const suggestions: readonly SqlSuggestion[] = draft === undefined ? [] : sqlSuggestions(value, draft, schema);
  useCommands([
    { id: 'sql-focus', group: 'SQL', label: 'Write the statement', keys: ['/'], run: () => field.current?.focus() },
    { id: 'sql-run', group: 'SQL', label: 'Run the statement', keys: ['mod+Enter'], whileTyping: true, run: onRun },
  ]);
  const take = (suggestion: SqlSuggestion | undefined): void => {
    if (suggestion === undefined || draft === undefined) return;
    const space = /[({]$|\}$/.test(suggestion.text) ? '' : ' ';
    const next = value.slice(0, draft.start) + suggestion.text + space + value.slice(draft.end);
    const caret = draft.start + suggestion.text.length + space.length;
    onChange(next);
    setDraft(undefined);
    requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(caret, caret);
    });
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    if (event.key === ' ' && event.ctrlKey) {
      event.preventDefault();
      setDraft(sqlDraft(value, event.currentTarget.selectionStart));
      setAt(0);
      return;
    }
    if (suggestions.length === 0) return;
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      setAt((at + step + suggestions.length) % suggestions.length);
    } else if (
      (event.key === 'Tab' && !event.shiftKey) ||
      (event.key === 'Enter' && !event.ctrlKey && !event.metaKey)
    ) {
      event.preventDefault();
      take(suggestions[at]);
    } else if (event.key === 'Escape') {
      event.preventDefault();
      setDraft(undefined);
    }
  };
  const open = suggestions.length > 0;
  return (
    <div className={styles.editor}>
      <textarea
        ref={field}
        aria-label="SQL statement"
        aria-autocomplete="list"
        aria-controls={listId}
        aria-activedescendant={open ? `${listId}-${at}` : undefined}
        rows={Math.min(14, Math.max(4, value.split('\n').length))}
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="off"
        value={value}
        onChange={(event) => {
          onChange(event.target.value);
          setDraft(sqlDraft(event.target.value, event.target.selectionStart));
          setAt(0);
        }}
        onBlur={() => setDraft(undefined)}
        onKeyDown={onKeyDown}
      />
      <p className="visually-hidden" role="status">
        {open ? `${suggestions.length} suggestions: arrows choose, Tab takes, Escape leaves` : ''}
      </p>
      <div id={listId} role="listbox" aria-label="What may come next" className={styles.suggestions} hidden={!open}>
        {suggestions.map((suggestion, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: keys are taken by the field, which keeps the focus
          // biome-ignore lint/a11y/useFocusableInteractive: as above
          <div
            key={suggestion.text}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={index === at}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => take(suggestion)}
          >
            <code>{suggestion.text}</code>
            <span>{suggestion.kind}</span>
          </div>
        ))}
      </div>
    </div>
  );
}
