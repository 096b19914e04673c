import { stat } from 'node:fs/promises';
import type { DiskWatch } from '../admit/disk-watch.js';
import { type PreparedInsert, type Store, StoreError } from '../store/store.js';

/**
 * Inserts only while the disk has room for what it makes of them. An insert that meets a full disk halfway can leave the engine's note of it without its rows in one view or another (seen with
 * chDB 3.4), and then its repetition is taken for a second copy.
 */
export const whereRoomIs =
  (disk: DiskWatch, store: Pick<Store, 'insert'>): ((insert: PreparedInsert) => Promise<void>) =>
  async (insert) => {
    const { size } = await stat(insert.file);
    if (!(await disk.hasRoomFor(size)))
      throw new StoreError('full', 'The disk has no room for the tables to grow.', true);
    await store.insert(insert);
  };
