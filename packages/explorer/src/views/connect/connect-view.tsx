import { useQuery } from '@tanstack/react-query';
import { statusQuery } from '../../client/queries.js';
import { Failure } from '../../parts/failure.js';
import { FirstSteps } from '../../parts/first-steps.js';

export function ConnectView() {
  const status = useQuery(statusQuery());
  if (status.data !== undefined) return <FirstSteps status={status.data} waiting={status.data.spans === 0} />;
  if (status.error !== null) return <Failure error={status.error} retry={() => void status.refetch()} />;
  return null;
}
