import { type Meter, metrics } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { bare, linesOf, openMetrics, scraped } from './scraped.js';

/*
 * Specification "Prometheus and OpenMetrics Compatibility": names of families and labels, units, help and types.
 */

test('names of metrics have letters, digits, underscores and colons alone', async () => {
  const { scrape } = await scraped((meter) => {
    for (const name of ['http.server.active-requests', 'a..b//c', 'z_._y']) meter.createGauge(name).record(1);
  }, bare);
  expect(linesOf(await scrape()).filter((line) => line[0] !== '#' && line)).toEqual([
    'http_server_active_requests 1',
    'a_b_c 1',
    'z_y 1',
  ]);
});

test('names in UTF-8 are for scrapers that ask for them, in quotes, where the strategy keeps them', async () => {
  const record = (meter: Meter) => meter.createCounter('foo.bar', { unit: 'By' }).add(1, { 'a.b': 'c' });
  const expected = {
    underscore_escaping_with_suffixes: ['foo_bar_bytes_total{a_b="c"} 1', 'foo_bar_bytes_total{a_b="c"} 1'],
    underscore_escaping_without_suffixes: ['foo_bar{a_b="c"} 1', 'foo_bar{a_b="c"} 1'],
    no_utf8_escaping_with_suffixes: ['foo_bar_bytes_total{a_b="c"} 1', '{"foo.bar_bytes_total",a_b="c"} 1'],
    no_translation: ['foo_bar{a_b="c"} 1', '{"foo.bar","a.b"="c"} 1'],
  } as const;
  for (const [translationStrategy, lines] of Object.entries(expected)) {
    const { scrape, telemetry } = await scraped(record, {
      ...bare,
      translationStrategy: translationStrategy as keyof typeof expected,
    });
    const found = [];
    for (const accept of ['text/plain;version=1.0.0', 'text/plain;version=1.0.0;escaping=allow-utf-8'])
      found.push(linesOf(await scrape(accept)).find((line) => line && line[0] !== '#'));
    expect([translationStrategy, ...found]).toEqual([translationStrategy, ...lines]);
    await telemetry.shutdown();
  }
});

test('a unit stands behind the name, before _total, once', async () => {
  const { scrape } = await scraped((meter) => {
    meter.createCounter('sent', { unit: 'By' }).add(1);
    meter.createCounter('sent_again_total', { unit: 'By' }).add(1);
    meter.createGauge('heap_bytes', { unit: 'By' }).record(1);
    meter.createGauge('ratio', { unit: '1' }).record(1);
    meter.createGauge('packets', { unit: '{packet}' }).record(1);
    meter.createGauge('own', { unit: 'widgets' }).record(1);
  }, bare);
  expect(linesOf(await scrape()).filter((line) => line && line[0] !== '#')).toEqual([
    'sent_bytes_total 1',
    'sent_again_bytes_total 1',
    'heap_bytes 1',
    'ratio 1',
    'packets 1',
    'own_widgets 1',
  ]);
});

test('units are whole words, of rates too', async () => {
  const units = {
    ms: 'milliseconds',
    s: 'seconds',
    min: 'minutes',
    MiBy: 'mebibytes',
    kBy: 'kilobytes',
    '%': 'percent',
    Cel: 'celsius',
    'm/s': 'meters_per_second',
    'By/min': 'bytes_per_minute',
    '{request}/s': 'per_second',
  };
  const { scrape } = await scraped((meter) => {
    for (const unit of Object.keys(units)) meter.createGauge('x', { unit }).record(1);
  }, bare);
  expect(linesOf(await scrape()).filter((line) => line && line[0] !== '#')).toEqual(
    Object.values(units).map((words) => `x_${words} 1`),
  );
});

