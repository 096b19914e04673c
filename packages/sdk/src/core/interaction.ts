import type { Context } from '@opentelemetry/api';

/*
 * Something a person did (a click), for as long as what it started is under way. It travels in the context, so that a request
 * made anywhere below it can keep it open without knowing who opened it.
 */

export interface Interaction {
  /** Keeps it open until the returned function is called (more than once is harmless). */
  hold(): () => void;
}

const INTERACTION: symbol = Symbol.for('@throughline/sdk interaction');

export const withInteraction = (context: Context, interaction: Interaction): Context =>
  context.setValue(INTERACTION, interaction);

/** Keeps open what `context` belongs to, where it belongs to something. */
export const holdInteraction = (context: Context): (() => void) =>
  (context.getValue(INTERACTION) as Interaction | undefined)?.hold() ?? (() => {});
