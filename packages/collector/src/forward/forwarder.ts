import { crc32 } from 'node:zlib';
import { splitRequest } from '../process/split-request.js';
import type { BodyLane } from '../spool/bodies/body-lane.js';
import type { StoredBody } from '../spool/bodies/segment.js';
import type { Outcome, Outgoing, Sender } from './outcome.js';

const PIECE_BYTES = 256 * 1024;
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 30_000;
/** Longer than this nobody is believed to want to be left alone. */
const LONGEST_ASKED_MS = 3_600_000;

export interface ForwarderOptions {
  readonly lane: BodyLane;
  readonly sender: Sender;
  /** Requests under way together. */
  readonly connections: number;
  /** How the destination is named to people. */
  readonly shown: string;
  readonly onEvent: (message: string) => void;
}

export interface ForwarderStatus {
  readonly forwarded: number;
  /** Items that the destination did not keep of batches that it took. */
  readonly rejected: number;
  /** Batches set aside. */
  readonly refused: number;
  readonly lastError: string | undefined;
}

/**
 * Takes batches out of one lane and hands them to one destination, several at a time, each until it has arrived or was refused for good. A destination that does not take
 * anything is asked again after the wait that it named, else after one that doubles, with one batch, another each time.
 */
export class Forwarder {
  private readonly options: ForwarderOptions;
  private underWay = 0;
  /** Failures of the destination one behind the other; while there are any only one batch is under way. */
  private failures = 0;
  private closedUntilMs = 0;
  private timer: NodeJS.Timeout | undefined;
  private stopping = false;
  private readonly idle = new Set<() => void>();
  private readonly pool: Buffer[] = [];
  private said: string | undefined;
  private forwarded = 0;
  private rejected = 0;
  private lastError: string | undefined;
  private lastMessage: string | undefined;

  constructor(options: ForwarderOptions) {
    this.options = options;
    options.lane.onWaiting = () => this.pump();
  }

  /** Whether a batch would be on its way at once, as far as is known. */
  get isReady(): boolean {
    return this.failures === 0;
  }

  get status(): ForwarderStatus {
    const { forwarded, rejected, lastError } = this;
    return { forwarded, rejected, refused: this.options.lane.refused, lastError };
  }

  start(): void {
    this.pump();
  }

