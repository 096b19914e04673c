export interface MemoryWatch {
  isFull(): boolean;
  /** What is in use: the heap and what hangs on it, as of the last look. */
  readonly usedBytes: number;
  close(): void;
}

const LOOK_MS = 200;

/** Looks now and then how much memory the process uses. Not how much it has: what was freed is not always given back to the system. */
export function watchMemory(limitBytes: number): MemoryWatch {
  let usedBytes = 0;
  const look = (): void => {
    const { heapUsed, external } = process.memoryUsage();
    usedBytes = heapUsed + external;
  };
  look();
  const timer = setInterval(look, LOOK_MS).unref();
  return {
    isFull: () => usedBytes > limitBytes,
    get usedBytes() {
      return usedBytes;
    },
    close: () => clearInterval(timer),
  };
}
