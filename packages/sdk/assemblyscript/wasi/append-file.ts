import {
  fd_close,
  fd_filestat_get,
  fd_prestat_dir_name,
  fd_prestat_get,
  fd_write,
  path_filestat_get,
  path_open,
} from './interface-wasi';

const FIRST_PREOPENED: i32 = 3;
const FOLLOW_LINKS: i32 = 1;
const CREATE: i32 = 1;
const APPEND: i32 = 1;
/** fd_write and fd_filestat_get: asked for no more than is used, because a host may give no more. */
const RIGHTS: u64 = (1 << 6) | (1 << 21);
/** A file that is taken away again and again while one frame is written is no place to write to. */
const MAX_ATTEMPTS: i32 = 100;
const CLOSED: i32 = -1;

const scratch = memory.data(16);
const mine = memory.data(64);
const named = memory.data(64);

/**
 * A file that is appended to while others take it away (docs/wasi.md, "The format"): after each write the name must still lead to the file
 * that was written to, else the same is written again to the new one.
 */
export class AppendFile {
  private folder: i32 = CLOSED;
  private path: ArrayBuffer = new ArrayBuffer(0);
  private file: i32 = CLOSED;
  /** Of WASI, for what went wrong last; 0: nothing. */
  error: i32 = 0;

  constructor(path: string) {
    this.find(path);
  }

  /** `false`: it is not in the file, and may be tried again. */
  append(at: usize, length: i32): bool {
    if (this.folder === CLOSED) return false;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (this.file === CLOSED && !this.open()) return false;
      store<u32>(scratch, <u32>at);
      store<u32>(scratch + 4, <u32>length);
      this.error = fd_write(this.file, scratch, 1, scratch + 8);
      // A part of it is damage that readers step over; it comes again whole.
      if (this.error !== 0 || load<u32>(scratch + 8) !== <u32>length) {
        this.close();
        return false;
      }
      if (this.isThere()) return true;
      this.close();
    }
    return false;
  }

  close(): void {
    if (this.file !== CLOSED) fd_close(this.file);
    this.file = CLOSED;
  }

  private open(): bool {
    const start = changetype<usize>(this.path);
    this.error = path_open(this.folder, FOLLOW_LINKS, start, this.path.byteLength, CREATE, RIGHTS, 0, APPEND, scratch);
    if (this.error !== 0) return false;
    this.file = load<i32>(scratch);
    return true;
  }

  /** Whether the name still leads to the open file: the same device and inode. */
  private isThere(): bool {
    if (fd_filestat_get(this.file, mine) !== 0) return false;
    const start = changetype<usize>(this.path);
    if (path_filestat_get(this.folder, FOLLOW_LINKS, start, this.path.byteLength, named) !== 0) return false;
    return load<u64>(mine) === load<u64>(named) && load<u64>(mine, 8) === load<u64>(named, 8);
  }

  /** The folder that the host opened for us with the longest name before the path. */
  private find(path: string): void {
    let longest = -1;
    for (let fd = FIRST_PREOPENED; fd_prestat_get(fd, scratch) === 0; fd++) {
      const length = load<u32>(scratch + 4);
      const bytes = new ArrayBuffer(length);
      if (fd_prestat_dir_name(fd, changetype<usize>(bytes), length) !== 0) continue;
      // Some hosts count a zero at the end.
      let name = String.UTF8.decode(bytes, true);
      if (name.endsWith('/')) name = name.slice(0, name.length - 1);
      const isBase = name === '' || name === '.';
      if (!isBase && !path.startsWith(`${name}/`)) continue;
      if (name.length <= longest) continue;
      longest = name.length;
      this.folder = fd;
      let rest = isBase ? path : path.slice(name.length + 1);
      while (rest.startsWith('/') || rest.startsWith('./')) rest = rest.slice(rest.startsWith('/') ? 1 : 2);
      this.path = String.UTF8.encode(rest);
    }
  }
}
