import type { Attributes } from '../model/shapes.js';
import { groupAttributes } from '../model/trace/attribute-groups.js';
import styles from './plain-attributes.module.css';

/** Attributes to be read: all of them, in the order of their names. */
export function PlainAttributes({ title, attributes }: { readonly title: string; readonly attributes: Attributes }) {
  const rows = groupAttributes(attributes, '')
    .flatMap((group) => group.rows)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  if (rows.length === 0) return null;
  return (
    <section className={styles.attributes} aria-label={title}>
      <h2>{title}</h2>
      <dl>
        {rows.map((row) => (
          <div key={row.key}>
            <dt>{row.key}</dt>
            <dd>{row.value === '' ? <i>empty</i> : row.value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
