import { SETTINGS, type Setting, type SettingsOf } from './settings.js';

/** Of `up`, what a gateway has as well. */
const SHARED = [
  'host',
  'otlp-http-port',
  'otlp-grpc-port',
  'cors-origin',
  'allow-host',
  'tls-cert',
  'tls-key',
  'tls-ca',
  'mqtt',
  'mqtt-topic',
  'mqtt-ca',
  'watch',
  'redact',
  'drop',
  'sample',
  'max-body',
  'own-metrics',
  'own-metrics-to',
  'own-metrics-header',
  'log-format',
  'log-level',
] as const;
type Shared = (typeof SHARED)[number];
const isShared = (setting: Setting): boolean => SHARED.some((name) => name === setting.name);

export const GATEWAY_SETTINGS = [
  {
    name: 'to',
    kind: 'list',
    placeholder: 'URL',
    about:
      'Where batches go: http:// or https:// (OTLP/HTTP), grpc:// or grpcs://. Given twice or more, each batch goes to one of them, always the same, and to another only when it was not written down for the first yet.',
  },
  {
    name: 'header',
    kind: 'list',
    hasCommas: true,
    placeholder: 'NAME=VALUE',
    about: 'Send this header with every batch, such as authorization. It is never written to the disk. Repeatable.',
  },
  {
    name: 'protocol',
    kind: 'text',
    placeholder: 'PROTOCOL',
    choices: ['http', 'grpc'],
    about: 'What is spoken with an http:// or https:// address. Default: http.',
  },
  {
    name: 'compression',
    kind: 'text',
    placeholder: 'CODING',
    fallback: 'none',
    choices: ['none', 'gzip'],
    about: 'gzip packs batches on their way: about an eighth of the bytes, and more work here.',
  },
  {
    name: 'ca',
    kind: 'text',
    placeholder: 'FILE',
    about: "Authority of the destination's certificate (PEM), where it is not one that everybody knows.",
  },
  {
    name: 'client-cert',
    kind: 'text',
    placeholder: 'FILE',
    about: 'Certificate (PEM) to show to a destination that asks for one.',
  },
  { name: 'client-key', kind: 'text', placeholder: 'FILE', about: 'Private key of that certificate (PEM).' },
  {
    name: 'data',
    kind: 'text',
    placeholder: 'DIRECTORY',
    fallback: '.throughline-gateway',
    about: 'Where batches wait until they have arrived.',
  },
  {
    name: 'spool',
    kind: 'number',
    placeholder: 'MIB',
    fallback: 1024,
    minimum: 16,
    maximum: 16777216,
    about: 'What may wait there, in MiB; beyond it senders are told to wait.',
  },
  {
    name: 'connections',
    kind: 'number',
    placeholder: 'COUNT',
    fallback: 8,
    minimum: 1,
    maximum: 256,
    about: 'Batches under way to each destination together.',
  },
  {
    name: 'in-flight',
    kind: 'number',
    placeholder: 'MIB',
    fallback: 16,
    minimum: 1,
    maximum: 65536,
    about: 'Requests that may be in memory together, in MiB; beyond it senders are told to wait.',
  },
  {
    name: 'status-port',
    kind: 'number',
    placeholder: 'PORT',
    fallback: 4319,
    minimum: 0,
    maximum: 65535,
    about: 'Port for /livez, /readyz and /metrics; the next free one where it is taken.',
  },
  ...(SETTINGS.filter(isShared) as Extract<(typeof SETTINGS)[number], { readonly name: Shared }>[]),
] as const satisfies readonly Setting[];

export type GatewaySettings = SettingsOf<typeof GATEWAY_SETTINGS>;
