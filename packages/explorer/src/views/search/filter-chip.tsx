import { readDraft } from '../../model/completion.js';
import { Icon } from '../../parts/icon.js';
import styles from './query-bar.module.css';

interface Props {
  readonly text: string;
  readonly broken: boolean;
  readonly onEdit: () => void;
  readonly onRemove: () => void;
}

/** One clause. Click to edit it by hand. */
export function FilterChip({ text, broken, onEdit, onRemove }: Props) {
  const draft = readDraft(text);
  return (
    <span className={styles.chip} data-broken={broken || undefined}>
      <button type="button" onClick={onEdit} aria-label={`Edit the filter ${text}`} title="Edit">
        {draft.stage === 'value' && !broken ? (
          <>
            <span className={styles.key}>
              {draft.negated ? '-' : ''}
              {draft.key}
            </span>
            <span className={styles.operator}>{draft.operator}</span>
            <span className={styles.value}>{draft.prefix}</span>
          </>
        ) : (
          <span className={styles.value}>{text}</span>
        )}
      </button>
      <button
        type="button"
        onClick={onRemove}
        aria-label={`Remove the filter ${text}`}
        title="Remove"
        className={styles.remove}
      >
        <Icon name="close" size={11} />
      </button>
    </span>
  );
}
