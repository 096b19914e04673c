import { appendFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { FaultSignal } from './serials-on-the-wire.js';

/** `npm run faults` sets it; `npm test` runs every case briefly. */
export const isFullFaultRun = process.env.FAULTS === 'full';

/** How often, or with how many, a case is run: a few times in `npm test`, and so often in `npm run faults` that what is rare happens. */
export function faultSize({ brief, full }: { readonly brief: number; readonly full: number }): number {
  return isFullFaultRun ? full : brief;
}

/** How far a long case is. Nothing in a brief run. */
export function sayFault(text: string): void {
  if (isFullFaultRun) process.stderr.write(`  ${text}\n`);
}

/** What became of spans, log records or points that each had a number of their own. */
export interface FaultCount {
  /** Those of which the sender was told, or had reason to believe, that they are kept. */
  readonly sent: number;
  /** Different ones that were found, and how often any was found more than once. */
  readonly stored: number;
  readonly missing: number;
  readonly duplicated: number;
}

/** The end of a fault case: a row of `bench/out/faults.json` in a full run, and the claim that nothing was lost and nothing is there twice. */
export function nothingLost(name: string, count: FaultCount): void {
  writeRow(name, count);
  claim(name, count);
}

/** The same of a case through which several signals went at once: a row for each, that of spans under the case's own name. */
export function nothingLostOfAny(
  name: string,
  counts: readonly (readonly [signal: FaultSignal, count: FaultCount])[],
): void {
  const rows = counts.map(([signal, count]) => [faultName(name, signal), count] as const);
  for (const [row, count] of rows) writeRow(row, count);
  for (const [row, count] of rows) claim(row, count);
}

export const faultName = (name: string, signal: FaultSignal): string =>
  signal === 'traces' ? name : `${name}: ${signal}`;

function writeRow(name: string, { sent, stored, missing, duplicated }: FaultCount): void {
  const file = process.env.FAULTS_FILE;
  if (isFullFaultRun && file !== undefined)
    appendFileSync(file, `${JSON.stringify({ name, sent, stored, missing, duplicated })}\n`);
  sayFault(`${name}: ${sent} sent, ${stored} stored, ${missing} missing, ${duplicated} twice`);
}

function claim(name: string, { sent, missing, duplicated }: FaultCount): void {
  expect(sent, `${name}: items that were sent`).toBeGreaterThan(0);
  expect({ missing, duplicated }, name).toEqual({ missing: 0, duplicated: 0 });
}
