import { expect, test } from 'vitest';
import type { InstrumentHost } from '../../core/instrument.js';
import type { LogRecord } from '../../core/telemetry-handle.js';
import { type ConsoleOptions, observeConsole } from './observe-console.js';

/** What is recorded of a console. */
function observed(console: NonNullable<ConsoleOptions['console']>) {
  const records: LogRecord[] = [];
  const logger = { enabled: () => true, emit: (record: LogRecord) => void records.push(record) };
  const host = { loggerProvider: { getLogger: () => logger } } as unknown as InstrumentHost;
  const stop = observeConsole(host, { console });
  return { stop, said: () => records.map(({ severityText, body }) => [severityText, body]) };
}

test('what is said once is recorded once, by the method it was said with, and printed as before', () => {
  const printed: unknown[] = [];
  // As Node does it: some methods print by others.
  const target = {
    log: (...parts: unknown[]) => void printed.push(['log', ...parts]),
    error: (...parts: unknown[]) => void printed.push(['error', ...parts]),
    trace(...parts: unknown[]) {
      this.error(...parts);
    },
    table(...parts: unknown[]) {
      this.log(...parts);
    },
  };
  const { said, stop } = observed(target);
  target.trace('here', 1);
  target.table('rows');
  target.error('after');
  expect(printed).toEqual([
    ['error', 'here', 1],
    ['log', 'rows'],
    ['error', 'after'],
  ]);
  const records = [
    ['trace', 'here 1'],
    // No method that is observed: it is told by what it prints with.
    ['log', 'rows'],
    ['error', 'after'],
  ];
  expect(said()).toEqual(records);
  stop();
  target.trace('unheard');
  expect(said()).toEqual(records);
});

test('a console that throws throws, and what is said next is recorded', () => {
  const broken = {
    error(text: string) {
      if (text === 'one') throw new Error('no paper');
    },
  };
  const { said } = observed(broken as ConsoleOptions['console'] & object);
  expect(() => broken.error('one')).toThrow('no paper');
  broken.error('two');
  expect(said()).toEqual([
    ['error', 'one'],
    ['error', 'two'],
  ]);
});
