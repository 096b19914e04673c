import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Report } from '../../../core/limit-diagnostics.js';
import type { ResourceMetrics } from '../../../core/metrics/metric-data.js';
import type { MetricReader, MetricReaderOptions } from '../../../core/metrics/metric-reader.js';
import { createMetricReader } from '../../../core/metrics/pull-reader.js';
import { isChosen, type KeyChoice } from '../chosen-keys.js';
import { createDeltaAccumulator } from './accumulate-deltas.js';
import { formatMetrics } from './format-metrics.js';
import { negotiateFormat } from './prometheus-format.js';
import type { TranslationStrategy } from './prometheus-names.js';

export interface PrometheusReaderOptions extends Omit<MetricReaderOptions, 'temporality'> {
  /** Who may ask: `localhost`, the default, is this machine alone; `0.0.0.0` is everybody who reaches it. */
  readonly host?: string | undefined;
  /** Default 9464; 0: a free one, told by `listening`. */
  readonly port?: number | undefined;
  /** Default `/metrics`. */
  readonly path?: string | undefined;
  /** `false`: no server; `handler` is put into one of the program's own. Default `true`. */
  readonly serve?: boolean | undefined;
  /** The scope of a metric as labels `otel_scope_…`. Default `true`. */
  readonly scopeInfo?: boolean | undefined;
  /** The resource as the metric `target_info`. Default `true`. */
  readonly targetInfo?: boolean | undefined;
  /** Attributes of the resource that are labels of every series too, by key; `*` and `?` stand for any characters and any one. Default: none. */
  readonly resourceLabels?: KeyChoice | undefined;
  /** How names are translated. Default `underscore_escaping_with_suffixes`. */
  readonly translationStrategy?: TranslationStrategy | undefined;
}

export interface PrometheusReader extends MetricReader {
  /** Answers a scrape, whatever its path. */
  readonly handler: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** Settles when the endpoint can be asked: its address. Rejects where it cannot listen; that is reported as well. Never settles without a start. */
  readonly listening: Promise<string>;
}

/** A scraper that says nothing waits ten seconds. */
const defaultTimeoutMs = 10_000;

/**
 * An endpoint that Prometheus, and whatever reads its formats, can scrape (specification "Prometheus Exporter"): collected when asked, counted from the start. It
 * listens when telemetry starts, `start({ metrics: { readers: [prometheusReader()] } })`, until its shutdown, and does not keep the program alive.
 */
export function prometheusReader(options: PrometheusReaderOptions = {}): PrometheusReader {
  const {
    host = 'localhost',
    port = 9464,
    path = '/metrics',
    serve = true,
    scopeInfo = true,
    targetInfo = true,
    resourceLabels,
    translationStrategy: strategy = 'underscore_escaping_with_suffixes',
    ...readerOptions
  } = options;
  const reader = createMetricReader({ ...readerOptions, temporality: 'cumulative' });
  const accumulate = createDeltaAccumulator();
  let settle: { readonly resolve: (url: string) => void; readonly reject: (error: Error) => void };
  const listening = new Promise<string>((resolve, reject) => {
    settle = { resolve, reject };
  });
  listening.catch(() => {});
  let server: Server | undefined;
  let report: Report = () => {};

  async function handler(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await answer(request, response);
    } catch (error) {
      // What nobody catches ends the program.
      report('error', 'prometheus-collection', `Metrics could not be written for Prometheus: ${error}`);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const format = negotiateFormat(request.headers.accept);
    const seconds = Number(request.headers['x-prometheus-scrape-timeout-seconds']);
    // A little less than the scraper waits, so that what did not hang is told.
    const timeoutMs = seconds > 0 ? seconds * 900 : defaultTimeoutMs;
    const { resourceMetrics, errors } = await reader.collect({ timeoutMs });
    for (const error of errors) report('warn', 'prometheus-collection', `Collected for Prometheus: ${error}`);
    const whole: ResourceMetrics = { ...resourceMetrics, scopeMetrics: accumulate(resourceMetrics.scopeMetrics) };
    let body: Uint8Array = Buffer.from(
      formatMetrics(whole, {
        format,
        strategy,
        scopeLabels: scopeInfo,
        targetInfo,
        resourceLabels: (key) => resourceLabels !== undefined && isChosen(resourceLabels, key),
        warn: (message) => report('warn', 'prometheus-conflict', message),
      }),
    );
    response.setHeader('content-type', format.contentType);
    response.setHeader('vary', 'accept, accept-encoding');
    if (/\bgzip\b/.test(String(request.headers['accept-encoding']))) {
      body = process.getBuiltinModule('node:zlib').gzipSync(body);
      response.setHeader('content-encoding', 'gzip');
    }
    response.setHeader('content-length', body.length);
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  function listen(): void {
    server = createServer((request, response) => {
      const isHere = request.url?.split('?', 1)[0] === path;
      if (isHere && /^(?:GET|HEAD)$/.test(request.method ?? '')) {
        void handler(request, response);
        return;
      }
      response.writeHead(isHere ? 405 : 404, isHere ? { allow: 'GET, HEAD' } : {}).end();
    });
    const unreachable = (error: Error) => {
      report('error', 'prometheus-unreachable', `Metrics cannot be scraped at ${host}:${port}: ${error.message}`);
      settle.reject(error);
    };
    server.on('error', unreachable);
    try {
      server.listen(port, host, () => {
        const taken = (server!.address() as AddressInfo).port;
        settle.resolve(`http://${host.includes(':') ? `[${host}]` : host}:${taken}${path}`);
      });
    } catch (error) {
      // A port that is none is said at once.
      unreachable(error as Error);
    }
    // Telemetry never keeps a program alive, and neither does who asks it.
    server.unref();
    server.on('connection', (socket) => socket.unref());
  }

  return {
    handler,
    listening,
    attach(given) {
      if (!reader.attach(given)) return false;
      report = given.report;
      if (serve && !server) listen();
      return true;
    },
    flush: reader.flush,
    async shutdown(timeoutMs) {
      const done = reader.shutdown(timeoutMs);
      server?.close();
      server?.closeAllConnections();
      return done;
    },
  };
}
