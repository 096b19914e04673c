import type { NativeBlock } from '../process/native-block.js';
import { MAX_DAYS } from '../process/open-request.js';
import type { TableName } from '../store/stored-tables.js';
import { type ChainLink, type ClosedGroup, OpenGroup, removeGroup, type SpooledBatch } from './spool-files.js';

/** A group of this many rows is inserted as soon as the store is free, and takes no more when it is not. */
const FULL_ROWS = 64_000;
const FULL_BYTES = 32 * 1024 * 1024;
const MAX_BLOCK_ROWS = 16_384;
/** A smaller one waits this long for company: parts that are few and large cost the store least. */
const QUIET_LINGER_MS = 100;
const BUSY_LINGER_MS = 750;
/** Without an insert for this long the next one is a person's first look, and quick. */
const QUIET_MS = 2_000;

/** What a lane asks of, and tells, the spool it belongs to. */
export interface LaneHost {
  readonly directory: string;
  /** Unique over restarts, so a token never means two different groups. */
  nextName(table: TableName): string;
  /** Whether the store would take a group of this table at once. */
  isFree(table: TableName): boolean;
  /** Of any table, as `performance.now()` has it. */
  lastInsertMs(): number;
  isClosing(): boolean;
  onClosed(group: ClosedGroup): void;
  onFailure(message: string): void;
  /** After a block has reached the disk. */
  onWritten(): void;
}

interface Waiter {
  readonly batch: SpooledBatch;
  /** With what went wrong; nothing did when it is `undefined`. */
  readonly settle: (failure: string | undefined) => void;
}

/** What every lane is to the spool, whatever its rows are. */
export interface AnyLane {
  readonly table: TableName;
  readonly filling: NativeBlock;
  /** Acknowledged, and not yet closed. */
  readonly waitingRows: number;
  readonly waitingBytes: number;
  readonly hasOpenGroup: boolean;
  /** Resolves when the rows that were just put into `filling` are on the disk; with what went wrong when they are not. */
  untilDurable(batch: SpooledBatch): Promise<string | undefined>;
  /** Writes what is there, and closes the group when it is due. */
  consider(): void;
  /** Resolves when nothing is being written. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/**
 * One table's way through the spool. Requests that arrive while the disk is busy share the next block, its write and its fsync. Blocks collect
 * in one file until the store is free and the group is worth an insert.
 */
export class Lane<Block extends NativeBlock> implements AnyLane {
  /** Where the next request's rows go. Another block each time one is written. */
  filling: Block;
  private spare: Block | undefined;
  private waiters: Waiter[] = [];
  private open: OpenGroup | undefined;
  private writing: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  readonly table: TableName;
  readonly createBlock: () => Block;
  private readonly host: LaneHost;

  constructor(table: TableName, createBlock: () => Block, host: LaneHost) {
    this.table = table;
    this.createBlock = createBlock;
    this.host = host;
    this.filling = createBlock();
  }

  get waitingRows(): number {
    return (this.open?.rows ?? 0) + this.filling.rows;
  }

  get waitingBytes(): number {
    return this.open?.bytes ?? 0;
  }

  get hasOpenGroup(): boolean {
    return this.open !== undefined;
  }

  untilDurable(batch: SpooledBatch): Promise<string | undefined> {
    return new Promise((settle) => {
      this.waiters.push({ batch, settle });
      this.consider();
    });
  }

  consider(): void {
    this.writing ??= this.writeBlocks()
      .then(() => this.closeIfDue())
      .catch((error: unknown) => this.host.onFailure(`The spool failed: ${String(error)}`))
      .finally(() => {
        this.writing = undefined;
        if (this.filling.rows > 0) this.consider();
      });
  }

  async settled(): Promise<void> {
    await this.writing;
  }

  async close(): Promise<void> {
    clearTimeout(this.timer);
    await this.open?.close().catch(() => undefined);
  }

