import type { SpanKindName, StatusName } from '../shapes/api.js';

/*
 * How kinds and statuses are written in the table. Exporters before 0.90 or so wrote the names of the protobuf enums; tables that
 * were filled by them are read the same way.
 */

export function kindName(stored: string): SpanKindName {
  const name = stored.toLowerCase().replace(/^span_kind_/, '');
  return name === 'internal' || name === 'server' || name === 'client' || name === 'producer' || name === 'consumer'
    ? name
    : 'unspecified';
}

export function statusName(stored: string): StatusName {
  const name = stored.toLowerCase().replace(/^status_code_/, '');
  return name === 'error' || name === 'ok' ? name : 'unset';
}

export function storedKinds(kind: SpanKindName): readonly string[] {
  return kind === 'unspecified'
    ? ['Unspecified', 'SPAN_KIND_UNSPECIFIED', '']
    : [capital(kind), `SPAN_KIND_${kind.toUpperCase()}`];
}

export function storedStatuses(status: StatusName): readonly string[] {
  return status === 'unset'
    ? ['Unset', 'STATUS_CODE_UNSET', '']
    : [capital(status), `STATUS_CODE_${status.toUpperCase()}`];
}

function capital(word: string): string {
  return word[0]!.toUpperCase() + word.slice(1);
}

/** SQL that is true for a span that failed. */
export const IS_ERROR = "StatusCode IN ('Error', 'STATUS_CODE_ERROR')";

/** SQL that is true where work enters a service: what its rate and duration are measured by. */
export const IS_ENTRY =
  "(SpanKind IN ('Server', 'Consumer', 'SPAN_KIND_SERVER', 'SPAN_KIND_CONSUMER') OR ParentSpanId = '')";
