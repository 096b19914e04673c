import type { Setting } from './settings.js';

/** How batches are handed on: the same for `up --forward` and `gateway --to`, but for the words in front. */
export const FORWARDING = [
  {
    name: 'forward',
    kind: 'text',
    placeholder: 'URL',
    about:
      'Hand on everything that is stored to this collector too: http:// or https:// (OTLP/HTTP), grpc:// or grpcs://. To another Throughline each batch once, to others at least once.',
  },
  {
    name: 'forward-header',
    kind: 'list',
    hasCommas: true,
    placeholder: 'NAME=VALUE',
    about:
      'Send this header with what is handed on, such as authorization. It is never written to the disk. Repeatable.',
  },
  {
    name: 'forward-ca',
    kind: 'text',
    placeholder: 'FILE',
    about: "Authority of the other collector's certificate (PEM), where it is not one that everybody knows.",
  },
  {
    name: 'forward-compression',
    kind: 'text',
    placeholder: 'CODING',
    fallback: 'none',
    choices: ['none', 'gzip'],
    about: 'gzip packs what is handed on: about an eighth of the bytes on the way, and more work here.',
  },
  {
    name: 'forward-spool',
    kind: 'number',
    placeholder: 'MIB',
    fallback: 1024,
    minimum: 16,
    maximum: 16777216,
    about: 'What may wait on disk to be handed on, in MiB; beyond it senders are told to wait.',
  },
] as const satisfies readonly Setting[];
