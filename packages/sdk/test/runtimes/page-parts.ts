import type { Channel } from '../../../testkit/src/runtime-suite.js';

/** Hides the page and shows it again, as a person does who looks at another tab. */
export function suspendPage(): void {
  const become = (hidden: boolean): void => {
    Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
    Object.defineProperty(document, 'visibilityState', { value: hidden ? 'hidden' : 'visible', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  };
  become(true);
  become(false);
}

export function openChannel(): Channel {
  const { port1, port2 } = new MessageChannel();
  return {
    post: (message) => port1.postMessage(message),
    onMessage: (run) => {
      port2.onmessage = ({ data }) => run(data);
    },
    close: () => port1.close(),
  };
}
