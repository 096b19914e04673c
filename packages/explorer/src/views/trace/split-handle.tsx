import { type PointerEvent, useCallback, useEffect, useRef, useState } from 'react';
import styles from './waterfall.module.css';

const SPLIT_KEY = 'throughline.split';

/** Where the reader put the edge between tree and bars; a share of the width until then. */
export function useSplit(width: number): { split: number; setSplit: (split: number) => void } {
  const [chosen, setChosen] = useState(() => Number(read(SPLIT_KEY) ?? 0));
  const room = Math.max(120, width - 160);
  const usual = Math.min(480, Math.max(200, width * 0.42));
  const split = Math.round(Math.min(room, chosen > 0 ? chosen : usual));
  const setSplit = useCallback((next: number) => {
    setChosen(next);
    try {
      localStorage.setItem(SPLIT_KEY, String(Math.round(next)));
    } catch {
      // Not kept, then.
    }
  }, []);
  return { split, setSplit };
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** The edge itself: dragged, or moved by arrows. */
export function SplitHandle({
  split,
  width,
  onSplit,
}: {
  readonly split: number;
  readonly width: number;
  readonly onSplit: (split: number) => void;
}) {
  const element = useRef<HTMLDivElement>(null);
  const latest = useRef(onSplit);
  useEffect(() => {
    latest.current = onSplit;
  });
  const onPointerDown = (event: PointerEvent<HTMLDivElement>): void => {
    const target = event.currentTarget;
    const begin = event.clientX - split;
    target.setPointerCapture(event.pointerId);
    const move = (to: globalThis.PointerEvent): void => latest.current(Math.max(120, to.clientX - begin));
    const up = (): void => {
      target.removeEventListener('pointermove', move);
      target.removeEventListener('pointerup', up);
    };
    target.addEventListener('pointermove', move);
    target.addEventListener('pointerup', up);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a separator that can be moved is not a rule
    <div
      ref={element}
      role="separator"
      aria-orientation="vertical"
      aria-label="Width of the tree"
      aria-valuenow={split}
      aria-valuemin={120}
      aria-valuemax={Math.max(120, width - 160)}
      tabIndex={0}
      className={styles.split}
      style={{ left: split - 4 }}
      onPointerDown={onPointerDown}
      onKeyDown={(event) => {
        if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
        event.preventDefault();
        event.stopPropagation();
        onSplit(Math.max(120, split + (event.key === 'ArrowLeft' ? -16 : 16)));
      }}
    />
  );
}