  /** Lets what is under way arrive for at most `limitMs`; what is left waits for the next start. */
  async close(limitMs: number): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    if (this.underWay > 0) {
      await new Promise<void>((done) => {
        const timer = setTimeout(done, limitMs);
        this.idle.add(() => {
          clearTimeout(timer);
          done();
        });
      });
    }
    this.options.sender.close();
  }

  private pump(): void {
    const { lane, connections } = this.options;
    while (!this.stopping && this.underWay < (this.failures > 0 ? 1 : connections)) {
      const nowMs = performance.now();
      if (nowMs < this.closedUntilMs) {
        this.wakeAt(this.closedUntilMs);
        return;
      }
      const body = lane.take(nowMs);
      if (body === undefined) {
        const nextMs = lane.nextReturnMs;
        if (nextMs !== undefined) this.wakeAt(Math.max(nextMs, nowMs + 1));
        return;
      }
      this.underWay++;
      void this.deliver(body).finally(() => {
        this.underWay--;
        if (this.underWay === 0) for (const done of this.idle) done();
        this.pump();
      });
    }
  }

  private wakeAt(atMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.pump(), atMs - performance.now());
  }

  /** Never rejects. */
  private async deliver(body: StoredBody): Promise<void> {
    const { lane, sender, shown, onEvent } = this.options;
    const begunMs = performance.now();
    let isDamaged = false;
    const { signal, id, length } = body;
    const pieces = (): AsyncGenerator<Uint8Array> =>
      this.pieces(body, () => {
        isDamaged = true;
      });
    const outgoing: Outgoing = { signal, id, length, pieces };
    try {
      let outcome = await sender.send(outgoing);
      if (outcome.kind === 'stale') outcome = await sender.send(outgoing);
      switch (outcome.kind) {
        case 'accepted':
          lane.finish(body);
          this.forwarded++;
          this.rejected += outcome.rejected;
          this.succeed();
          if (outcome.message !== '') this.sayOnce(`${shown} says: ${outcome.message}`);
          return;
        case 'refused': {
          const kept = await lane.setAside(body);
          onEvent(`${shown} refuses batch ${body.id} for good (${outcome.reason}). It is kept in ${kept}.`);
          this.succeed();
          return;
        }
        case 'too-large':
          await this.split(body, outcome.reason);
          this.succeed();
          return;
        default:
          if (!isDamaged) {
            this.fail(body, outcome, begunMs);
            return;
          }
          // What it was nobody knows any more.
          onEvent(
            `Batch ${id} can no longer be read as it was written. What is left of it is in ${await lane.setAside(body)}.`,
          );
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.fail(body, { kind: 'retry', reason }, begunMs);
    }
  }

  private async split(body: StoredBody, reason: string): Promise<void> {
    const { lane, shown, onEvent } = this.options;
    const whole = Buffer.allocUnsafeSlow(body.length);
    await body.segment.read(body, 0, whole);
    const halves = splitRequest(whole, body.signal);
    if (halves === undefined) {
      const kept = await lane.setAside(body);
      onEvent(`${shown} finds batch ${body.id} too large, and it is a single item (${reason}). It is kept in ${kept}.`);
      return;
    }
    const [first, second] = halves.map((bytes, at) => {
      const id = `${body.id}.${at}`;
      return { signal: body.signal, id, bytes, crc: crc32(bytes, crc32(id)) };
    });
    await lane.replace(body, [first!, second!]);
  }

  private succeed(): void {
    this.failures = 0;
    this.closedUntilMs = 0;
    if (this.said === undefined) return;
    this.said = undefined;
    this.lastError = undefined;
    this.options.onEvent(`${this.options.shown} takes telemetry again.`);
  }

  private fail(
    body: StoredBody,
    outcome: Exclude<Outcome, { kind: 'accepted' | 'refused' | 'too-large' }>,
    begunMs: number,
  ): void {
    const { lane, shown, onEvent } = this.options;
    const nowMs = performance.now();
    const asked = outcome.kind === 'retry' ? outcome.afterMs : undefined;
    body.failures++;
    body.notBeforeMs = nowMs + backoffMs(body.failures);
    lane.giveBack(body);
    this.lastError = outcome.reason;
    // Those that were under way together fail together: that is one failure. And one batch that fails again and again while others arrive is its own.
    const isNews = begunMs >= this.closedUntilMs && (body.failures === 1 || this.failures > 0 || asked !== undefined);
    if (isNews) {
      this.failures++;
      const waitMs =
        asked === undefined ? backoffMs(this.failures) : Math.min(asked, LONGEST_ASKED_MS) * (1 + Math.random() / 10);
      this.closedUntilMs = nowMs + waitMs;
    } else if (asked !== undefined)
      this.closedUntilMs = Math.max(this.closedUntilMs, nowMs + Math.min(asked, LONGEST_ASKED_MS));
    if (this.said === outcome.reason || this.failures === 0) return;
    this.said = outcome.reason;
    onEvent(
      outcome.kind === 'unwelcome'
        ? `${shown} wants nothing from here (${outcome.reason}): look at its address and the credentials. What arrives waits; trying again until it is taken.`
        : `${shown} does not take telemetry (${outcome.reason}). What arrives waits; trying again until it is taken.`,
    );
  }

  private sayOnce(message: string): void {
    if (this.lastMessage === message) return;
    this.lastMessage = message;
    this.options.onEvent(message);
  }

  /** A body in pieces, through memory that is used again. Throws where it is not what was written. */
  private async *pieces(body: StoredBody, onDamage: () => void): AsyncGenerator<Uint8Array> {
    const room = this.pool.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);
    let isDone = false;
    try {
      let crc = body.segment.isRecovered ? crc32(body.id) : 0;
      for (let from = 0; from < body.length; from += PIECE_BYTES) {
        const piece = room.subarray(0, Math.min(PIECE_BYTES, body.length - from));
        await body.segment.read(body, from, piece);
        if (body.segment.isRecovered) {
          crc = crc32(piece, crc);
          if (from + piece.length === body.length && crc !== body.crc) {
            onDamage();
            throw new Error('damaged');
          }
        }
        yield piece;
      }
      isDone = true;
    } finally {
      // A request that broke off may still look at it.
      if (isDone && this.pool.length < this.options.connections) this.pool.push(room);
    }
  }
}

const backoffMs = (failures: number): number =>
  Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures - 1, 20)) * (0.5 + Math.random());
