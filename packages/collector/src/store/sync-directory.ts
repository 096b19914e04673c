import { open } from 'node:fs/promises';

/** Makes the names of files in a directory durable. Not every platform can; where it cannot the name is durable by itself. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
