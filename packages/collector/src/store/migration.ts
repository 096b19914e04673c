/**
 * What was ever done to the database, in order. A migration that has shipped is never edited: databases that have it would differ from
 * those that will get it. Each statement must be repeatable, because a crash between two of them runs the whole migration again.
 */
export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly statements: readonly string[];
  /** After the statements, once for each partition that a table has: what takes long is done in pieces. */
  readonly ofEachPartition?: { readonly table: string; readonly statement: (partitionId: string) => string };
}

/**
 * Counts inserts, not time. An insert is repeated only while its spool file still exists, and the spool holds far fewer
 * files than this.
 */
export const DEDUPLICATION_WINDOW = 10_000;

/**
 * A part below this size keeps all its columns in one file: one fsync instead of two hundred when an insert is made durable, and
 * a third less work (2.7 against 3.7 µs of processor per span, 60,000 spans an insert). Larger parts come from merges and have a file per column.
 */
export const COMPACT_PART_BYTES = 256 * 1024 * 1024;

/**
 * Merging costs as much as inserting, and each span passes through it once per level. Merging eight parts or more at a time, not two, saves a
 * third of the engine's work while data streams in (5.3 against 3.7 µs of processor per span); a day then has some twenty parts more.
 */
export const PARTS_PER_MERGE = 8;

export const MAP = 'Map(LowCardinality(String), String)';

/*
 * Codecs that differ from the exporter's, bytes a span over the 2 million of `bench -- query`: times as differences packed by bits 4.6 instead of 5.4,
 * durations packed by bits 3.3 instead of 3.7, attributes 9.4 instead of 11.4 and the resource's 3.7 instead of 5.4 for a level that took no
 * longer to write.
 */
export const TIME_CODEC = 'CODEC(Delta, T64, ZSTD(1))';
export const COUNT_CODEC = 'CODEC(T64, ZSTD(1))';
export const ATTRIBUTES_CODEC = 'CODEC(ZSTD(3))';

/** What makes a repeated insert change nothing and a finished one durable. */
const DURABLE = `non_replicated_deduplication_window = ${DEDUPLICATION_WINDOW},
  fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1`;
/** The same, and how parts are kept. */
export const TABLE_SETTINGS = `ttl_only_drop_parts = 1, ${DURABLE},
  min_bytes_for_wide_part = ${COMPACT_PART_BYTES}, min_parts_to_merge_at_once = ${PARTS_PER_MERGE}`;

/**
 * Brings a table that somebody else made up to ours: `columns` (as a `CREATE TABLE` has them) that it lacks, and what makes inserts durable. Changes
 * nothing of a table that `CREATE TABLE` has just made with both.
 */
export const adopt = (table: string, columns: readonly string[]): string =>
  `ALTER TABLE ${table} ${columns.map((column) => `ADD COLUMN IF NOT EXISTS ${column}`).join(', ')}, MODIFY SETTING ${DURABLE}`;
