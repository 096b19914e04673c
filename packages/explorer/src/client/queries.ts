import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { type AbsoluteRange, absoluteRange, fromUnixNano, type TimeRange } from '../model/time-range.js';
import { readTour } from '../model/tour.js';
import { api, type LogFilter, type MetricAsked, type MetricQueryAsked } from './api.js';
import { openTrace } from './trace-store.js';

/*
 * What the views ask, with its cache key. A relative range is in the key as it was chosen; `tick` moves on when the view
 * refreshes, and the moment "now" means is taken from it, so that all parts of a view look at the same stretch.
 */

export interface Asked {
  readonly q: string;
  readonly range: TimeRange;
  /** Epoch milliseconds that "now" stands for. */
  readonly nowMs: number;
}

const PAGE_SIZE = 100;

export const statusQuery = () =>
  queryOptions({
    queryKey: ['status'],
    queryFn: ({ signal }) => api.status(signal),
    refetchInterval: (query) => (query.state.error !== null || query.state.data?.spans === 0 ? 1_000 : 10_000),
    retry: false,
    staleTime: 0,
  });

export const servicesQuery = ({ range, nowMs }: Omit<Asked, 'q'>) =>
  queryOptions({
    queryKey: ['services', range, nowMs],
    queryFn: ({ signal }) => api.services(absoluteRange(range, nowMs), signal),
    placeholderData: keepPreviousData,
  });

export const operationsQuery = (service: string, { range, nowMs }: Omit<Asked, 'q'>) =>
  queryOptions({
    queryKey: ['operations', service, range, nowMs],
    queryFn: ({ signal }) => api.operations(service, absoluteRange(range, nowMs), signal),
    placeholderData: (previous, before) => (before?.queryKey[1] === service ? previous : undefined),
  });