test('OpenMetrics is told the unit of a family', async () => {
  const { scrape } = await scraped((meter) => {
    meter.createCounter('sent', { unit: 'By' }).add(1);
    meter.createGauge('plain').record(1);
  }, bare);
  const text = await scrape(openMetrics);
  expect(linesOf(text).filter((line) => /UNIT|EOF/.test(line))).toEqual(['# UNIT sent_bytes bytes', '# EOF']);
  expect(linesOf(text, 'sent_bytes_total')).toEqual(['sent_bytes_total 1']);
  expect(await scrape()).not.toContain('UNIT');
});

test('the description of a metric is its help, with what would end the line escaped', async () => {
  const { scrape } = await scraped(
    (meter) => meter.createGauge('described', { description: 'back\\slash,\nline and "quote"' }).record(1),
    bare,
  );
  expect(linesOf(await scrape(), 'described')[0]).toBe('# HELP described back\\\\slash,\\nline and "quote"');
  expect(linesOf(await scrape(openMetrics), 'described')[0]).toBe(
    '# HELP described back\\\\slash,\\nline and \\"quote\\"',
  );
});

test('the kind of a metric is its type, of every family', async () => {
  const { scrape } = await scraped((meter) => {
    meter.createCounter('c').add(1);
    meter.createUpDownCounter('u').add(1);
    meter.createGauge('g').record(1);
    meter.createHistogram('h').record(1);
    meter.createObservableCounter('oc').addCallback((result) => result.observe(1));
    meter.createObservableUpDownCounter('ou').addCallback((result) => result.observe(1));
  }, bare);
  const typesOf = (text: string) =>
    Object.fromEntries(
      linesOf(text).flatMap((line) => {
        const [, name, type] = /^# TYPE (\S+) (\w+)$/.exec(line) ?? [];
        return name ? [[name, type]] : [];
      }),
    );
  const same = { u: 'gauge', g: 'gauge', h: 'histogram', ou: 'gauge' };
  expect(typesOf(await scrape())).toEqual({ ...same, c_total: 'counter', oc_total: 'counter' });
  expect(typesOf(await scrape(openMetrics))).toEqual({ ...same, c: 'counter', oc: 'counter' });
});

