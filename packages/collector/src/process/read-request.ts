import { Malformed, TooManyCopies } from './malformed.js';
import type { NativeBlock } from './native-block.js';
import { OpenRequest, type Place } from './open-request.js';

/** What became of one export request. */
export type ReadResult =
  | {
      readonly kind: 'read';
      /** Rows that stand in the blocks now. */
      readonly accepted: number;
      readonly rejected: number;
      /** Why, for the first few reasons; empty where nothing is to be said. */
      readonly message: string;
    }
  /** Not an export request at all. The blocks are as they were. */
  | { readonly kind: 'malformed'; readonly message: string }
  /** Its rows would take more memory than they may. The blocks are as they were. */
  | { readonly kind: 'too-large'; readonly message: string };

/**
 * Reads export requests of one signal into the block (or blocks) of its tables in one pass: no object per row, strings are copied as bytes and
 * never decoded. A request is all there or not at all; a row that cannot be kept is left out and counted, and its neighbours stay.
 *
 * One reader serves one request at a time and is not re-entrant.
 */
export interface RequestReader<Target> {
  /** `receivedUnixMs` stands in for a time that cannot be. */
  read(bytes: Uint8Array, target: Target, receivedUnixMs: number): ReadResult;
}

/** What differs between signals: what stands below a scope, and where it goes. */
export interface ItemReader<Target> {
  blocksOf(target: Target): readonly NativeBlock[];
  begin(target: Target): void;
  /** A span, a log record or a metric between `start` and `end`. */
  item(start: number, end: number): void;
  /** After the last one. */
  end(): void;
  /** Nothing of the request is kept. */
  cutBack?(): void;
}

/**
 * Export requests of all signals are alike down to the scope, field numbers included: resources (1), each with a resource (1), scopes (2) and a
 * schema URL (3); each of those with a scope (1), items (2) and a schema URL (3).
 */
export function createRequestReader<Target>(
  itemsOf: (request: OpenRequest) => ItemReader<Target>,
): RequestReader<Target> {
  const request = new OpenRequest();
  const { at } = request;
  const items = itemsOf(request);

  /** The schema URL stands after the items, and protobuf allows the resource there too: both are found before the items are read. */
  function find(what: Place, url: Place, end: number): void {
    const start = at.position;
    what.start = what.end = url.start = url.end = 0;
    while (at.position < end) {
      const tag = at.tag(end);
      if (tag === 0x0a || tag === 0x1a) {
        const to = at.content(end);
        const place = tag === 0x0a ? what : url;
        place.start = at.position;
        place.end = to;
        at.position = to;
      } else at.skip(tag, end);
    }
    at.position = start;
  }

  function readScope(end: number): void {
    find(request.scopeAt, request.scopeUrlAt, end);
    request.scope++;
    while (at.position < end) {
      const tag = at.tag(end);
      if (tag === 0x12) {
        const to = at.content(end);
        items.item(at.position, to);
        at.position = to;
      } else at.skip(tag, end);
    }
  }

  function readResource(end: number): void {
    find(request.resourceAt, request.resourceUrlAt, end);
    request.resource++;
    while (at.position < end) {
      const tag = at.tag(end);
      if (tag === 0x12) {
        const to = at.content(end);
        readScope(to);
        at.position = to;
      } else at.skip(tag, end);
    }
  }

  return {
    read(bytes, target, receivedUnixMs) {
      const blocks = items.blocksOf(target);
      const marks = blocks.map((block) => block.mark());
      const days = blocks.map((block) => [...block.days]);
      const before = rowsOf(blocks);
      request.begin(bytes, receivedUnixMs);
      items.begin(target);
      try {
        while (at.position < bytes.length) {
          const tag = at.tag(bytes.length);
          if (tag === 0x0a) {
            const to = at.content(bytes.length);
            readResource(to);
            at.position = to;
          } else at.skip(tag, bytes.length);
        }
        items.end();
      } catch (error) {
        blocks.forEach((block, index) => {
          block.cutBack(marks[index]!);
          block.days.clear();
          for (const day of days[index]!) block.days.add(day);
        });
        items.cutBack?.();
        if (error instanceof TooManyCopies) return { kind: 'too-large', message: error.message };
        // A RangeError is a column that cannot grow any further; both are answers to this one request.
        if (error instanceof Malformed || error instanceof RangeError)
          return { kind: 'malformed', message: error.message };
        throw error;
      } finally {
        request.end();
      }
      return {
        kind: 'read',
        accepted: rowsOf(blocks) - before,
        rejected: request.rejected,
        message: request.message,
      };
    },
  };
}

function rowsOf(blocks: readonly NativeBlock[]): number {
  return blocks.reduce((sum, block) => sum + block.rows, 0);
}
