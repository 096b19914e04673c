import { clock_time_get, environ_get, environ_sizes_get, random_get } from './interface-wasi';

const REALTIME: i32 = 0;
const MONOTONIC: i32 = 1;
const scratch = memory.data(16);

function clock(id: i32): u64 {
  store<u64>(scratch, 0);
  clock_time_get(id, 1, scratch);
  return load<u64>(scratch);
}

/** Nanoseconds since 1970. May jump. */
export function wallNanos(): u64 {
  return clock(REALTIME);
}

/** Nanoseconds since some moment. Never goes back. */
export function monotonicNanos(): u64 {
  return clock(MONOTONIC);
}

export function randomBytes(count: i32): StaticArray<u8> {
  const bytes = new StaticArray<u8>(count);
  random_get(changetype<usize>(bytes), count);
  return bytes;
}

/** A variable of the environment; empty where there is none. */
export function environmentVariable(name: string): string {
  if (environ_sizes_get(scratch, scratch + 4) !== 0) return '';
  const count = load<u32>(scratch);
  const pointers = new ArrayBuffer(<i32>count * 4);
  const text = new ArrayBuffer(load<u32>(scratch + 4));
  if (environ_get(changetype<usize>(pointers), changetype<usize>(text)) !== 0) return '';
  const start = `${name}=`;
  for (let index: u32 = 0; index < count; index++) {
    const at = <usize>load<u32>(changetype<usize>(pointers) + index * 4);
    let length = 0;
    while (load<u8>(at + length) !== 0) length++;
    const line = String.UTF8.decodeUnsafe(at, length);
    if (line.startsWith(start)) return line.slice(start.length);
  }
  return '';
}