test('a name has one type, help and unit in a scrape: another type is left out, another help is not, and both are told', async () => {
  const { scrape, diagnostics } = await scraped((meter) => {
    meter.createGauge('same', { description: 'first' }).record(1, { of: 'io.shop' });
    const other = metrics.getMeter('io.other');
    other.createGauge('same', { description: 'second' }).record(2, { of: 'io.other' });
    other.createHistogram('same').record(3);
    other.createGauge('same', { unit: '{thing}' }).record(4, { of: 'braces' });
  });
  const lines = linesOf(await scrape(), 'same');
  expect(lines.slice(0, 2)).toEqual(['# HELP same first', '# TYPE same gauge']);
  expect(lines.slice(2).map((line) => line.replace(/otel_scope_[^"]+"[^"]*",?/g, ''))).toEqual([
    'same{of="io.shop"} 1',
    'same{of="io.other"} 2',
    'same{of="braces"} 4',
  ]);
  const said = diagnostics.filter(({ code }) => code === 'prometheus-conflict').map(({ message }) => message);
  expect(said.length).toBeGreaterThan(0);
});

test('every series has the name and version of its scope', async () => {
  const { scrape } = await scraped((meter) => {
    meter.createCounter('hits').add(1);
    meter.createHistogram('h', { advice: { explicitBucketBoundaries: [1] } }).record(1);
    metrics.getMeter('plain', undefined, { schemaUrl: 'https://s/1' }).createGauge('g').record(1);
  });
  const lines = linesOf(await scrape()).filter((line) => line && line[0] !== '#' && !line.startsWith('target_info'));
  const scope = 'otel_scope_name="io.shop",otel_scope_version="1.2"';
  expect(lines).toEqual([
    `hits_total{${scope}} 1`,
    `h_bucket{${scope},le="1"} 1`,
    `h_bucket{${scope},le="+Inf"} 1`,
    `h_sum{${scope}} 1`,
    `h_count{${scope}} 1`,
    'g{otel_scope_name="plain",otel_scope_schema_url="https://s/1"} 1',
  ]);
});

test('attributes of a scope are labels too, but not in place of its name, version and schema URL', async () => {
  const { scrape } = await scraped(() => {
    const attributes = { 'team.name': 'cart', version: 'wrong', 'schema.url': 'wrong' };
    const provider = metrics.getMeterProvider() as {
      getMeter(name: string, version?: string, options?: object): Meter;
    };
    provider.getMeter('attributed', '7', { attributes }).createGauge('g').record(1);
  });
  expect(linesOf(await scrape(), 'g{')).toEqual([
    'g{otel_scope_name="attributed",otel_scope_version="7",otel_scope_team_name="cart"} 1',
  ]);
});

test('labels of scopes can be turned off', async () => {
  const { scrape } = await scraped((meter) => meter.createGauge('g').record(1), { scopeInfo: false });
  expect(linesOf(await scrape(), 'g ')).toEqual(['# HELP g ', '# TYPE g gauge', 'g 1']);
});

test('keys of attributes have letters, digits and underscores alone, and values what they say', async () => {
  const { scrape } = await scraped((meter) => {
    meter.createGauge('g').record(1, {
      'http.route': '/a"b\\c\nd',
      'x--y': true,
      '1st': 2,
      list: ['a', 'b'],
      snow: '\u2603 \ud83d\ude00',
    });
  }, bare);
  expect(linesOf(await scrape(), 'g{')).toEqual([
    'g{_1st="2",http_route="/a\\"b\\\\c\\nd",list="[\\"a\\",\\"b\\"]",snow="\u2603 \ud83d\ude00",x_y="true"} 1',
  ]);
});

test('keys that come to the same name are one label, with their values in the order of the keys', async () => {
  const { scrape } = await scraped((meter) => {
    meter.createGauge('g').record(1, { a_b: 'third', 'a.b': 'second', 'a-b': 'first', c: 'own' });
  }, bare);
  expect(linesOf(await scrape(), 'g{')).toEqual(['g{a_b="first;second;third",c="own"} 1']);
});

test('a label of the program called le is no bound of a histogram, and a key with a colon is quoted', async () => {
  const { scrape } = await scraped(
    (meter) => {
      meter.createHistogram('h', { advice: { explicitBucketBoundaries: [1] } }).record(1, { le: 'mine' });
      meter.createGauge('g').record(1, { 'a:b': 1 });
    },
    { ...bare, translationStrategy: 'no_translation' },
  );
  const text = await scrape('text/plain;version=1.0.0;escaping=allow-utf-8');
  expect(linesOf(text).filter((line) => line && line[0] !== '#')).toEqual([
    'h_bucket{exported_le="mine",le="1"} 1',
    'h_bucket{exported_le="mine",le="+Inf"} 1',
    'h_sum{exported_le="mine"} 1',
    'h_count{exported_le="mine"} 1',
    'g{"a:b"="1"} 1',
  ]);
});

test('a gauge whose unit is 1 is a ratio by its name, a counter is not', async () => {
  const { scrape } = await scraped((meter) => {
    meter.createGauge('used', { unit: '1' }).record(0.5);
    meter.createCounter('jobs', { unit: '1' }).add(1);
    meter.createUpDownCounter('open', { unit: '1' }).add(1);
  }, bare);
  expect(linesOf(await scrape()).filter((line) => line && line[0] !== '#')).toEqual([
    'used_ratio 0.5',
    'jobs_total 1',
    'open 1',
  ]);
});

test('a metric without a name costs no other', async () => {
  const { scrape, diagnostics } = await scraped((meter) => {
    meter.createGauge('').record(1);
    meter.createGauge('named').record(2);
  }, bare);
  expect(linesOf(await scrape()).filter((line) => line && line[0] !== '#')).toEqual(['named 2']);
  expect(diagnostics.map(({ code }) => code)).toEqual(['bad-instrument', 'prometheus-conflict']);
});
