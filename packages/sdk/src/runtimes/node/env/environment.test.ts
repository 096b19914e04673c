import { expect, test } from 'vitest';
import { createEnvironment } from './environment.js';

const codes = (environment: ReturnType<typeof createEnvironment>) =>
  environment.diagnostics.map(({ message }) => message);

test('an empty value is an unset one, without a word', () => {
  const environment = createEnvironment({ A: '', B: '   ' });
  expect(environment.string('A')).toBeUndefined();
  expect(environment.boolean('B')).toBeUndefined();
  expect(environment.integer('A')).toBeUndefined();
  expect(environment.list('A')).toBeUndefined();
  expect(environment.pairs('B')).toBeUndefined();
  expect(environment.diagnostics).toEqual([]);
});

test('a boolean is true only for the word true, in any case; anything else is false and reported', () => {
  const environment = createEnvironment({ A: 'TRUE', B: 'false', C: '1' });
  expect([environment.boolean('A'), environment.boolean('B'), environment.boolean('C')]).toEqual([true, false, false]);
  expect(codes(environment)).toEqual(['C is ignored: "1" is neither "true" nor "false"; it counts as false.']);
});

test('a number that cannot be read or is out of bounds is reported and counts as unset', () => {
  const environment = createEnvironment({ A: '12', B: '1.5', C: '-1', D: '0.25', E: '2', F: 'ten' });
  expect([environment.integer('A'), environment.integer('B'), environment.integer('C')]).toEqual([
    12,
    undefined,
    undefined,
  ]);
  expect([environment.number('D', 0, 1), environment.number('E', 0, 1), environment.number('F', 0, 1)]).toEqual([
    0.25,
    undefined,
    undefined,
  ]);
  expect(environment.diagnostics.map(({ code }) => code)).toEqual(Array(4).fill('invalid-environment'));
});

test('a known word is found in any case, an unknown one reported', () => {
  const environment = createEnvironment({ A: 'GRPC', B: 'carrier-pigeon' });
  expect(environment.oneOf('A', ['grpc', 'http/json'])).toBe('grpc');
  expect(environment.oneOf('B', ['grpc', 'http/json'])).toBeUndefined();
  expect(codes(environment)).toEqual(['B is ignored: "carrier-pigeon" is not one of grpc, http/json.']);
});

test('pairs are percent-decoded and trimmed', () => {
  const environment = createEnvironment({ A: ' key1 = value%201 ,key%3D2=a%2Cb%3Dc, ,empty=,token=abc==' });
  expect(environment.pairs('A')).toEqual({ key1: 'value 1', 'key=2': 'a,b=c', empty: '', token: 'abc==' });
});

test('names of Object.prototype are keys of pairs like any other', () => {
  const pairs = createEnvironment({ A: '__proto__=x,a=1' }).pairs('A');
  expect(Object.entries(pairs!)).toEqual([
    ['__proto__', 'x'],
    ['a', '1'],
  ]);
  expect(pairs).not.toHaveProperty('constructor');
});

test.each(['no-separator', '=secret', 'a=1,b=%zz'])(
  'one bad pair discards them all and is reported without its content: %s',
  (A) => {
    const environment = createEnvironment({ A });
    expect(environment.pairs('A')).toBeUndefined();
    expect(codes(environment)).toHaveLength(1);
    expect(codes(environment)[0]).not.toContain(A);
  },
);

test('an environment that may not be read is as good as empty, said once', () => {
  let asked = 0;
  const forbidden = new Proxy({} as Record<string, string>, {
    get(_, name) {
      asked++;
      throw new Error(`Requires env access to "${String(name)}"`);
    },
  });
  const environment = createEnvironment(forbidden);
  expect([environment.string('OTEL_A'), environment.boolean('OTEL_B'), environment.list('OTEL_C')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(asked).toBe(1);
  expect(environment.diagnostics).toMatchObject([
    { level: 'info', code: 'environment-unreadable', message: expect.stringContaining('OTEL_A') },
  ]);
});
