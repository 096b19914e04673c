import styles from './first-steps.module.css';
import { type Step, Steps } from './steps.js';

/** In place of a view whose signal nobody has sent yet: what to paste. Turns into data by itself when the first comes. */
export function NothingSent({
  title,
  waitingFor,
  steps,
  http,
}: {
  readonly title: string;
  /** `log record`, `data point`. */
  readonly waitingFor: string;
  readonly steps: readonly Step[];
  readonly http: string;
}) {
  return (
    <div className={styles.page}>
      <div className={styles.column}>
        <h1>{title}</h1>
        <div className={styles.panel}>
          <Steps steps={steps} />
        </div>
        <p className={styles.waiting} role="status">
          <span className={styles.pulse} aria-hidden="true" />
          Waiting for the first {waitingFor}. This page shows it by itself when it arrives.
        </p>
        <p className={styles.lead}>
          Nothing arrives? <code>npx throughline doctor {http}</code> checks the way and says what is wrong.
        </p>
      </div>
    </div>
  );
}
