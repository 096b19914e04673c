export interface PartialSuccess {
  readonly rejected: number;
  readonly message: string;
}

/** The `partial_success` of an export response; `undefined` when all was taken or it cannot be read. */
export function readPartialSuccess(body: Uint8Array): PartialSuccess | undefined {
  const partial = fieldsOf(body)?.find(([field]) => field === 1)?.[1];
  const fields = partial instanceof Uint8Array ? fieldsOf(partial) : undefined;
  if (fields === undefined) return undefined;
  const rejected = fields.find(([field]) => field === 1)?.[1];
  const message = fields.find(([field]) => field === 2)?.[1];
  return {
    rejected: typeof rejected === 'number' ? rejected : 0,
    message: message instanceof Uint8Array ? Buffer.from(message).toString() : '',
  };
}

/** Numbers and bytes of one message; `undefined` when it is none. */
function fieldsOf(bytes: Uint8Array): (readonly [field: number, value: number | Uint8Array])[] | undefined {
  const fields: (readonly [number, number | Uint8Array])[] = [];
  let at = 0;
  const varint = (): number | undefined => {
    let value = 0;
    for (let factor = 1; at < bytes.length; factor *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    return undefined;
  };
  while (at < bytes.length) {
    const tag = varint();
    const value = varint();
    if (tag === undefined || value === undefined) return undefined;
    if ((tag & 7) === 0) fields.push([tag >>> 3, value]);
    else if ((tag & 7) === 2 && at + value <= bytes.length) {
      fields.push([tag >>> 3, bytes.subarray(at, at + value)]);
      at += value;
    } else return undefined;
  }
  return fields;
}
