import { useEffect, useState } from 'react';
import styles from './text-filter.module.css';

/** A field whose text is asked for when it is entered or left, so that typing asks nothing. Escape takes back what was typed. */
export function TextFilter({
  label,
  placeholder,
  value = '',
  onChange,
}: {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
}) {
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  const enter = (): void => {
    if (typed.trim() !== value) onChange(typed.trim() === '' ? undefined : typed.trim());
  };
  return (
    <label className={styles.field}>
      <span>{label}</span>
      <input
        value={typed}
        placeholder={placeholder}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => setTyped(event.target.value)}
        onBlur={enter}
        onKeyDown={(event) => {
          if (event.key === 'Enter') enter();
          else if (event.key === 'Escape') setTyped(value);
        }}
      />
    </label>
  );
}
