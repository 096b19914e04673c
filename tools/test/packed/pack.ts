import { join } from 'node:path';
import { root } from '../../lib/root.mjs';
import { mustRun } from './shell.js';

/** The published packages by their names in the registry. */
const ROOMS = { '@throughline/sdk': 'sdk', throughline: 'collector' } as const;
export type Room = (typeof ROOMS)[keyof typeof ROOMS];

export interface Packed {
  readonly tarball: string;
  readonly files: readonly string[];
  readonly bytes: number;
  readonly unpackedBytes: number;
}

/** Builds them and makes the tarballs that npm would publish, in the folder `into`. */
export async function pack<Of extends Room>(rooms: readonly Of[], into: string): Promise<Readonly<Record<Of, Packed>>> {
  await mustRun('node tools/build.mjs', root);
  const packed = {} as Record<Of, Packed>;
  for (const room of rooms) {
    const line = `npm pack --json --pack-destination "${into}"`;
    const [report] = JSON.parse(await mustRun(line, join(root, 'packages', room)));
    packed[room] = {
      tarball: join(into, report.filename),
      files: report.files.map((file: { path: string }) => file.path),
      bytes: report.size,
      unpackedBytes: report.unpackedSize,
    };
  }
  return packed;
}

/** An `npm install` of a guide with these tarballs in place of the names that the registry would know. */
export const fromTarballs = (line: string, packed: Readonly<Partial<Record<Room, Packed>>>): string =>
  line.replace(/(?<=\s)(?:@throughline\/sdk|throughline)(?=\s|$)/g, (name) => {
    const tarball = packed[ROOMS[name as keyof typeof ROOMS]]?.tarball;
    return tarball ? `"${tarball}"` : name;
  });
