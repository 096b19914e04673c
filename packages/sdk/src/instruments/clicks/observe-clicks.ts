import type { Attributes } from '@opentelemetry/api';
import { rootContext } from '../../core/context/context.js';
import { setSpan } from '../../core/context/span-in-context.js';
import type { InstrumentHost } from '../../core/instrument.js';
import { withInteraction } from '../../core/interaction.js';

export interface ClickOptions {
  /** Where the pointer was, in CSS pixels of the window. Default `false`. */
  readonly position?: boolean | undefined;
  /** `data-…` attributes of the element to record, by the names they have in `dataset` (`productId`). Default: none. */
  readonly dataset?: readonly string[] | undefined;
  /** Clicks on these elements get no span. */
  readonly ignore?: ((element: Element) => boolean) | undefined;
  /** A click is over when nothing it started has been under way for so long. Default 100 ms; the wait is not in the span. */
  readonly settleMs?: number | undefined;
  /** … and at the latest after this. Default 10,000 ms. */
  readonly maxMs?: number | undefined;
}

/** What a person means to have clicked, when the pointer was over something inside it. */
const ACTIONABLE =
  'a,button,input,select,textarea,option,label,summary,[role=button],[role=link],[role=menuitem],[role=tab],[onclick],[id]';

/**
 * Every click as a span, named for the element (`click #buy`, else `click button`). It begins when the browser got the event, so that a busy
 * page shows as waiting. All listeners of the event run with the span active; requests they make, then or behind an `await`, are its
 * children. It ends with the last of its listeners' microtasks or the last request below it, whichever is later.
 *
 * What is recorded is which element, not what is in it: no text, no value.
 */
export function observeClicks(host: InstrumentHost, options: ClickOptions = {}): () => void {
  const { settleMs = 100, maxMs = 10_000 } = options;
  const open = new Set<() => void>();

  function onClick(event: MouseEvent): void {
    const target = event.composedPath()[0] ?? event.target;
    if (!(target instanceof Element)) return;
    const element = target.closest(ACTIONABLE) ?? target;
    if (options.ignore?.(element)) return;

    const tag = element.localName;
    const attributes: Attributes = { 'app.widget.tag': tag };
    if (element.id) attributes['app.widget.id'] = element.id;
    if (options.position) {
      attributes['app.screen.coordinate.x'] = event.clientX;
      attributes['app.screen.coordinate.y'] = event.clientY;
    }
    for (const name of options.dataset ?? []) {
      const value = (element as HTMLElement).dataset?.[name];
      if (value !== undefined) attributes[`app.widget.data.${name}`] = value;
    }

    const startTime = event.timeStamp || undefined;
    // A person begins something new; a click made by the program belongs to what the program is doing.
    const parent = event.isTrusted ? rootContext : host.contextStore.active();
    const span = host.tracer.startSpan(
      `click ${element.id ? `#${element.id}` : tag}`,
      { attributes, startTime },
      parent,
    );

    let pending = 0;
    let lastMs: number;
    let settling: ReturnType<typeof setTimeout> | undefined;
    const hold = () => {
      pending++;
      clearTimeout(settling);
      let held = true;
      return () => {
        if (!held) return;
        held = false;
        pending--;
        lastMs = performance.now();
        if (!pending) settling = setTimeout(finish, settleMs);
      };
    };
    const context = setSpan(withInteraction(parent, { hold }), span);
    const leave = host.contextStore.surround?.(context);
    host.contextStore.carry?.(context);

    function finish(): void {
      if (!open.delete(finish)) return;
      clearTimeout(settling);
      clearTimeout(atMost);
      leave?.();
      span.end(pending > 0 ? performance.now() : lastMs);
    }
    open.add(finish);
    const atMost = setTimeout(finish, maxMs);
    // The next task: every listener and their microtasks are done.
    setTimeout(hold());
  }

  const finishAll = (): void => {
    for (const finish of open) finish();
  };
  const stopLeaving = host.onLeaving(finishAll);
  addEventListener('click', onClick, true);
  return () => {
    removeEventListener('click', onClick, true);
    stopLeaving();
    finishAll();
  };
}
