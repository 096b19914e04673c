import { pathOnMachine } from '../../../../packages/testkit/src/on-this-machine.js';

/** What a Tauri program is built with and driven by, without a screen; `undefined` where something of it is missing. */
export const desktopTools = (() => {
  const [cargo, driver, screen] = [pathOnMachine('cargo'), pathOnMachine('webkitDriver'), pathOnMachine('xvfb')];
  return pathOnMachine('webkitLibraries') && cargo && driver && screen ? { cargo, driver, screen } : undefined;
})();
