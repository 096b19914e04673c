import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { settingsFile, upHelp } from './help.js';
import { readSettings } from './read-settings.js';
import { environmentName, SETTINGS } from './settings.js';

const directory = mkdtempSync(join(tmpdir(), 'throughline-settings-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
function file(text: string): string {
  const path = join(directory, `${Math.random()}.yaml`);
  writeFileSync(path, text);
  return path;
}

test('flags count before the environment, the environment before the file, the file before defaults', () => {
  const config = file(
    'host: 10.0.0.1\nretention: 7\notlp-http-port: 1\ncors-origin: [https://a.example, https://b.example]\n',
  );
  const settings = readSettings(['--config', config, '--otlp-http-port', '3'], {
    THROUGHLINE_OTLP_HTTP_PORT: '2',
    THROUGHLINE_RETENTION: '14',
    THROUGHLINE_ALLOW_HOST: 'x, y',
  });
  expect(settings).toMatchObject({
    host: '10.0.0.1',
    retention: 14,
    'otlp-http-port': 3,
    'otlp-grpc-port': 4317,
    'cors-origin': ['https://a.example', 'https://b.example'],
    'allow-host': ['x', 'y'],
    clickhouse: undefined,
  });
});

test('lists may be repeated or separated by commas', () => {
  expect(
    readSettings(['--cors-origin', 'https://a.example,https://b.example', '--cors-origin=*'], {})['cors-origin'],
  ).toEqual(['https://a.example', 'https://b.example', '*']);
});

describe('what is wrong is said in one sentence', () => {
  test.each([
    [
      'a mistyped flag',
      ['--otlp-htp-port', '1'],
      {},
      'There is no option --otlp-htp-port. Did you mean --otlp-http-port?',
    ],
    ['a flag without its value', ['--data'], {}, '--data needs a value.'],
    ['a flag in place of a value', ['--data', '--host', '::'], {}, '--data needs a value.'],
    ['a word that does not belong', ['now'], {}, '"now" is not expected here.'],
    [
      'a port that is none',
      ['--otlp-http-port', '99999'],
      {},
      '--otlp-http-port must be a whole number from 0 to 65535, not "99999".',
    ],
    [
      'a number that is none',
      [],
      { THROUGHLINE_RETENTION: '7d' },
      'THROUGHLINE_RETENTION must be a whole number from 1 to 36500, not "7d".',
    ],
    [
      'a mistyped variable',
      [],
      { THROUGHLINE_RETENTON: '7' },
      'There is no setting for the environment variable THROUGHLINE_RETENTON. Did you mean THROUGHLINE_RETENTION?',
    ],
    [
      'a file that is not there',
      ['--config', '/nowhere.yaml'],
      {},
      'The settings file /nowhere.yaml cannot be read: there is no such file.',
    ],
  ] as [string, string[], Record<string, string>, string][])('%s', (_, args, environment, message) => {
    expect(() => readSettings(args, environment)).toThrow(message);
  });
  test('an empty value, which would be the directory one stands in', () => {
    expect(() => readSettings(['--data='], {})).toThrow('--data needs a value.');
  });
  test('values in the file that are no values, and aliases of nothing', () => {
    expect(() => readSettings(['--config', file('data: {a: 1}')], {})).toThrow(/data in .* must be a value/);
    expect(() => readSettings(['--config', file('cors-origin: [{a: 1}]')], {})).toThrow(/must be a value or a list/);
    expect(() => readSettings(['--config', file('data: *x')], {})).toThrow(/is not YAML: Unresolved alias/);
  });
  test('a mistyped name in the file', () => {
    expect(() => readSettings(['--config', file('retenton: 3')], {})).toThrow(
      /There is no setting "retenton" \(in .*\)\. Did you mean retention\?/,
    );
  });
  test('a file that is not YAML', () => {
    expect(() => readSettings(['--config', file('a: [')], {})).toThrow(/is not YAML/);
    expect(() => readSettings(['--config', file('just words')], {})).toThrow(/must hold lines of the form/);
  });
});

test('a variable of somebody else is left alone', () => {
  expect(readSettings([], { THROUGHLINE_SOMETHING_ELSE_ENTIRELY: '1' }).host).toBe('127.0.0.1');
});

test('every setting is explained in the help and in the printed file, and the printed file is one', () => {
  const help = upHelp();
  const printed = settingsFile();
  for (const { name } of SETTINGS) {
    expect(help).toContain(`--${name} `);
    expect(printed).toContain(`\n#${name}: `);
  }
  expect(help).toContain(environmentName('otlp-http-port'));
  expect(parse(printed)).toBeNull();
  // With every # before a name removed it is read, each example for what it is.
  const examples = printed
    .replace(/^#(?=[a-z-]+: )/gm, '')
    .replace(/: (days|mib)$/gm, ': 400')
    .replaceAll(', …', '');
  expect(readSettings(['--config', file(examples)], {})).toMatchObject({
    retention: 400,
    'cors-origin': ['origin'],
    clickhouse: 'url',
  });
});
