import type { EncodedResource } from '../batch.js';
import { encodeAttributes } from './encode-attributes.js';

/** Encodes a `Resource` message (resource.proto), to be joined to batches when they are sealed. */
export const encodeResource = (
  attributes: Readonly<Record<string, unknown>>,
  schemaUrl: string | undefined = '',
): EncodedResource => ({ bytes: encodeAttributes(0x0a, attributes), schemaUrl });
