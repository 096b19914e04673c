import type { Migration } from './migration.js';

/**
 * What full text is looked for by: for every 8,192 records a Bloom filter of the words of their bodies, and one of those of their events' names, in lower
 * case (query/log-text.ts asks by the same expressions). 64 KiB and four hashes: with 30,000 different words in a mark, which is three numbers
 * in each record, one mark in 700 is read in vain; with fewer it packs better. An index of the words themselves (`text`) finds them faster still, and
 * took 3 µs of processor more for each record when it is inserted and 8 more each time it is merged.
 *
 * That is for tables of somebody else and of before; one that this collector makes has marks of 2,048 records, and brings a filter of a quarter of the size (log-table.ts).
 *
 * Parts that are there already keep what they have, and are read whole until they age out.
 *
 * The number of the insert that brought a record stays with it through merges (a tenth of a byte), so that a live tail knows what is new.
 */
export const LOG_WORDS: Migration = {
  number: 6,
  name: 'words of logs',
  statements: [
    `ALTER TABLE otel_logs
      ADD INDEX IF NOT EXISTS idx_words lowerUTF8(Body) TYPE tokenbf_v1(65536, 4, 0) GRANULARITY 1,
      ADD INDEX IF NOT EXISTS idx_event_words lowerUTF8(EventName) TYPE tokenbf_v1(1024, 3, 0) GRANULARITY 1`,
    'ALTER TABLE otel_logs MODIFY SETTING enable_block_number_column = 1',
  ],
};
