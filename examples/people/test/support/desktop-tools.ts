import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const onPath = (name: string) =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));

const hasWebKit = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].some((machine) =>
  existsSync(`/usr/lib/${machine}/pkgconfig/webkit2gtk-4.1.pc`),
);

/** Whether a Tauri program can be built here and driven without a screen. */
export const hasDesktopTools =
  process.platform === 'linux' && hasWebKit && ['cargo', 'WebKitWebDriver', 'Xvfb'].every(onPath);
