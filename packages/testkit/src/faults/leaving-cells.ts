import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type FaultCount, isFullFaultRun } from './fault-run.js';

/** One way to leave pages of one engine, with so many spans queued and the collector so far away. */
export interface LeavingCell extends FaultCount {
  readonly engine: string;
  readonly version: string;
  readonly way: string;
  readonly spans: number;
  readonly delayMs: number;
  /** Of `stored`: those that the page that was left has sent itself. */
  readonly byTheClose: number;
}

const file = new URL('../../../../bench/out/leaving.json', import.meta.url);

/** In a full run: writes these into `bench/out/leaving.json`, of which docs/leaving.md is made, in the place of those of the same engine and way. */
export function keepLeavingCells(cells: readonly LeavingCell[]): void {
  if (!isFullFaultRun) return;
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as LeavingCell[]) : [];
  const kept = before.filter((old) => !cells.some(({ engine, way }) => engine === old.engine && way === old.way));
  mkdirSync(fileURLToPath(new URL('.', file)), { recursive: true });
  writeFileSync(file, `[\n${[...kept, ...cells].map((cell) => JSON.stringify(cell)).join(',\n')}\n]\n`);
}
