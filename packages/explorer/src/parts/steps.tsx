import { CopyButton } from './controls.js';
import styles from './first-steps.module.css';

export interface Step {
  readonly say: string;
  readonly code: string;
}

/** What to paste, one thing after the other. */
export function Steps({ steps }: { readonly steps: readonly Step[] }) {
  return (
    <ol>
      {steps.map((step) => (
        <li key={step.say}>
          <p>{step.say}</p>
          <div className={styles.code}>
            <pre>{step.code}</pre>
            <CopyButton text={step.code} label={`Copy: ${step.say}`} />
          </div>
        </li>
      ))}
    </ol>
  );
}