  private async writeBlocks(): Promise<void> {
    while (this.filling.rows > 0) {
      const block = this.filling;
      const batch = this.waiters;
      this.filling = this.spare ?? this.createBlock();
      this.spare = undefined;
      this.waiters = [];
      let failure: string | undefined;
      try {
        await this.writeBlock(
          block,
          batch.map((waiter) => waiter.batch),
        );
        this.host.onWritten();
      } catch (error) {
        failure = `The spool could not be written: ${error instanceof Error ? error.message : String(error)}`;
        this.host.onFailure(failure);
      }
      block.clear();
      this.spare = block;
      for (const waiter of batch) waiter.settle(failure);
      await this.closeIfDue();
    }
  }

  private async writeBlock(block: Block, batches: readonly SpooledBatch[]): Promise<void> {
    if (block.rows > MAX_BLOCK_ROWS) await this.writeChain(block, batches);
    else await this.writeRows(block, 0, block.rows, batches);
  }

  /**
   * What one insert holds in memory is bounded by its rows, so a request of a million small spans becomes many blocks and several groups. They
   * count together: should one fail, or the process be killed between two of them, none is kept, and the sender repeats all.
   */
  private async writeChain(block: Block, batches: readonly SpooledBatch[]): Promise<void> {
    await this.closeGroup();
    const groups: OpenGroup[] = [];
    let name = '';
    try {
      for (let from = 0; from < block.rows; from += MAX_BLOCK_ROWS) {
        const to = Math.min(block.rows, from + MAX_BLOCK_ROWS);
        if (this.open === undefined || this.isFullWith(to - from)) {
          this.open = await OpenGroup.create(this.host.directory, this.host.nextName(this.table));
          groups.push(this.open);
          name ||= this.open.name;
        }
        const isLast = to === block.rows;
        await this.writeRows(block, from, to, isLast ? batches : [], { name, isLast });
      }
      for (const group of groups.slice(0, -1)) await group.commit(name);
    } catch (error) {
      this.open = undefined;
      for (const group of groups) {
        await group.close().catch(() => undefined);
        await removeGroup(this.host.directory, group.name);
      }
      throw error;
    }
    for (const group of groups.slice(0, -1)) this.host.onClosed(await group.close());
  }

  private async writeRows(
    block: Block,
    from: number,
    to: number,
    batches: readonly SpooledBatch[],
    chain?: ChainLink,
  ): Promise<void> {
    if (chain === undefined && this.open !== undefined) {
      let days = this.open.days.size;
      for (const day of block.days) if (!this.open.days.has(day)) days++;
      if (days > MAX_DAYS || this.isFullWith(to - from)) await this.closeGroup();
    }
    this.open ??= await OpenGroup.create(this.host.directory, this.host.nextName(this.table));
    const group = this.open;
    try {
      await group.append(block.toNative(from, to), to - from, batches, chain);
    } catch (error) {
      // Whatever state its files are in, their whole blocks will be found by their checksums.
      if (chain === undefined) await this.closeGroup().catch(() => undefined);
      throw error;
    }
    if (group.firstWriteMs === 0) group.firstWriteMs = performance.now();
    for (const day of block.days) group.days.add(day);
  }

  private isFullWith(rows: number): boolean {
    return this.open !== undefined && (this.open.rows + rows > FULL_ROWS || this.open.bytes >= FULL_BYTES);
  }

  private async closeGroup(): Promise<void> {
    const group = this.open;
    this.open = undefined;
    if (group === undefined) return;
    const done = await group.close();
    if (done.rows > 0) this.host.onClosed(done);
    else await removeGroup(this.host.directory, done.name);
  }

  /** Called between writes, when the store has become free, and when a group has waited long enough. */
  private async closeIfDue(): Promise<void> {
    const { host, open } = this;
    if (open === undefined || open.rows === 0) return;
    const isFull = open.rows >= FULL_ROWS || open.bytes >= FULL_BYTES;
    const now = performance.now();
    const lingerMs = host.isClosing() ? 0 : now - host.lastInsertMs() > QUIET_MS ? QUIET_LINGER_MS : BUSY_LINGER_MS;
    const dueMs = open.firstWriteMs + lingerMs - now;
    const isFree = host.isFree(this.table);
    if (isFull || (isFree && dueMs <= 0)) await this.closeGroup();
    else if (isFree) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.consider(), dueMs);
    }
  }
}
