import { LOG_FORMATS, LOG_LEVELS } from '../ops/log.js';
import { FORWARDING } from './forwarding-settings.js';

/** One thing that can be set: by flag, by environment, in the file. Everything that shows or reads settings works from this table. */
export interface Setting {
  /** The flag without dashes, and the key in the file. The environment variable is `THROUGHLINE_` and this in capitals. */
  readonly name: string;
  readonly kind: 'text' | 'list' | 'number';
  /** What stands for the value in `--help`. */
  readonly placeholder: string;
  readonly fallback?: string | number;
  readonly minimum?: number;
  readonly maximum?: number;
  /** Of a text: what it may be. */
  readonly choices?: readonly string[];
  /** Of a list: a comma belongs to a value. The environment then has a line for each. */
  readonly hasCommas?: boolean;
  readonly about: string;
}

export const SETTINGS = [
  {
    name: 'host',
    kind: 'text',
    placeholder: 'ADDRESS',
    fallback: '127.0.0.1',
    about: 'Where to listen. 0.0.0.0 makes the collector reachable from other machines.',
  },
  {
    name: 'otlp-http-port',
    kind: 'number',
    placeholder: 'PORT',
    fallback: 4318,
    minimum: 0,
    maximum: 65535,
    about: 'Port for OTLP/HTTP; 0 takes any free one.',
  },
  {
    name: 'otlp-grpc-port',
    kind: 'number',
    placeholder: 'PORT',
    fallback: 4317,
    minimum: 0,
    maximum: 65535,
    about: 'Port for OTLP/gRPC; 0 takes any free one.',
  },
  {
    name: 'explorer-port',
    kind: 'number',
    placeholder: 'PORT',
    fallback: 4319,
    minimum: 0,
    maximum: 65535,
    about: 'Port for the explorer and the API; the next free one where it is taken.',
  },
  {
    name: 'data',
    kind: 'text',
    placeholder: 'DIRECTORY',
    fallback: '.throughline',
    about: 'Where telemetry is kept: the spool, and the embedded ClickHouse engine.',
  },
  {
    name: 'clickhouse',
    kind: 'text',
    placeholder: 'URL',
    about: 'Keep telemetry in this ClickHouse instead: http://user:password@host:8123/database',
  },
  {
    name: 'retention',
    kind: 'number',
    placeholder: 'DAYS',
    minimum: 1,
    maximum: 36500,
    about: 'Forget telemetry older than this many days. Without it everything is kept.',
  },
  {
    name: 'max-size',
    kind: 'number',
    placeholder: 'MIB',
    minimum: 64,
    maximum: 1048576000,
    about: 'Forget the oldest days when more is kept than this many MiB; today stays. Without it size is no reason.',
  },
  {
    name: 'tour',
    kind: 'text',
    placeholder: 'URL',
    about: 'Where the example shop is open: the explorer then offers a tour through it. `npm start` says it by itself.',
  },
  {
    name: 'cors-origin',
    kind: 'list',
    placeholder: 'ORIGIN',
    about:
      'Pages that may send, besides those of this machine: https://shop.example.com, https://*.example.com, or * for all. Repeatable.',
  },
  {
    name: 'allow-host',
    kind: 'list',
    placeholder: 'NAME',
    about: 'Names under which the explorer may be asked, besides localhost and addresses in digits. Repeatable.',
  },
  {
    name: 'tls-cert',
    kind: 'text',
    placeholder: 'FILE',
    about: 'Certificate (PEM). With --tls-key everything is served over TLS.',
  },
  { name: 'tls-key', kind: 'text', placeholder: 'FILE', about: 'Private key of the certificate (PEM).' },
  {
    name: 'tls-ca',
    kind: 'text',
    placeholder: 'FILE',
    about: 'Take OTLP only from clients with a certificate of this authority (PEM).',
  },
  {
    name: 'mqtt',
    kind: 'text',
    placeholder: 'URL',
    about: 'Take OTLP from this MQTT 5 broker too: mqtt://user:password@host:1883, or mqtts:// for TLS.',
  },
  {
    name: 'mqtt-topic',
    kind: 'text',
    placeholder: 'TOPIC',
    fallback: 'throughline',
    about:
      'In front of /v1/traces, /v1/metrics and /v1/logs at the broker. A filter: devices/+/otlp takes those of all devices.',
  },
  {
    name: 'mqtt-ca',
    kind: 'text',
    placeholder: 'FILE',
    about: "Authority of the broker's certificate (PEM), where it is not one that everybody knows.",
  },
  {
    name: 'watch',
    kind: 'list',
    placeholder: 'FOLDER',
    about:
      'Take telemetry from files that programs leave in this folder: frames, which are emptied, and OTLP/JSON lines, which are followed. Repeatable.',
  },
  {
    name: 'redact',
    kind: 'list',
    hasCommas: true,
    placeholder: 'RULE',
    about:
      'Take out of attributes before anything is kept: tokens, cookies, cards, emails, or delete:KEY, replace:KEY, hash:KEY (with * and ?), replace:/PATTERN/. Repeatable.',
  },
  {
    name: 'drop',
    kind: 'list',
    hasCommas: true,
    placeholder: 'RULE',
    about:
      'Keep nothing of what this names: traces:name=GET /health*, logs:service=NAME, metrics:name=NAME, or the key of an attribute. Repeatable.',
  },
  {
    name: 'sample',
    kind: 'text',
    placeholder: 'PERCENT',
    about: 'Keep this share of traces, chosen by their ids, so that all spans of one share its fate.',
  },
  {
    name: 'max-body',
    kind: 'number',
    placeholder: 'MIB',
    fallback: 64,
    minimum: 1,
    maximum: 1024,
    about: 'Largest export request, also after it is unpacked, in MiB.',
  },
  {
    name: 'in-flight',
    kind: 'number',
    placeholder: 'MIB',
    fallback: 40,
    minimum: 1,
    maximum: 65536,
    about: 'Requests that may be in memory together, in MiB; beyond it senders are told to wait.',
  },
  {
    name: 'memory',
    kind: 'number',
    placeholder: 'MIB',
    fallback: 160,
    minimum: 32,
    maximum: 65536,
    about: 'What the receiving process may use of memory, in MiB; beyond it requests are refused before they are read.',
  },
  {
    name: 'spool',
    kind: 'number',
    placeholder: 'MIB',
    fallback: 4096,
    minimum: 16,
    maximum: 16777216,
    about: 'Telemetry that may wait on disk for the store, in MiB.',
  },
  {
    name: 'disk-reserve',
    kind: 'number',
    placeholder: 'MIB',
    minimum: 1,
    maximum: 1048576,
    about:
      'What must stay free on the disk, in MiB; below it senders are told to wait. Default: a twentieth of the disk, at most 1024.',
  },
  {
    name: 'engine-memory',
    kind: 'number',
    placeholder: 'MIB',
    minimum: 400,
    maximum: 1048576,
    about: 'Memory of the embedded engine, in MiB. Default: a quarter of the machine, 400 to 700.',
  },
  {
    name: 'readers',
    kind: 'number',
    placeholder: 'COUNT',
    fallback: 4,
    minimum: 1,
    maximum: 64,
    about: 'Questions that the embedded engine answers at once; others wait in line.',
  },
  {
    name: 'sql-seconds',
    kind: 'number',
    placeholder: 'SECONDS',
    fallback: 15,
    minimum: 0,
    maximum: 3600,
    about: 'What a statement of the SQL view may take, in seconds; 0: none is run.',
  },
  {
    name: 'sql-rows',
    kind: 'number',
    placeholder: 'COUNT',
    fallback: 10000,
    minimum: 1,
    maximum: 1000000,
    about: 'Rows of the answer to one.',
  },
  {
    name: 'sql-memory',
    kind: 'number',
    placeholder: 'MIB',
    fallback: 256,
    minimum: 16,
    maximum: 1048576,
    about: 'Memory that one may have, in MiB.',
  },
  {
    name: 'sql-clickhouse',
    kind: 'text',
    placeholder: 'URL',
    about:
      'With --clickhouse: the same database as a user who may read it and nothing else, http://reader:password@host:8123/database. The SQL view asks as this one.',
  },
  ...FORWARDING,
  {
    name: 'own-metrics',
    kind: 'number',
    placeholder: 'SECONDS',
    fallback: 0,
    minimum: 0,
    maximum: 86400,
    about:
      "Keep the collector's own numbers, those of /metrics, as OTLP metrics of the service throughline, every so many seconds; 0: not.",
  },
  {
    name: 'own-metrics-to',
    kind: 'text',
    placeholder: 'URL',
    about: 'Send them to this collector instead: http:// or https:// (OTLP/HTTP), grpc:// or grpcs://.',
  },
  {
    name: 'own-metrics-header',
    kind: 'list',
    hasCommas: true,
    placeholder: 'NAME=VALUE',
    about: 'Send this header with them, such as authorization. Repeatable.',
  },
  {
    name: 'log-format',
    kind: 'text',
    placeholder: 'FORMAT',
    fallback: 'text',
    choices: LOG_FORMATS,
    about: 'text: sentences; json: an object a line, with time, level, message and fields.',
  },
  {
    name: 'log-level',
    kind: 'text',
    placeholder: 'LEVEL',
    fallback: 'info',
    choices: LOG_LEVELS,
    about: 'debug, info, warn or error: what is less is not said.',
  },
] as const satisfies readonly Setting[];

/** What a table of settings is read into. Numbers without a default are `undefined` where nobody set them, texts too. */
export type SettingsOf<Table extends readonly Setting[]> = {
  readonly [One in Table[number] as One['name']]: One['kind'] extends 'list'
    ? readonly string[]
    : (One['kind'] extends 'number' ? number : string) | undefined;
};

export type Settings = SettingsOf<typeof SETTINGS>;

export const environmentName = (name: string): string => `THROUGHLINE_${name.replaceAll('-', '_').toUpperCase()}`;
