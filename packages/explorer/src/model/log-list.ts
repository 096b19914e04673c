import type { LogRecordDetail, ResourceDetail } from '#shapes/api.js';

export interface ListedRecord {
  /** Its time, and which one of that time: what the address calls it by. */
  readonly key: string;
  readonly record: LogRecordDetail;
  readonly resource: ResourceDetail;
}

interface Page {
  readonly records: readonly LogRecordDetail[];
  readonly resources: readonly ResourceDetail[];
}

/** Records of pages that follow each other. */
export function listRecords(pages: readonly Page[]): readonly ListedRecord[] {
  let time = '';
  let place = 0;
  return pages.flatMap(({ records, resources }) =>
    records.map((record) => {
      place = record.timeUnixNano === time ? place + 1 : 0;
      time = record.timeUnixNano;
      return { key: `${time}-${place}`, record, resource: resources[record.resource]! };
    }),
  );
}
