import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react';

/** Draws into a canvas after each render in which `deps` changed, at the screen's own resolution. */
export function useCanvas(
  canvas: RefObject<HTMLCanvasElement | null>,
  width: number,
  height: number,
  draw: (context: CanvasRenderingContext2D) => void,
  deps: readonly unknown[],
): void {
  const ratio = usePixelRatio();
  const latest = useRef(draw);
  latest.current = draw;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the caller names what the picture depends on
  useLayoutEffect(() => {
    const element = canvas.current;
    if (element === null || width <= 0 || height <= 0) return;
    const across = Math.round(width * ratio);
    const down = Math.round(height * ratio);
    if (element.width !== across) element.width = across;
    if (element.height !== down) element.height = down;
    const context = element.getContext('2d');
    if (context === null) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    latest.current(context);
  }, [width, height, ratio, ...deps]);
}

function usePixelRatio(): number {
  const [ratio, setRatio] = useState(() => window.devicePixelRatio || 1);
  useEffect(() => {
    const query = matchMedia(`(resolution: ${ratio}dppx)`);
    const changed = (): void => setRatio(window.devicePixelRatio || 1);
    query.addEventListener('change', changed);
    return () => query.removeEventListener('change', changed);
  }, [ratio]);
  return ratio;
}
