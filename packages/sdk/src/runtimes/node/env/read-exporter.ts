import type { Signal } from '../../../core/batch.js';
import type { Environment } from './environment.js';

const protocols = ['http/protobuf', 'http/json', 'grpc'] as const;
export type OtlpProtocol = (typeof protocols)[number];

/** How `OTEL_EXPORTER_OTLP_*` describe where one signal goes. The form of a variable that names the signal wins over the general one. */
export interface OtlpSettings {
  readonly protocol: OtlpProtocol | undefined;
  /** An address to which the signal's path is still to be added. */
  readonly endpoint: string | undefined;
  /** The complete address of this signal; over HTTP it is used as it stands. */
  readonly signalEndpoint: string | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly compression: 'gzip' | 'br' | 'none' | undefined;
  /** Paths of PEM files. */
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  /** gRPC without TLS, where the address has no scheme that says so. */
  readonly insecure: boolean | undefined;
}

/** Specification "OpenTelemetry Protocol Exporter"; `br` is an addition, because Throughline's collector takes it. */
export function readOtlpSettings(environment: Environment, signal: Signal): OtlpSettings {
  const own = `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_`;
  const pick = <T>(read: (name: string) => T | undefined, name: string): T | undefined =>
    read(`${own}${name}`) ?? read(`OTEL_EXPORTER_OTLP_${name}`);
  const { string } = environment;
  return {
    protocol: pick((name) => environment.oneOf(name, protocols), 'PROTOCOL'),
    endpoint: string('OTEL_EXPORTER_OTLP_ENDPOINT'),
    signalEndpoint: string(`${own}ENDPOINT`),
    headers: pick(environment.pairs, 'HEADERS'),
    compression: pick((name) => environment.oneOf(name, ['gzip', 'br', 'none'] as const), 'COMPRESSION'),
    caFile: pick(string, 'CERTIFICATE'),
    certFile: pick(string, 'CLIENT_CERTIFICATE'),
    keyFile: pick(string, 'CLIENT_KEY'),
    insecure: pick(environment.boolean, 'INSECURE'),
  };
}

/** By signal, what can be named beside `none`. `logging` is what `console` was called. */
const exporterNames = {
  traces: ['otlp', 'zipkin', 'console', 'logging'],
  metrics: ['otlp', 'prometheus', 'console', 'logging'],
  logs: ['otlp', 'console', 'logging'],
} as const;
export type ExporterName = Exclude<(typeof exporterNames)[Signal][number], 'logging'>;

/**
 * `OTEL_TRACES_EXPORTER`, `OTEL_METRICS_EXPORTER`, `OTEL_LOGS_EXPORTER`: comma-separated, `none` alone turns sending off. `undefined` where unset;
 * an unknown name is reported and left out, and where nothing remains the default (`otlp`) stands.
 */
export function readExporterNames(environment: Environment, signal: Signal): readonly ExporterName[] | undefined {
  const name = `OTEL_${signal.toUpperCase()}_EXPORTER`;
  const members = environment.list(name)?.map((member) => member.toLowerCase());
  if (members === undefined) return undefined;
  if (members.includes('none')) {
    if (members.length > 1) environment.reject(name, '"none" stands beside other exporters; nothing is sent');
    return [];
  }
  const known = new Set<ExporterName>();
  for (const member of members) {
    const found = exporterNames[signal].find((one) => one === member);
    if (found) known.add(found === 'logging' ? 'console' : found);
    else {
      const names = exporterNames[signal].filter((one) => one !== 'logging');
      environment.reject(name, `the exporter "${member}" is not one of ${[...names, 'none'].join(', ')}`);
    }
  }
  return known.size > 0 ? [...known] : undefined;
}
