import { exemplarsBy } from './create-exemplars.js';
import { createMetering } from './create-metering.js';
import { createPushedProducers } from './pushed-producers.js';
import { readerRules } from './reader-rules.js';
import { streamsByView } from './streams-by-view.js';

/** Metrics with everything that stands in the option `metrics`: views, aggregations, exemplars, readers of the program's own. */
export const fullMetering = /* @__PURE__ */ createMetering((options, host) => {
  const { report, resource, timers, quietly, clock } = host;
  const { producers = [], filter, cardinalityLimit } = options;
  const { temporalityOf: _, limitOf, ...rules } = readerRules(options, report);
  return {
    createStreams: streamsByView(options, report, exemplarsBy(options.exemplarFilter, host)),
    rules: { ...rules, ...(cardinalityLimit !== undefined && { limitOf }) },
    producers: producers.length ? createPushedProducers({ producers, filter, clock, report }) : undefined,
    attach(provider) {
      const readers = options.readers ?? [];
      for (const reader of readers) reader.attach({ provider, resource, timers, report, quietly });
      const all = (end: Promise<boolean>[]) => Promise.all(end).then((results) => results.every(Boolean));
      return {
        flush: (timeoutMs) => all(readers.map((reader) => reader.flush(timeoutMs))),
        shutdown: (timeoutMs) => all(readers.map((reader) => reader.shutdown(timeoutMs))),
      };
    },
  };
});
