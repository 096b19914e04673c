import { expect, test } from 'vitest';
import { suggest } from './suggest.js';

test('the nearest word is offered, and none when nothing is near', () => {
  const known = ['otlp-http-port', 'cors-origin', 'retention', 'data'];
  expect(
    ['otpl-http-port', 'cors-orgin', 'retain', 'retentoin', 'dat', 'zebra', 'x'].map((word) =>
      suggest(word, known, '--'),
    ),
  ).toEqual([
    ' Did you mean --otlp-http-port?',
    ' Did you mean --cors-origin?',
    '',
    ' Did you mean --retention?',
    ' Did you mean --data?',
    '',
    '',
  ]);
});

test('a word that is a part of several offers them all', () => {
  const known = ['otlp-http-port', 'otlp-grpc-port', 'explorer-port', 'data'];
  const all = ' Did you mean --otlp-http-port, --otlp-grpc-port or --explorer-port?';
  expect(['port', 'prot', 'ports'].map((word) => suggest(word, known, '--'))).toEqual([all, all, all]);
});
