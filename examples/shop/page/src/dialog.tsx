import { type ReactNode, useEffect, useRef } from 'react';

interface Props {
  className: string;
  label: string;
  onClose: () => void;
  children: ReactNode;
}

/** The browser's own modal dialog: focus kept inside, Escape and a click beside it close. */
export function Dialog({ className, label, onClose, children }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    element.current?.showModal();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does the same, by the dialog itself
    <dialog
      ref={element}
      className={className}
      aria-label={label}
      onClose={onClose}
      onClick={(event) => event.target === element.current && element.current.close()}
    >
      <button type="button" className="close" aria-label="Close" onClick={() => element.current?.close()}>
        ×
      </button>
      {children}
    </dialog>
  );
}
