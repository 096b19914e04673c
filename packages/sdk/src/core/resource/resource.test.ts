import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fakeTime } from '../../../../testkit/src/fake-time.js';
import { mergeResource } from './merge-resource.js';
import { createResource } from './resource.js';
import { sdkVersion } from './sdk-version.js';

test('without a word about it the service is unknown, and telemetry names itself', () => {
  const { attributes, encoded } = createResource({ timers: fakeTime().timers, sdkLanguage: 'nodejs' });
  expect(attributes).toEqual({
    'service.name': 'unknown_service',
    'telemetry.sdk.name': 'throughline',
    'telemetry.sdk.version': sdkVersion,
    'telemetry.sdk.language': 'nodejs',
  });
  expect(encoded().bytes.length).toBeGreaterThan(50);
});

test('the version is the package’s', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  expect(sdkVersion).toBe(manifest.version);
});

test('named options win over attributes, attributes over detectors, later detectors over earlier ones [F4 S3]', () => {
  const { attributes } = createResource({
    timers: fakeTime().timers,
    serviceName: 'named',
    environment: 'staging',
    attributes: { 'service.name': 'attribute', 'host.name': 'attribute' },
    detectors: [
      { name: 'one', detect: () => ({ 'host.name': 'one', 'os.type': 'one', 'service.name': 'one' }) },
      { name: 'two', detect: () => ({ 'os.type': 'two' }) },
    ],
  });
  expect(attributes).toMatchObject({
    'service.name': 'named',
    'host.name': 'attribute',
    'os.type': 'two',
    'deployment.environment.name': 'staging',
  });
});

test('a detector that answers late is in what is encoded afterwards', async () => {
  const time = fakeTime();
  const resource = createResource({
    timers: time.timers,
    detectors: [
      {
        name: 'cloud',
        detect: () => new Promise((resolve) => time.timers.after(300, () => resolve({ 'cloud.region': 'r' }))),
      },
    ],
  });
  const early = resource.encoded();
  expect(resource.encoded()).toBe(early);
  expect(resource.asyncAttributesPending).toBe(true);
  await time.advance(300);
  await resource.ready;
  expect(resource.asyncAttributesPending).toBe(false);
  expect(resource.attributes['cloud.region']).toBe('r');
  expect(resource.encoded().bytes.length).toBeGreaterThan(early.bytes.length);
  expect(time.pending).toBe(0);
});

test('nobody waits longer than a second; who is later is named and left out', async () => {
  const time = fakeTime();
  const problems: string[] = [];
  const resource = createResource({
    timers: time.timers,
    onProblem: (detector, error) => problems.push(`${detector}: ${(error as Error).message}`),
    detectors: [
      { name: 'slow', detect: () => new Promise((resolve) => time.timers.after(1_500, () => resolve({ slow: true }))) },
      { name: 'quick', detect: async () => ({ quick: true }) },
    ],
  });
  let ready = false;
  resource.ready.then(() => {
    ready = true;
  });
  await time.advance(999);
  expect(ready).toBe(false);
  await time.advance(1);
  expect(ready).toBe(true);
  await time.advance(1_000);
  expect(resource.attributes.quick).toBe(true);
  expect(resource.attributes.slow).toBeUndefined();
  expect(problems).toEqual(['slow: no answer within 1000 ms']);
});

test('a detector that throws or rejects is named and costs nothing else', async () => {
  const problems: string[] = [];
  const resource = createResource({
    timers: fakeTime().timers,
    onProblem: (detector) => problems.push(detector),
    detectors: [
      {
        name: 'throws',
        detect() {
          throw new Error('no');
        },
      },
      { name: 'rejects', detect: () => Promise.reject(new Error('no')) },
      { name: 'fine', detect: () => ({ fine: true }) },
    ],
  });
  await resource.ready;
  expect(resource.attributes.fine).toBe(true);
  expect(problems).toEqual(['throws', 'rejects']);
});

test('merging: the newer value wins, an absent one does not erase, schema URLs must agree', () => {
  expect(
    mergeResource({ attributes: { a: 1, b: 1 } }, { attributes: { b: 2, c: 3, a: undefined } }).attributes,
  ).toEqual({ a: 1, b: 2, c: 3 });
  const schemaOf = (older: string | undefined, newer: string | undefined) =>
    mergeResource({ attributes: {}, schemaUrl: older }, { attributes: {}, schemaUrl: newer }).schemaUrl;
  expect(schemaOf('x', undefined)).toBe('x');
  expect(schemaOf(undefined, 'x')).toBe('x');
  expect(schemaOf('', 'x')).toBe('x');
  expect(schemaOf('x', 'x')).toBe('x');
  expect(schemaOf('x', 'y')).toBeUndefined();
});
