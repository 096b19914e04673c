import { Link } from '@tanstack/react-router';
import { TOUR_NEIGHBOURS, TOUR_STOPS, type TourTrace } from '../model/tour.js';
import { CopyButton } from './controls.js';
import { Icon } from './icon.js';
import styles from './tour.module.css';

interface Props {
  /** Where the example shop is open. */
  readonly shop: string;
  /** The newest purchase; absent until there is one. */
  readonly trace: TourTrace | undefined;
  /** Services that have sent something today. */
  readonly services: readonly string[];
}

/** A way through every wall the examples have, that fills in as the spans arrive. */
export function Tour({ shop, trace, services }: Props) {
  const passed = trace === undefined ? 0 : Object.keys(trace.visited).length;
  return (
    <section className={styles.tour} aria-label="Tour">
      <h2>A tour: one click, followed through {TOUR_STOPS.length} walls</h2>
      <p className={styles.lead}>
        <a href={shop} target="_blank" rel="noreferrer">
          Open the example shop
        </a>
        , put something into the cart and buy it. Each line fills in when its span arrives.
      </p>
      <ol className={styles.stops}>
        {TOUR_STOPS.map(({ id, name, shows }) => {
          const spanId = trace?.visited[id];
          return (
            <li key={id} data-visited={spanId !== undefined || undefined}>
              <span className={styles.mark} aria-hidden="true">
                {spanId !== undefined && <Icon name="check" size={12} />}
              </span>
              <span>
                {trace !== undefined && spanId !== undefined ? (
                  <Link to="/trace/$traceId" params={{ traceId: trace.traceId }} search={{ span: spanId }}>
                    {name}
                  </Link>
                ) : (
                  <b>{name}</b>
                )}
                <span className={styles.shows}>{shows}</span>
              </span>
              <span className="visually-hidden">{spanId === undefined ? 'not seen yet' : 'seen'}</span>
            </li>
          );
        })}
      </ol>
      <p className={styles.state} role="status">
        {trace === undefined ? (
          'Waiting for the first purchase.'
        ) : (
          <>
            {passed} of {TOUR_STOPS.length} in{' '}
            <Link to="/trace/$traceId" params={{ traceId: trace.traceId }}>
              one trace of {trace.spans} spans
            </Link>
          </>
        )}
      </p>
      <h3>Beside it</h3>
      <ul className={styles.stops}>
        {TOUR_NEIGHBOURS.map(({ service, name, shows, needs, start }) => {
          const seen = services.includes(service);
          return (
            <li key={service} data-visited={seen || undefined}>
              <span className={styles.mark} aria-hidden="true">
                {seen && <Icon name="check" size={12} />}
              </span>
              <span>
                {seen ? (
                  <Link to="/" search={{ q: `service = "${service}"` }}>
                    {name}
                  </Link>
                ) : (
                  <b>{name}</b>
                )}
                <span className={styles.shows}>{shows}</span>
                {!seen && (
                  <>
                    <span className={styles.needs}>{needs}</span>
                    <span className={styles.command}>
                      <code>{start}</code>
                      <CopyButton text={start} label={`Copy: ${start}`} />
                    </span>
                  </>
                )}
              </span>
              <span className="visually-hidden">{seen ? 'seen' : 'not seen yet'}</span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
