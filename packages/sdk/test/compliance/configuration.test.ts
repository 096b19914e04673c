import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import * as yaml from 'yaml';
import { ConfigurationError, parseConfiguration } from '../../src/runtimes/node/configuration/index.js';

/*
 * Specification "Configuration SDK", Parse and "Configuration Data Model". That the official examples parse was looked at beside these tests; the files here are our own.
 */

const folder = mkdtempSync(join(tmpdir(), 'throughline-configuration-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const whole = fileURLToPath(new URL('configurations/whole.yaml', import.meta.url));

let files = 0;
function written(text: string, extension = 'yaml'): string {
  const file = join(folder, `otel-${files++}.${extension}`);
  writeFileSync(file, text);
  return file;
}

/** What is said of a file that cannot be used, line by line and without its folder. */
function problemsOf(file: string, env: Record<string, string> = {}): string[] {
  try {
    parseConfiguration(file, { env });
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message.replaceAll(`${folder}/`, '').split('\n');
  }
  throw new Error('it was parsed');
}

/** The value behind `key:` in a file that says so. */
const keyOf = (text: string, env: Record<string, string | undefined> = {}): unknown =>
  parseConfiguration(written(`file_format: "1.0"\ndistribution:\n  key: ${text}\n`), { env }).distribution?.key;

test('a file that says everything is parsed, and every value of it is in the model', () => {
  const model = parseConfiguration(whole, { env: {} });
  const text = yaml.parse(readFileSync(whole, 'utf8'), { version: '1.2', schema: 'core' });
  text.resource.attributes[0].value = 'orders';
  expect(model).toEqual(text);
});

test('YAML is what is read: blocks, brackets, quotes, comments, aliases, under both endings of a name', () => {
  const text = `# JSON is YAML too
"file_format": '1.1'
tracer_provider:
  processors:
  - batch: &way {exporter: {otlp_http: {endpoint: "http://localhost:4318/v1/traces"}}} # an anchor
  - batch: *way
  - simple:
      exporter:
        console:
resource: {attributes: [{name: note, value: "folded
    text"}]}
`;
  const model = parseConfiguration(written(text, 'yml'));
  expect(model).toEqual({
    file_format: '1.1',
    tracer_provider: {
      processors: [
        { batch: { exporter: { otlp_http: { endpoint: 'http://localhost:4318/v1/traces' } } } },
        { batch: { exporter: { otlp_http: { endpoint: 'http://localhost:4318/v1/traces' } } } },
        { simple: { exporter: { console: null } } },
      ],
    },
    resource: { attributes: [{ name: 'note', value: 'folded text' }] },
  });
  expect(parseConfiguration(written('{"file_format": "1.0", "disabled": true}'))).toEqual({
    file_format: '1.0',
    disabled: true,
  });
  expect(problemsOf(written('file_format: "1.0"', 'json'))).toEqual([expect.stringContaining('call it .yaml or .yml')]);
  expect(problemsOf(join(folder, 'nowhere.yaml'))).toEqual([
    expect.stringContaining('nowhere.yaml: the file cannot be read'),
  ]);
});

// The variables and rows are those of the specification's own table.
const variables = {
  STRING_VALUE: 'value',
  BOOL_VALUE: 'true',
  INT_VALUE: '1',
  FLOAT_VALUE: '1.1',
  HEX_VALUE: '0xdeadbeef',
  INVALID_MAP_VALUE: 'value\nkey:value',
  DO_NOT_REPLACE_ME: 'Never use this value',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the configuration's own syntax
  REPLACE_ME: '${DO_NOT_REPLACE_ME}',
  VALUE_WITH_ESCAPE: 'value$$',
  EMPTY: '',
};

test('environment variables are substituted in values, once, before types are told; dollars are escaped', () => {
  const rows: readonly (readonly [string, unknown])[] = [
    ['$' + '{STRING_VALUE}', 'value'],
    ['$' + '{BOOL_VALUE}', true],
    ['$' + '{INT_VALUE}', 1],
    ['$' + '{FLOAT_VALUE}', 1.1],
    ['$' + '{HEX_VALUE}', 0xdeadbeef],
    ['"$' + '{STRING_VALUE}"', 'value'],
    ['"$' + '{BOOL_VALUE}"', 'true'],
    ['"$' + '{INT_VALUE}"', '1'],
    ["'$" + "{HEX_VALUE}'", '0xdeadbeef'],
    ['$' + '{env:STRING_VALUE}', 'value'],
    ['$' + '{INVALID_MAP_VALUE}', 'value\nkey:value'],
    ['foo $' + '{STRING_VALUE} $' + '{FLOAT_VALUE}', 'foo value 1.1'],
    ['$' + '{UNDEFINED_KEY}', null],
    ['$' + '{EMPTY:-fallback}', 'fallback'],
    ['$' + '{UNDEFINED_KEY:-fallback}', 'fallback'],
    ['$' + '{UNDEFINED_KEY:-5}', 5],
    ['$' + '{REPLACE_ME}', '$' + '{DO_NOT_REPLACE_ME}'],
    ['$' + '{UNDEFINED_KEY:-$' + '{STRING_VALUE}}', '$' + '{STRING_VALUE}'],
    ['$$' + '{STRING_VALUE}', '$' + '{STRING_VALUE}'],
    ['$$$' + '{STRING_VALUE}', '$value'],
    ['$$$$' + '{STRING_VALUE}', '$$' + '{STRING_VALUE}'],
    ['$$' + '{STRING_VALUE:-fallback}', '$' + '{STRING_VALUE:-fallback}'],
    ['$$' + '{STRING_VALUE:-$' + '{STRING_VALUE}}', '$' + '{STRING_VALUE:-value}'],
    ['$' + '{UNDEFINED_KEY:-$$' + '{UNDEFINED_KEY}}', '$' + '{UNDEFINED_KEY:-$' + '{UNDEFINED_KEY}}'],
    ['$' + '{VALUE_WITH_ESCAPE}', 'value$$'],
    ['a $$ b', 'a $ b'],
    ['a $ b', 'a $ b'],
  ];
  for (const [text, expected] of rows) expect([text, keyOf(text, variables)]).toEqual([text, expected]);
  // Keys are not for substitution.
  const keys = parseConfiguration(written('file_format: "1.0"\ndistribution:\n  $' + '{STRING_VALUE}: value\n'), {
    env: variables,
  });
  expect(keys.distribution).toEqual({ ['$' + '{STRING_VALUE}']: 'value' });
  for (const bad of ['$' + '{STRING_VALUE:?error}', '$' + '{1API_KEY}', '$' + '{API_$KEY}', '$' + '{sys:name}'])
    expect(problemsOf(written(`file_format: "1.0"\ndistribution:\n  key: ${bad}\n`), variables)).toEqual([
      expect.stringMatching(
        /^otel-\d+\.yaml:3: distribution\.key has \$\{.*a "\$" of the text itself is written "\$\$"$/,
      ),
    ]);
});

test('the model has the names of the file, its types, and tells a key without a value from one that is missing', () => {
  const model = parseConfiguration(
    written(`file_format: 1.0
log_level: debug2
attribute_limits:
  attribute_value_length_limit:
meter_provider:
  readers:
    - periodic: { interval: 5, exporter: { console: } }
  views:
    - selector: { instrument_name: some.metric }
      stream:
        aggregation:
          drop:
`),
  );
  expect(model).toEqual({
    file_format: '1.0',
    log_level: 'debug2',
    attribute_limits: { attribute_value_length_limit: null },
    meter_provider: {
      readers: [{ periodic: { interval: 5, exporter: { console: null } } }],
      views: [{ selector: { instrument_name: 'some.metric' }, stream: { aggregation: { drop: null } } }],
    },
  });
  expect('attribute_count_limit' in model.attribute_limits!).toBe(false);
});

test('a component that is not built in is its name and its properties, whatever these are', () => {
  const model = parseConfiguration(
    written(`file_format: "1.0"
tracer_provider:
  processors:
    - my-processor:
    - batch:
        exporter:
          my-exporter:
            config-parameter: \${WHERE:-here}
            list: [1, {a: true}]
  sampler:
    my-sampler: { deep: { er: null } }
propagator:
  composite:
    - my-format: {}
`),
    { env: {} },
  );
  expect(model.tracer_provider?.processors).toEqual([
    { 'my-processor': {} },
    { batch: { exporter: { 'my-exporter': { 'config-parameter': 'here', list: [1, { a: true }] } } } },
  ]);
  expect(model.tracer_provider?.sampler).toEqual({ 'my-sampler': { deep: { er: null } } });
  expect(model.propagator?.composite).toEqual([{ 'my-format': {} }]);
});

test('everything that is wrong is named at once, with file, line, key, what is expected and the name that was probably meant', () => {
  const file = written(`file_format: "2.0"
tracer_provider:
  procesors:
    - batch:
        exporter: { console: }
  sampler:
    parent_based:
      local_parent_sampled: always_on
  limits:
    eventCountLimit: 5
    link_count_limit: many
    attribute_count_limit: -1
meter_provider:
  readers:
    - periodic:
        exporter: { otlp_http: { headers: { a: b } } }
    - pushing:
  views: []
logger_provider:
  processors:
    - batch: { schedule_delay: 1.5 }
resource:
  attributes:
    - { name: deep, value: { a: 1 } }
    - name: 5
disabled: maybe
log_level: loud
traceprovider:
`);
  expect(problemsOf(file).map((line) => line.replace(/^otel-\d+\.yaml:/, ''))).toEqual([
    '1: file_format is "2.0"; "1.0" and later of 1 are read',
    '3: tracer_provider.procesors is not known; did you mean processors?',
    '8: tracer_provider.sampler.parent_based.local_parent_sampled is "always_on"; one name of always_on, always_off, always_record, trace_id_ratio_based, probability/development, parent_based, jaeger_remote/development, composite/development, as a key is expected',
    '10: tracer_provider.limits.eventCountLimit is not known; did you mean event_count_limit?',
    '11: tracer_provider.limits.link_count_limit is "many"; a whole number of at least 0 is expected',
    '12: tracer_provider.limits.attribute_count_limit is -1; a whole number of at least 0 is expected',
    '16: meter_provider.readers[0].periodic.exporter.otlp_http.headers is a map; a list ("- …" on the lines below) is expected',
    '17: meter_provider.readers[1].pushing is not known; known are periodic, pull',
    '18: meter_provider.views is empty; leave it out, or name something',
    '21: logger_provider.processors[0].batch.schedule_delay is 1.5; a whole number of at least 0 is expected',
    '21: logger_provider.processors[0].batch.exporter is missing',
    '24: resource.attributes[0].value is no value of an attribute: a text, a number, a boolean, or a list of one of these kinds',
    '25: resource.attributes[1].name is 5; a text is expected; write "5" in quotes',
    '25: resource.attributes[1].value is missing',
    '26: disabled is "maybe"; true or false is expected',
    `27: log_level is "loud"; one of ${['trace', 'debug', 'info', 'warn', 'error', 'fatal'].flatMap((name) => ['', 2, 3, 4].map((digit) => name + digit)).join(', ')} is expected`,
    '28: traceprovider is not known; did you mean tracer_provider?',
  ]);
  // What is no YAML at all is named by its line too.
  expect(problemsOf(written('file_format: "1.0"\nresource:\n\tattributes: []\n'))).toEqual([
    expect.stringMatching(/^otel-\d+\.yaml:3: a tab is no indentation in YAML; use blanks$/),
  ]);
  // A key of the whole that is like none of the known ones is for others: anchors to be used below, say.
  expect(parseConfiguration(written('file_format: "1.0"\nx-shared: {}\n'))).toEqual({ file_format: '1.0' });
});

test('what a variable stands for is not repeated where it may be a secret, and what to write is told', () => {
  const configured = (token: string, level: string) =>
    written(`file_format: "1.0"
tracer_provider:
  processors:
    - simple:
        exporter:
          otlp_http:
            headers:
              - name: token
                value: ${token}
log_level: ${level}
`);
  const reference = `\${TOKEN}`;
  expect(problemsOf(configured(reference, `\${LEVEL}`), { TOKEN: '12345', LEVEL: 'loud' })).toEqual([
    expect.stringContaining(
      `headers[0].value is ${reference}, here a number; a text is expected; write "${reference}" in quotes`,
    ),
    expect.stringContaining('log_level is "loud"; one of trace,'),
  ]);
  const { tracer_provider: tracers } = parseConfiguration(configured(`"${reference}"`, 'info'), {
    env: { TOKEN: '12345' },
  });
  expect(tracers!.processors[0]!.simple!.exporter.otlp_http!.headers).toEqual([{ name: 'token', value: '12345' }]);
});
