import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { endChild } from './processes-below.js';

/** A screen and a home for WebKitGTK, of its own and without a desktop around it. */
export async function webkitScreen(xvfb: string) {
  const home = mkdtempSync(join(tmpdir(), 'throughline-webkit-'));
  const screen = spawn(xvfb, ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const [display] = (await once(screen.stdio[3] as Readable, 'data')) as [Buffer];
  return {
    env: {
      ...process.env,
      DISPLAY: `:${display.toString().trim()}`,
      XDG_RUNTIME_DIR: home,
      HOME: home,
      // Without a bus of the desktop it would look for one at every start.
      DBUS_SESSION_BUS_ADDRESS: 'disabled:',
      NO_AT_BRIDGE: '1',
      GDK_BACKEND: 'x11',
      LIBGL_ALWAYS_SOFTWARE: '1',
      WEBKIT_DISABLE_COMPOSITING_MODE: '1',
    },
    async close(): Promise<void> {
      await endChild(screen);
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
