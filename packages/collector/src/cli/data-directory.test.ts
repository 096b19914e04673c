import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeDataDirectory } from './data-directory.js';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'throughline-data-'));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));
const lockOf = (content: object | string): string => {
  const path = join(parent, 'throughline.lock');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};

test('is created, held, and given back', () => {
  const data = takeDataDirectory(join(parent, 'a/b'));
  expect(readdirSync(data.path)).toEqual(['throughline.lock']);
  data.release();
  data.release();
  expect(readdirSync(data.path)).toEqual([]);
});

test('held by a process that lives is refused, naming it', () => {
  // Process 1 is always there, and never this one outside of a container.
  lockOf({ pid: process.ppid, host: hostname(), began: '' });
  expect(() => takeDataDirectory(parent)).toThrow(
    `Another Throughline (pid ${process.ppid}) is using the data directory ${parent}.`,
  );
});

test.each([
  ['a process that is gone', { pid: 2 ** 22 + 1, host: hostname(), began: '1' }],
  ['a later process with the same number', { pid: process.ppid, host: hostname(), began: '1' }],
  ['this very process number before a restart of its container', { pid: process.pid, host: hostname(), began: '1' }],
  ['nobody who can be read', 'garbage'],
])('a lock of %s is taken over', (_, content) => {
  lockOf(content);
  const data = takeDataDirectory(parent);
  expect(readdirSync(parent)).toEqual(['throughline.lock']);
  data.release();
});

test('held on another machine counts while its owner touches it', () => {
  const lock = lockOf({ pid: 1, host: 'another-machine', began: '' });
  expect(() => takeDataDirectory(parent)).toThrow('pid 1 on another-machine');
  utimesSync(lock, new Date(0), new Date(Date.now() - 60_000));
  takeDataDirectory(parent).release();
});

test('one that cannot be is said in one sentence', () => {
  const file = join(parent, 'file');
  writeFileSync(file, '');
  expect(() => takeDataDirectory(file)).toThrow(
    `The data directory ${file} cannot be written: a file is in the way. Choose another with --data.`,
  );
  expect(() => takeDataDirectory(join(file, 'below'))).toThrow('a file is in the way');
});

test.skipIf(!existsSync('/proc/self'))('a place that takes no files is said too, and at once', () => {
  expect(() => takeDataDirectory('/proc/throughline/data')).toThrow('cannot be written: its place does not take files');
});
