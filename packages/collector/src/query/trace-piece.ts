import type { TraceSummary } from '../shapes/api.js';

/** What is known of some spans of a trace. Pieces of one trace that share no span make up what is known of all of them. */
export interface TracePiece {
  readonly traceId: string;
  readonly firstNano: bigint;
  readonly lastNano: bigint;
  /** Its earliest span without a parent or, where it has none, its earliest span. */
  readonly head: { readonly service: string; readonly name: string; readonly atNano: bigint; readonly isRoot: boolean };
  readonly services: readonly { readonly name: string; readonly spans: number; readonly errors: number }[];
}

/** `pieces`: at least one. */
export function joinPieces(pieces: readonly TracePiece[]): Omit<TraceSummary, 'matched'> {
  let { traceId, firstNano, lastNano, head } = pieces[0]!;
  let spans = 0;
  let errors = 0;
  const services = new Map<string, { name: string; spans: number; errors: number }>();
  for (const piece of pieces) {
    if (piece.firstNano < firstNano) firstNano = piece.firstNano;
    if (piece.lastNano > lastNano) lastNano = piece.lastNano;
    if (isBefore(piece.head, head)) head = piece.head;
    for (const service of piece.services) {
      spans += service.spans;
      errors += service.errors;
      const known = services.get(service.name);
      if (known === undefined) services.set(service.name, { ...service });
      else {
        known.spans += service.spans;
        known.errors += service.errors;
      }
    }
  }
  return {
    traceId,
    rootService: head.service,
    rootName: head.name,
    hasRoot: head.isRoot,
    startUnixNano: String(firstNano),
    durationNano: Number(lastNano - firstNano),
    spans,
    errors,
    services: [...services.values()].sort((a, b) => b.spans - a.spans || (a.name < b.name ? -1 : 1)),
  };
}

function isBefore(one: TracePiece['head'], other: TracePiece['head']): boolean {
  return one.isRoot === other.isRoot ? one.atNano < other.atNano : one.isRoot;
}
