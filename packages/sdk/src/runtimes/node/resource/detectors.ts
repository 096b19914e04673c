import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as os from 'node:os';
import { basename } from 'node:path';
import type { Attributes } from '@opentelemetry/api';
import type { ResourceDetector } from '../../../core/options.js';
import { engineOf } from './engine.js';

/** The conventions all of these follow; a test compares every attribute with them. */
const schemaUrl = 'https://opentelemetry.io/schemas/1.45.0';

/** `process.*`. The command's arguments may hold secrets, so they are left out unless asked for. */
export function processDetector(options: { readonly commandArgs?: boolean } = {}): ResourceDetector {
  return {
    name: 'process',
    schemaUrl,
    detect: () => ({
      'process.pid': process.pid,
      'process.executable.name': basename(process.execPath),
      'process.executable.path': process.execPath,
      ...runtime(),
      ...(process.argv[1] !== undefined && { 'process.command': process.argv[1] }),
      ...(options.commandArgs && { 'process.command_args': [...process.argv] }),
      ...owner(),
    }),
  };
}

function runtime(): Attributes {
  const { name, version, description } = engineOf();
  return {
    'process.runtime.name': name,
    'process.runtime.version': version,
    'process.runtime.description': description,
  };
}

function owner(): Attributes {
  try {
    return { 'process.owner': os.userInfo().username };
  } catch {
    // A container whose user id has no name; a program that may not ask.
    return {};
  }
}

const architectures: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: 'x86',
  arm: 'arm32',
  ppc: 'ppc32',
};

const osTypes: Readonly<Record<string, string>> = { win32: 'windows', sunos: 'solaris' };

/** `host.name`, `host.arch`, and `host.id` where the system keeps one in a file. */
export const hostDetector: ResourceDetector = {
  name: 'host',
  schemaUrl,
  detect() {
    const arch = os.arch();
    const id = machineId();
    return {
      'host.name': os.hostname(),
      'host.arch': architectures[arch] ?? arch,
      ...(id !== undefined && { 'host.id': id }),
    };
  },
};

/** Linux' and FreeBSD's own files. macOS and Windows tell only through another program, which a start should not run. */
function machineId(): string | undefined {
  for (const path of ['/etc/machine-id', '/var/lib/dbus/machine-id', '/etc/hostid']) {
    try {
      const id = readFileSync(path, 'utf8').trim();
      if (id !== '') return id;
    } catch {
      // Not this one.
    }
  }
  return undefined;
}

export const osDetector: ResourceDetector = {
  name: 'os',
  schemaUrl,
  detect: () => ({ 'os.type': osTypes[os.platform()] ?? os.platform(), 'os.version': os.release() }),
};

/** `service.instance.id`: a random UUID, one for each start. */
export const serviceInstanceDetector: ResourceDetector = {
  name: 'serviceinstance',
  schemaUrl,
  detect: () => ({ 'service.instance.id': randomUUID() }),
};
