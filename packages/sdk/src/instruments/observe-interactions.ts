import type { Attributes } from '@opentelemetry/api';
import { rootContext } from '../core/context/context.js';
import { setSpan } from '../core/context/span-in-context.js';
import type { InstrumentHost } from '../core/instrument.js';
import { withInteraction } from '../core/interaction.js';

export interface InteractionOptions {
  /** What a person does with these elements gets no span. */
  readonly ignore?: ((element: Element) => boolean) | undefined;
  /** It is over when nothing it started has been under way for so long. Default 100 ms; the wait is not in the span. */
  readonly settleMs?: number | undefined;
  /** … and at the latest after this. Default 10,000 ms. */
  readonly maxMs?: number | undefined;
}

/** What a person means to have used, when the event was seen by something inside it. */
const ACTIONABLE =
  'a,button,input,select,textarea,option,label,summary,[role=button],[role=link],[role=menuitem],[role=tab],[onclick],[id]';

/**
 * Every event of a type that a person causes, as a span named for it and its element (`click #buy`, else `click button`). It begins when the
 * browser got the event, so that a busy page shows as waiting. All listeners of the event run with the span active; requests they make, then
 * or behind an `await`, are its children. It ends with the last of its listeners' microtasks or the last request below it, whichever is later.
 *
 * `describe` adds to the attributes; an event for which it answers `true` gets no span.
 */
export function observeInteractions<E extends UIEvent>(
  host: InstrumentHost,
  type: string,
  { settleMs = 100, maxMs = 10_000, ignore }: InteractionOptions,
  describe: (event: E, element: Element, attributes: Attributes) => unknown,
): () => void {
  const open = new Set<() => void>();

  function onEvent(event: Event): void {
    const target = event.composedPath()[0];
    if (!(target instanceof Element)) return;
    const element = target.closest(ACTIONABLE) ?? target;

    const tag = element.localName;
    const id = element.id || undefined;
    const attributes: Attributes = { 'app.widget.tag': tag, 'app.widget.id': id };
    if (ignore?.(element) || describe(event as E, element, attributes)) return;

    // A person begins something new; an event made by the program belongs to what the program is doing.
    const parent = event.isTrusted ? rootContext : host.contextStore.active();
    const span = host.tracer.startSpan(
      `${type} ${id ? `#${id}` : tag}`,
      { attributes, startTime: event.timeStamp || undefined },
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
      span.end(pending ? undefined : lastMs);
    }
    open.add(finish);
    const atMost = setTimeout(finish, maxMs);
    // The next task: every listener and their microtasks are done.
    setTimeout(hold());
  }

  const finishAll = (): void => open.forEach((finish) => void finish());
  const stopLeaving = host.onLeaving(finishAll);
  addEventListener(type, onEvent, true);
  return () => {
    removeEventListener(type, onEvent, true);
    stopLeaving();
    finishAll();
  };
}
