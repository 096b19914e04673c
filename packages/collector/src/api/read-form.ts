import type { IncomingMessage } from 'node:http';

const MOST_BYTES = 1_000_000;

/** What is asked in the body of a POST (`application/x-www-form-urlencoded`) and in the address. `undefined`: it is too large. */
export async function readForm(
  request: IncomingMessage,
  search: URLSearchParams,
): Promise<URLSearchParams | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MOST_BYTES) chunks.push(chunk);
  }
  if (bytes > MOST_BYTES) return undefined;
  const form = new URLSearchParams(Buffer.concat(chunks).toString());
  for (const [name, value] of search) form.append(name, value);
  return form;
}
