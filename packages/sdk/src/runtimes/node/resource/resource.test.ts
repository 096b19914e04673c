import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { defaultServiceName } from './default-service-name.js';
import { hostDetector, osDetector, processDetector, serviceInstanceDetector } from './detectors.js';

const folder = mkdtempSync(join(tmpdir(), 'throughline-name-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text = ''): string {
  const whole = join(folder, path);
  mkdirSync(join(whole, '..'), { recursive: true });
  writeFileSync(whole, text);
  return whole;
}

test('a service is named after the package of its entry file [F4]', () => {
  write('app/package.json', '{"name":"@acme/orders"}');
  write('app/dist/package.json', '{"type":"module"}');
  const entry = write('app/dist/main.js');
  expect(defaultServiceName(entry, folder)).toBe('@acme/orders');
  const link = join(folder, 'link.js');
  symlinkSync(entry, link);
  expect(defaultServiceName(link, folder)).toBe('@acme/orders');
});

test('a program started by a tool is named after the working directory’s package', () => {
  write('site/package.json', '{"name":"site"}');
  write('site/node_modules/next/package.json', '{"name":"next"}');
  const entry = write('site/node_modules/next/bin/next.js');
  expect(defaultServiceName(entry, join(folder, 'site'))).toBe('site');
  expect(defaultServiceName(undefined, join(folder, 'site'))).toBe('site');
});

test('without a name anywhere it is unknown_service:node', () => {
  write('bare/package.json', 'not json');
  expect(defaultServiceName(write('bare/main.js'), folder)).toBe('unknown_service:node');
});

test('the process is described without its arguments, unless they are asked for [S3]', async () => {
  const attributes = await processDetector().detect();
  expect(attributes).toMatchObject({
    'process.pid': process.pid,
    'process.executable.path': process.execPath,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
  });
  expect(attributes).not.toHaveProperty('process.command_args');
  expect(await processDetector({ commandArgs: true }).detect()).toHaveProperty('process.command_args', process.argv);
});

test('host and operating system are described in the words of the conventions [S3]', async () => {
  expect(await hostDetector.detect()).toMatchObject({ 'host.name': hostname() });
  const { 'host.arch': arch } = await hostDetector.detect();
  expect(['amd64', 'arm64', 'arm32', 'x86', 'ppc64', 's390x', 'riscv64', 'loong64']).toContain(arch);
  const { 'os.type': type } = await osDetector.detect();
  expect(type).toBe(process.platform === 'win32' ? 'windows' : process.platform);
});

test('each start is an instance of its own', async () => {
  const [a, b] = [await serviceInstanceDetector.detect(), await serviceInstanceDetector.detect()];
  expect(a['service.instance.id']).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
  expect(a['service.instance.id']).not.toBe(b['service.instance.id']);
});