export const tracesQuery = ({
  q,
  range,
  nowMs,
  sort,
  selection,
}: Asked & { sort: 'newest' | 'slowest'; selection: AbsoluteRange | undefined }) =>
  infiniteQueryOptions({
    queryKey: ['traces', q, sort, selection ?? range, nowMs],
    queryFn: ({ pageParam, signal }) =>
      api.traces(
        { q, sort, range: selection ?? absoluteRange(range, nowMs), limit: PAGE_SIZE, cursor: pageParam },
        signal,
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor,
    placeholderData: keepPreviousData,
  });

/** Larger pages than of traces: a record is a line, and thousands are scrolled through. */
const LOG_PAGE_SIZE = 500;

export const logsQuery = (
  filter: LogFilter,
  { range, nowMs, selection }: Omit<Asked, 'q'> & { selection: AbsoluteRange | undefined },
) =>
  infiniteQueryOptions({
    queryKey: ['logs', filter, selection ?? range, nowMs],
    queryFn: ({ pageParam, signal }) =>
      api.logs(
        { ...filter, range: selection ?? absoluteRange(range, nowMs), limit: LOG_PAGE_SIZE, cursor: pageParam },
        signal,
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor,
    placeholderData: keepPreviousData,
    // Tens of thousands of records are not compared with themselves at every page.
    structuralSharing: false,
  });

export const logHistogramQuery = (
  filter: LogFilter,
  { range, nowMs, buckets }: Omit<Asked, 'q'> & { buckets: number },
) =>
  queryOptions({
    queryKey: ['log-histogram', filter, range, nowMs, buckets],
    queryFn: ({ signal }) => api.logHistogram({ ...filter, range: absoluteRange(range, nowMs), buckets }, signal),
    placeholderData: keepPreviousData,
  });

export const logPatternsQuery = (
  filter: LogFilter,
  { range, nowMs, selection }: Omit<Asked, 'q'> & { selection: AbsoluteRange | undefined },
) =>
  queryOptions({
    queryKey: ['log-patterns', filter, selection ?? range, nowMs],
    queryFn: ({ signal }) => api.logPatterns({ ...filter, range: selection ?? absoluteRange(range, nowMs) }, signal),
    placeholderData: keepPreviousData,
  });

export const sqlSchemaQuery = () =>
  queryOptions({ queryKey: ['sql-schema'], queryFn: ({ signal }) => api.sqlSchema(signal), staleTime: 60_000 });

export const metricsQuery = ({
  q,
  service,
  range,
  nowMs,
}: Omit<Asked, 'q'> & { q: string | undefined; service: string | undefined }) =>
  queryOptions({
    queryKey: ['metrics', q, service, range, nowMs],
    queryFn: ({ signal }) => api.metrics({ q, service, range: absoluteRange(range, nowMs) }, signal),
    placeholderData: keepPreviousData,
  });

export const metricSeriesQuery = (
  asked: MetricAsked,
  { range, nowMs, buckets }: Omit<Asked, 'q'> & { buckets: number },
) =>
  queryOptions({
    queryKey: ['metric-series', asked, range, nowMs, buckets],
    queryFn: ({ signal }) => api.metricSeries({ ...asked, range: absoluteRange(range, nowMs), buckets }, signal),
    placeholderData: (previous, before) =>
      JSON.stringify(before?.queryKey[1]) === JSON.stringify(asked) ? previous : undefined,
  });

/** `before`: of the stretch of the same length right before. */
export const metricQueryQuery = (
  asked: Omit<MetricAsked, 'service'> & MetricQueryAsked,
  { range, nowMs, buckets, before }: Omit<Asked, 'q'> & { buckets: number; before: boolean },
) =>
  queryOptions({
    queryKey: ['metric-query', asked, range, nowMs, buckets, before],
    queryFn: ({ signal }) =>
      api.metricQuery(
        { ...asked, range: before ? periodBefore(range, nowMs) : absoluteRange(range, nowMs), buckets },
        signal,
      ),
    placeholderData: (previous, last) =>
      JSON.stringify(last?.queryKey[1]) === JSON.stringify(asked) && last?.queryKey[5] === before
        ? previous
        : undefined,
  });

function periodBefore(range: TimeRange, nowMs: number): AbsoluteRange {
  const { startMs, endMs } = absoluteRange(range, nowMs);
  return { startMs: startMs - (endMs - startMs), endMs: startMs };
}

export const metricAttributesQuery = (asked: Omit<MetricAsked, 'service'>, { range, nowMs }: Omit<Asked, 'q'>) =>
  queryOptions({
    queryKey: ['metric-attributes', asked, range, nowMs],
    queryFn: ({ signal }) => api.metricAttributes({ ...asked, range: absoluteRange(range, nowMs) }, signal),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });

export const metricExemplarsQuery = (
  asked: Omit<MetricAsked, 'service'> & { where: string | undefined },
  { range, nowMs }: Omit<Asked, 'q'>,
) =>
  queryOptions({
    queryKey: ['metric-exemplars', asked, range, nowMs],
    queryFn: ({ signal }) => api.metricExemplars({ ...asked, range: absoluteRange(range, nowMs) }, signal),
    placeholderData: (previous, last) =>
      JSON.stringify(last?.queryKey[1]) === JSON.stringify(asked) ? previous : undefined,
  });

export const serviceErrorsQuery = (service: string, { range, nowMs }: Omit<Asked, 'q'>) =>
  queryOptions({
    queryKey: ['service-errors', service, range, nowMs],
    queryFn: ({ signal }) => api.serviceErrors(service, absoluteRange(range, nowMs), signal),
    placeholderData: (previous, last) => (last?.queryKey[1] === service ? previous : undefined),
  });

export const redQuery = (
  service: string,
  { range, nowMs, stepMs, before }: Omit<Asked, 'q'> & { stepMs: number; before: boolean },
) =>
  queryOptions({
    queryKey: ['red', service, range, nowMs, stepMs, before],
    queryFn: ({ signal }) =>
      api.red(service, before ? periodBefore(range, nowMs) : absoluteRange(range, nowMs), stepMs, signal),
    placeholderData: (previous, last) =>
      last?.queryKey[1] === service && last?.queryKey[5] === before ? previous : undefined,
  });

/** Which versions of a service ran when. */
export const versionsQuery = (service: string, { range, nowMs }: Omit<Asked, 'q'>) =>
  queryOptions({
    queryKey: ['versions', service, range, nowMs],
    queryFn: ({ signal }) =>
      api.spanMetrics({ service, range: absoluteRange(range, nowMs), by: 'version', all: '1' }, signal),
    placeholderData: (previous, last) => (last?.queryKey[1] === service ? previous : undefined),
  });

export const histogramQuery = ({ q, range, nowMs, buckets }: Asked & { buckets: number }) =>
  queryOptions({
    queryKey: ['histogram', q, range, nowMs, buckets],
    queryFn: ({ signal }) => api.histogram({ q, range: absoluteRange(range, nowMs), buckets }, signal),
    placeholderData: keepPreviousData,
  });

export const differencesQuery = ({
  q,
  range,
  nowMs,
  selection,
  minDuration,
}: Asked & { selection: AbsoluteRange; minDuration: string | undefined }) =>
  queryOptions({
    queryKey: ['differences', q, range, nowMs, selection, minDuration],
    queryFn: ({ signal }) => api.differences({ q, range: absoluteRange(range, nowMs), selection, minDuration }, signal),
    placeholderData: keepPreviousData,
  });

export const attributeKeysQuery = ({
  range,
  nowMs,
  prefix,
  service,
}: Omit<Asked, 'q'> & { prefix: string; service: string | undefined }) =>
  queryOptions({
    queryKey: ['attribute-keys', range, nowMs, prefix, service],
    queryFn: ({ signal }) => api.attributeKeys({ range: absoluteRange(range, nowMs), prefix, service }, signal),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });

export const attributeValuesQuery = ({
  key,
  range,
  nowMs,
  prefix,
  service,
}: Omit<Asked, 'q'> & { key: string; prefix: string; service: string | undefined }) =>
  queryOptions({
    queryKey: ['attribute-values', key, range, nowMs, prefix, service],
    queryFn: ({ signal }) => api.attributeValues({ key, range: absoluteRange(range, nowMs), prefix, service }, signal),
    placeholderData: (previous, before) => (before?.queryKey[1] === key ? previous : undefined),
    staleTime: 30_000,
  });

/** How many bytes of a trace that is being opened have come; never fetched itself. */
export const traceProgressQuery = (traceId: string) =>
  queryOptions({ queryKey: ['trace-progress', traceId], queryFn: (): number => 0, enabled: false, initialData: 0 });

/** So long after a trace's last span others are likely to follow: programs send in batches some seconds apart. */
const YOUNG_MS = 20_000;
const LOOK_AGAIN_MS = 2_500;
/** Larger ones are read again by hand only. */
const SMALL_SPANS = 5_000;

export const traceQuery = (traceId: string) =>
  queryOptions({
    queryKey: ['trace', traceId],
    queryFn: ({ signal, client }) =>
      openTrace(traceId, signal, (bytes) => client.setQueryData(traceProgressQuery(traceId).queryKey, bytes)),
    // How long it stays is the store's matter: see onTraceDropped.
    gcTime: Number.POSITIVE_INFINITY,
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: ({ state: { data } }) => {
      if (data === undefined || data.columns.count > SMALL_SPANS) return false;
      const endedMs = fromUnixNano(data.columns.originUnixNano) + data.columns.durationNano / 1e6;
      return Date.now() - endedMs < YOUNG_MS ? LOOK_AGAIN_MS : false;
    },
    retry: false,
    structuralSharing: false,
  });

/** `spans`: how many of the trace are shown; with more of them there may be more records. */
export const traceLogsQuery = (traceId: string, spans: number) =>
  queryOptions({
    queryKey: ['trace-logs', traceId, spans],
    queryFn: ({ signal }) => api.traceLogs(traceId, signal),
    placeholderData: (previous, before) => (before?.queryKey[1] === traceId ? previous : undefined),
    staleTime: LOOK_AGAIN_MS,
    retry: 1,
  });

const DAY_MS = 86_400_000;

/** How far the newest purchase in the example shop has come, and who else has sent something today. */
export const tourQuery = () =>
  queryOptions({
    queryKey: ['tour'],
    queryFn: async ({ signal }) => {
      const range = { startMs: Date.now() - DAY_MS, endMs: Date.now() + DAY_MS };
      const [{ traces }, { services }] = await Promise.all([
        api.traces({ q: 'name = "checkout.process"', range, sort: 'newest', limit: 1 }, signal),
        api.services(range, signal),
      ]);
      const newest = traces[0];
      const trace = newest && readTour(await api.trace(newest.traceId, signal));
      return { trace, services: services.map(({ name }) => name) };
    },
    refetchInterval: 1_000,
    retry: false,
  });
