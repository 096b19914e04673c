import { useSyncExternalStore } from 'react';
import { SERVICE_COLOURS } from '../model/service-colour.js';

export type ThemeChoice = 'system' | 'dark' | 'light';
export type Theme = 'dark' | 'light';

const KEY = 'throughline.theme';
const listeners = new Set<() => void>();
const dark = typeof matchMedia === 'undefined' ? undefined : matchMedia('(prefers-color-scheme: dark)');

function themeChoice(): ThemeChoice {
  const stored = read();
  return stored === 'dark' || stored === 'light' ? stored : 'system';
}

export function currentTheme(): Theme {
  const choice = themeChoice();
  return choice === 'system' ? (dark?.matches === false ? 'light' : 'dark') : choice;
}

export function chooseTheme(choice: ThemeChoice): void {
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    // Storage is refused: the choice holds until the page is left.
    memory = choice;
  }
  applyTheme();
}

let memory: string | null = null;
function read(): string | null {
  try {
    return localStorage.getItem(KEY) ?? memory;
  } catch {
    return memory;
  }
}

/** Puts the theme and the services' colours on the document; called once at start and at every change. */
export function applyTheme(): void {
  const theme = currentTheme();
  const root = document.documentElement;
  root.dataset.theme = theme;
  for (const [index, colour] of SERVICE_COLOURS[theme].entries()) {
    root.style.setProperty(`--service-${index}`, colour);
  }
  for (const listener of listeners) listener();
}

export function followSystemTheme(): void {
  dark?.addEventListener('change', applyTheme);
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useTheme = (): Theme => useSyncExternalStore(subscribe, currentTheme);
export const useThemeChoice = (): ThemeChoice => useSyncExternalStore(subscribe, themeChoice);
