import type { Lifecycle } from '../../../core/ports.js';

/** What a thread lives through: no signals, and an end whose last step it still gets to run (`process.exit()` there ends the thread alone). */
export const threadLifecycle: Lifecycle = {
  onSuspend(run) {
    process.on('exit', run);
    return () => void process.removeListener('exit', run);
  },
  onResume: () => () => {},
  onShutdown: () => () => {},
};
