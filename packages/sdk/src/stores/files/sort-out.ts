import { isHead } from '../open-store.js';
import { recordKinds, type SegmentRecord } from './records.js';

interface Found {
  whole?: SegmentRecord;
  readonly parts: SegmentRecord[];
  gone: boolean;
}

/**
 * Which batches the records of one segment are: for each that is not gone, its record or, where it was never sealed, those of its parts in
 * their order. A record that can be read wins over what one beside it, that cannot, may have said.
 */
export function sortOut(records: readonly SegmentRecord[]): SegmentRecord[][] {
  const found = new Map<string, Found>();
  const replaced = new Set<string>();
  const of = (id: string): Found => {
    const known = found.get(id) ?? { parts: [], gone: false };
    found.set(id, known);
    return known;
  };
  for (const record of records) {
    const { kind, head, gone } = record;
    if (typeof head.id !== 'string') continue;
    const batch = of(head.id);
    if (kind === recordKinds.commit) replaced.add(head.id);
    else if (gone) batch.gone = true;
    else if (!isHead(head)) continue;
    else if (kind === recordKinds.part) batch.parts.push(record);
    else batch.whole = record;
  }
  const batches: SegmentRecord[][] = [];
  for (const [id, { whole, parts, gone }] of found) {
    if (replaced.has(id)) continue;
    const before = whole?.head.of;
    if (whole) {
      // What stands for another counts from the commit on; where that cannot be read, the other's end says so too.
      if (before === undefined || replaced.has(before) || found.get(before)?.gone) batches.push([whole]);
    } else if (parts.length && !gone) batches.push(parts.sort((a, b) => (a.head.at ?? 0) - (b.head.at ?? 0)));
  }
  return batches;
}
