import { readdirSync, readFileSync, statSync } from 'node:fs';

/* What Linux alone tells of a process, in its files (proc(5)). `undefined` elsewhere, and where a sandbox does not let it be read. */

function read(file: string): string | undefined {
  try {
    return readFileSync(`/proc/self/${file}`, 'latin1');
  } catch {
    return undefined;
  }
}

const numberIn = (text: string | undefined, line: RegExp): number | undefined => {
  const found = text && line.exec(text)?.[1];
  return found ? Number(found) : undefined;
};

export interface ProcessStatus {
  readonly virtualBytes: number | undefined;
  readonly threads: number | undefined;
}

export function processStatus(): ProcessStatus {
  const status = read('status');
  const kilobytes = numberIn(status, /^VmSize:\s+(\d+) kB$/m);
  return {
    virtualBytes: kilobytes === undefined ? undefined : kilobytes * 1024,
    threads: numberIn(status, /^Threads:\s+(\d+)$/m),
  };
}

/** Bytes that really went to and from storage, not to the page cache. */
export function diskBytes(): { readonly read: number | undefined; readonly write: number | undefined } {
  const io = read('io');
  return { read: numberIn(io, /^read_bytes: (\d+)$/m), write: numberIn(io, /^write_bytes: (\d+)$/m) };
}

/** Descriptors that are open, also on macOS. */
export function openFileDescriptors(): number | undefined {
  try {
    // From Linux 6.2 on the folder's size is their number; listing ten thousand takes milliseconds.
    const { size } = statSync('/proc/self/fd');
    if (size > 0) return size;
  } catch {}
  for (const folder of ['/proc/self/fd', '/dev/fd']) {
    try {
      // Without the one it is listed by.
      return readdirSync(folder).length - 1;
    } catch {}
  }
  return undefined;
}
