import { useState } from 'react';
import type { NewClause } from '../../model/filter-clauses.js';
import type { Attributes } from '../../model/shapes.js';
import { groupAttributes } from '../../model/trace/attribute-groups.js';
import { CopyButton, IconButton } from '../../parts/controls.js';
import styles from './side-panel.module.css';

interface Props {
  readonly title: string;
  readonly attributes: Attributes;
  readonly from: 'span' | 'resource';
  readonly open?: boolean;
  readonly onSearch: (...clauses: NewClause[]) => void;
}

const FILTER_FROM = 8;

/** By namespace. Each value: search for it, search without it, copy it. */
export function AttributeList({ title, attributes, from, open = false, onSearch }: Props) {
  const [wanted, setWanted] = useState('');
  const count = Object.keys(attributes).length;
  if (count === 0) return null;
  const groups = groupAttributes(attributes, wanted);
  const clause = (key: string, operator: '=' | '!=', value: string): NewClause => ({
    field: 'attribute',
    key,
    operator,
    value,
    ...(from === 'resource' && { from }),
  });
  return (
    <details className={styles.section} open={open}>
      <summary>
        {title} <span>{count}</span>
      </summary>
      {count >= FILTER_FROM && (
        <input
          className={styles.filter}
          placeholder="Filter by key or value"
          aria-label={`Filter ${title.toLowerCase()}`}
          value={wanted}
          spellCheck={false}
          onChange={(event) => setWanted(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Escape') return;
            setWanted('');
            event.currentTarget.blur();
          }}
        />
      )}
      {groups.map((group) => (
        <section key={group.name} className={styles.group}>
          {group.name !== '' && <h3>{group.name}</h3>}
          <dl>
            {group.rows.map((row) => (
              <div key={row.key} className={styles.attribute}>
                <dt title={row.key}>{row.rest}</dt>
                <dd data-kind={row.kind} data-long={row.value.length > 60 || row.value.includes('\n') || undefined}>
                  {row.value === '' ? <i>empty</i> : row.value}
                  <span className={styles.tools}>
                    <IconButton
                      icon="include"
                      label={`Search for ${row.key} = ${short(row.value)}`}
                      onClick={() => onSearch(clause(row.key, '=', row.value))}
                    />
                    <IconButton
                      icon="exclude"
                      label={`Search without ${row.key} = ${short(row.value)}`}
                      onClick={() => onSearch(clause(row.key, '!=', row.value))}
                    />
                    <CopyButton text={row.value} label={`Copy ${row.key}`} />
                  </span>
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
      {groups.length === 0 && <p className={styles.none}>None with “{wanted}”.</p>}
    </details>
  );
}

const short = (value: string): string => (value.length > 40 ? `${value.slice(0, 40)}…` : value);
