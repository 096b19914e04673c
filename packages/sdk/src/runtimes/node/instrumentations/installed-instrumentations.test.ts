import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Diagnostic } from '../../../core/options.js';
import { installedInstrumentations } from './installed-instrumentations.js';

const folder = mkdtempSync(join(tmpdir(), 'throughline-installed-'));

/** A package as OpenTelemetry's are: helpers beside the one class. */
const source = (name: string) => `
  exports.helper = () => {};
  exports.SomeInstrumentation = class {
    instrumentationName = ${JSON.stringify(name)};
    constructor(config) { this.config = config; }
    enable() {} disable() {} setTracerProvider() {} setMeterProvider() {}
  };`;

function install(at: string, name: string, content = source(name)): void {
  const target = join(folder, at, 'node_modules', name);
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'package.json'), JSON.stringify({ name, main: 'index.js' }));
  writeFileSync(join(target, 'index.js'), content);
}

beforeAll(() => {
  install('.', '@opentelemetry/instrumentation-http');
  install('.', '@opentelemetry/instrumentation-pg', source('outer pg'));
  install('.', '@opentelemetry/instrumentation-fs');
  install('.', '@opentelemetry/instrumentation', 'throw new Error("the base is no instrumentation")');
  install('app', '@opentelemetry/instrumentation-pg', source('inner pg'));
  install('app', '@fastify/otel', source('fastify'));
  install('broken', '@opentelemetry/instrumentation-broken', 'throw new Error("half installed")');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function found(options: { at?: string; enabled?: string[]; disabled?: string[] } = {}) {
  const diagnostics: Diagnostic[] = [];
  const instances = installedInstrumentations({
    from: [join(folder, options.at ?? 'app')],
    enabled: options.enabled,
    disabled: options.disabled,
    onDiagnostic: (diagnostic) => diagnostics.push(diagnostic),
  });
  return { names: instances.map(({ instrumentationName }) => instrumentationName).sort(), instances, diagnostics };
}

test('everything that is installed is used, the nearest copy of each, without the noisy ones', () => {
  const { names, instances, diagnostics } = found();
  expect(names).toEqual(['@opentelemetry/instrumentation-http', 'fastify', 'inner pg']);
  expect(diagnostics).toEqual([]);
  // Fastify's has to be told to start by itself.
  const fastify = instances.find(({ instrumentationName }) => instrumentationName === 'fastify');
  expect(fastify).toHaveProperty('config', { registerOnInitialization: true });
});

test('named ones alone are used, also a noisy one; disabled ones are not', () => {
  expect(found({ enabled: ['fs', '@fastify/otel'] }).names).toEqual(['@opentelemetry/instrumentation-fs', 'fastify']);
  expect(found({ disabled: ['http', '@fastify/otel'] }).names).toEqual(['inner pg']);
});

test('a named one that is not installed is reported with the command that installs it', () => {
  expect(found({ enabled: ['redis'] }).diagnostics).toEqual([
    expect.objectContaining({ message: expect.stringContaining('npm install @opentelemetry/instrumentation-redis') }),
  ]);
});

test('one that cannot be loaded is reported and the others are used', () => {
  const { names, diagnostics } = found({ at: 'broken' });
  expect(names).toEqual(['@opentelemetry/instrumentation-http', 'outer pg']);
  expect(diagnostics).toEqual([expect.objectContaining({ message: expect.stringContaining('half installed') })]);
});
