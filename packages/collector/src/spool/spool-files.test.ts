import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { OpenGroup } from './spool-files.js';

test('an append whose journal fails leaves nothing of its block, also when the block is slower than the failure', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'throughline-group-'));
  try {
    const group = await OpenGroup.create(directory, 'g');
    await group.append([Buffer.from('kept')], 1, []);
    const handles = group as unknown as { native: FileHandle; journal: FileHandle };
    const { native } = handles;
    const writev = native.writev.bind(native);
    let release = (): void => undefined;
    const slow = new Promise<void>((done) => {
      release = done;
    });
    native.writev = async (buffers, position) => {
      await slow;
      return writev(buffers, position);
    };
    handles.journal.writev = async () => {
      setImmediate(release);
      throw new Error('no space left');
    };
    await expect(group.append([Buffer.from('lost')], 1, [])).rejects.toThrow('no space left');
    const closed = await group.close();
    await new Promise((done) => setImmediate(done));
    expect(closed).toMatchObject({ rows: 1, bytes: 4 });
    expect(readFileSync(closed.file, 'utf8')).toBe('kept');
    expect(readdirSync(directory)).toHaveLength(2);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
