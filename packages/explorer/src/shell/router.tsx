import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import {
  formatSearch,
  parseSearch,
  readLogsAddress,
  readMetricsAddress,
  readSearchAddress,
  readServiceAddress,
  readSqlAddress,
  readTimeSearch,
  readTraceAddress,
} from '../model/address.js';
import { Failure } from '../parts/failure.js';
import { SearchView } from '../views/search/search-view.js';
import { Frame } from './frame.js';
import { NotFound } from './not-found.js';

const root = createRootRouteWithContext()({ component: Frame, notFoundComponent: NotFound });

// One line a view.
const search = createRoute({
  getParentRoute: () => root,
  path: '/',
  validateSearch: readSearchAddress,
  component: SearchView,
});
const trace = createRoute({
  getParentRoute: () => root,
  path: '/trace/$traceId',
  validateSearch: readTraceAddress,
  component: lazyRouteComponent(() => import('../views/trace/trace-view.js'), 'TraceView'),
});
const logs = createRoute({
  getParentRoute: () => root,
  path: '/logs',
  validateSearch: readLogsAddress,
  component: lazyRouteComponent(() => import('../views/logs/logs-view.js'), 'LogsView'),
});
const metrics = createRoute({
  getParentRoute: () => root,
  path: '/metrics',
  validateSearch: readMetricsAddress,
  component: lazyRouteComponent(() => import('../views/metrics/metrics-view.js'), 'MetricsView'),
});
const sql = createRoute({
  getParentRoute: () => root,
  path: '/sql',
  validateSearch: readSqlAddress,
  component: lazyRouteComponent(() => import('../views/sql/sql-view.js'), 'SqlView'),
});
const service = createRoute({
  getParentRoute: () => root,
  path: '/service/$service',
  validateSearch: readServiceAddress,
  component: lazyRouteComponent(() => import('../views/service/service-view.js'), 'ServiceView'),
});
const connect = createRoute({
  getParentRoute: () => root,
  path: '/connect',
  validateSearch: readTimeSearch,
  component: lazyRouteComponent(() => import('../views/connect/connect-view.js'), 'ConnectView'),
});

const tour = createRoute({
  getParentRoute: () => root,
  path: '/tour',
  validateSearch: readTimeSearch,
  component: lazyRouteComponent(() => import('../views/tour/tour-view.js'), 'TourView'),
});

export const router = createRouter({
  routeTree: root.addChildren([search, trace, logs, service, metrics, sql, connect, tour]),
  parseSearch,
  stringifySearch: formatSearch,
  defaultPreload: false,
  defaultPendingMs: 300,
  scrollRestoration: false,
  defaultErrorComponent: ({ error, reset }) => (
    <Failure error={error instanceof Error ? error : new Error(String(error))} retry={reset} />
  ),
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
