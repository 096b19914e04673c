import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/* What is wrong with a page for readers with impaired sight, and how it looks: SHOTS=folder keeps pictures. */

const SHOTS = process.env.SHOTS;
const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export type Theme = 'dark' | 'light';

interface Axe {
  run(options: object): Promise<{
    violations: { id: string; nodes: { target: string[]; html: string; failureSummary: string }[] }[];
  }>;
}

/** `rules`: names of rules, or of groups of them. Default: all. */
export async function faultsFor(page: Page, theme: Theme, rules?: readonly string[]): Promise<string[]> {
  await page.emulateMedia({ colorScheme: theme });
  await page.waitForFunction((wanted) => document.documentElement.dataset.theme === wanted, theme);
  // What is about to be replaced is paler for so long.
  await page.waitForFunction(() => document.querySelector('[data-old]') === null);
  // Not as a script tag: the collector's pages take none of others.
  await page.evaluate(axe);
  return page.evaluate(async (runOnly) => {
    const { violations } = await (window as unknown as { axe: Axe }).axe.run({
      resultTypes: ['violations'],
      ...(runOnly ? { runOnly } : {}),
    });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, html, failureSummary }) => `${id}: ${target.join(' ')} ${html} ${failureSummary}`),
    );
  }, rules);
}

/** In both themes; they differ in colours alone. */
export async function examinePage(page: Page, name: string): Promise<void> {
  for (const theme of ['dark', 'light'] as const) {
    const faults = await faultsFor(page, theme, theme === 'light' ? ['color-contrast'] : undefined);
    expect(faults.join('\n'), `${name}, ${theme}`).toBe('');
    await shoot(page, `${name}-${theme}`);
  }
}

export async function shoot(page: Page, name: string): Promise<void> {
  if (SHOTS === undefined) return;
  await mkdir(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}
