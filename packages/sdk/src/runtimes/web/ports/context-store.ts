import type { Context } from '@opentelemetry/api';
import { rootContext } from '../../../core/context/context.js';
import { createStackContextStore } from '../../../core/context/stack-context-store.js';
import type { ContextStore, Timers } from '../../../core/ports.js';

/**
 * The active context of a page. Browsers cannot follow `await` (AsyncContext is still a proposal, and patching every promise is what a
 * zone does), so the context of a piece of code is, in this order:
 *
 * 1. that of the `with` it runs in, on a stack, as everywhere;
 * 2. what was carried into this task by a promise this SDK settles: the code behind `await fetch(…)`, `await response.json()` or
 *    `await measured()` runs right after that promise settles and belongs to whoever awaited it;
 * 3. what surrounds it: the click that is still under way, the page that is still loading.
 *
 * 2 ends with the task. 3 is a guess, made only while the person's doing lasts, and the one place where two things at once can be
 * mistaken for each other: a poll that fires during a click belongs to that click.
 */
export function createPageContextStore(timers: Timers): ContextStore {
  let surroundings: Context[] = [];
  let carried: Context | undefined;
  let dropCarried: (() => void) | undefined;

  return {
    ...createStackContextStore(() => carried ?? surroundings.at(-1) ?? rootContext),
    carry(context) {
      carried = context;
      dropCarried ??= timers.after(0, () => {
        carried = dropCarried = undefined;
      });
    },
    surround(context) {
      surroundings.push(context);
      return () => {
        surroundings = surroundings.filter((each) => each !== context);
      };
    },
  };
}
