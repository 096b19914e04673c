/* What is used of WASI's preview 1. */

@external("wasi_snapshot_preview1", "clock_time_get")
export declare function clock_time_get(clock: i32, precision: u64, time: usize): i32;

@external("wasi_snapshot_preview1", "random_get")
export declare function random_get(into: usize, length: usize): i32;

@external("wasi_snapshot_preview1", "environ_sizes_get")
export declare function environ_sizes_get(count: usize, bytes: usize): i32;

@external("wasi_snapshot_preview1", "environ_get")
export declare function environ_get(pointers: usize, text: usize): i32;

@external("wasi_snapshot_preview1", "fd_prestat_get")
export declare function fd_prestat_get(fd: i32, prestat: usize): i32;

@external("wasi_snapshot_preview1", "fd_prestat_dir_name")
export declare function fd_prestat_dir_name(fd: i32, path: usize, length: usize): i32;

@external("wasi_snapshot_preview1", "path_open")
export declare function path_open(
  folder: i32,
  lookup: i32,
  path: usize,
  length: usize,
  flags: i32,
  rights: u64,
  inheriting: u64,
  fdFlags: i32,
  fd: usize,
): i32;

@external("wasi_snapshot_preview1", "path_filestat_get")
export declare function path_filestat_get(folder: i32, lookup: i32, path: usize, length: usize, stat: usize): i32;

@external("wasi_snapshot_preview1", "fd_filestat_get")
export declare function fd_filestat_get(fd: i32, stat: usize): i32;

@external("wasi_snapshot_preview1", "fd_write")
export declare function fd_write(fd: i32, pieces: usize, count: usize, written: usize): i32;

@external("wasi_snapshot_preview1", "fd_close")
export declare function fd_close(fd: i32): i32;
