export type MachineNeed =
  | 'chromium'
  | 'firefox'
  | 'webkitDriver'
  | 'miniBrowser'
  | 'xvfb'
  | 'webkitLibraries'
  | 'cargo'
  | 'mosquitto'
  | 'prometheus'
  | 'prometheusClient'
  | 'promtool'
  | 'victoriaMetrics';

// A plain script, which the tools run before anything is installed: its type is said here.
const script = new URL('../../../tools/lib/machine.mjs', import.meta.url).href;
const { findOnMachine } = (await import(script)) as { findOnMachine(name: MachineNeed): string | undefined };

/** Path of a program of this machine that tests need; `undefined` skips them by name. The list is tools/lib/machine.mjs. */
export const pathOnMachine = (name: MachineNeed): string | undefined => findOnMachine(name);
