import { useQuery } from '@tanstack/react-query';
import { statusQuery, tourQuery } from '../../client/queries.js';
import { Failure } from '../../parts/failure.js';
import { Tour } from '../../parts/tour.js';
import styles from './tour-view.module.css';

export function TourView() {
  const status = useQuery(statusQuery());
  const tour = useQuery(tourQuery());
  if (status.error !== null) return <Failure error={status.error} retry={() => void status.refetch()} />;
  if (status.data === undefined) return null;
  const { tour: shop } = status.data;
  return (
    <div className={styles.page}>
      <div className={styles.column}>
        <h1>Through every wall once</h1>
        {shop === undefined ? (
          <p className={styles.lead}>
            The tour goes through the example shop. In a checkout of Throughline, <code>npm start</code> opens it beside
            this collector.
          </p>
        ) : (
          <Tour shop={shop} trace={tour.data?.trace} services={tour.data?.services ?? []} />
        )}
      </div>
    </div>
  );
}
