import { type RefObject, useEffect, useRef } from 'react';

/**
 * Wheel events that the page must not scroll or zoom with. React listens passively; this does not. The handler says by `false` that
 * the event is not its own.
 */
export function useWheel(
  ref: RefObject<HTMLElement | null>,
  handle: (event: WheelEvent, box: DOMRect) => boolean,
): void {
  const latest = useRef(handle);
  latest.current = handle;
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const onWheel = (event: WheelEvent): void => {
      if (latest.current(event, element.getBoundingClientRect()) !== false) event.preventDefault();
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, [ref]);
}
