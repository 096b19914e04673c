import type { Meter } from '@opentelemetry/api';

/** `telemetry.meter` until there are metrics: takes everything, keeps nothing. */
export function noopMeter(): Meter {
  const nothing = () => {};
  const instrument = { add: nothing, record: nothing, addCallback: nothing, removeCallback: nothing };
  const create = () => instrument;
  return {
    createCounter: create,
    createUpDownCounter: create,
    createHistogram: create,
    createGauge: create,
    createObservableCounter: create,
    createObservableUpDownCounter: create,
    createObservableGauge: create,
    addBatchObservableCallback: nothing,
    removeBatchObservableCallback: nothing,
  };
}
