import { JAEGER_ROUTES } from './jaeger-routes.js';
import { LOG_ROUTES } from './log-routes.js';
import { METRIC_ROUTES } from './metric-routes.js';
import { PROMETHEUS_ROUTES } from './prometheus-routes.js';
import type { Route } from './route.js';
import { ROUTES } from './routes.js';
import { SIGNAL_ROUTES } from './signal-routes.js';
import { SQL_ROUTES } from './sql-routes.js';

/** Every question that is answered over HTTP. */
export const ALL_ROUTES: readonly Route[] = [
  ...ROUTES,
  ...LOG_ROUTES,
  ...SIGNAL_ROUTES,
  ...METRIC_ROUTES,
  ...PROMETHEUS_ROUTES,
  ...SQL_ROUTES,
  ...JAEGER_ROUTES,
];
