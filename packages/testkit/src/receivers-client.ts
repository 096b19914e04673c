import type { Arrived, ArrivedSpan, Command, MuteReceiver, Receiver, Receivers } from './receivers.js';
import type { CaseResult } from './suite.js';

export interface ReceiversClient extends Receivers {
  /** Hands the results of a suite to the test that waits for them (`reported` of the server). */
  report(results: readonly CaseResult[]): Promise<void>;
}

/**
 * `Receivers` of a runtime that has `fetch`: asks the server at `controlUrl`. It keeps the `fetch` it finds, so that one which telemetry
 * observes later does not see it.
 */
export function receiversOver(controlUrl: string, request: typeof fetch = globalThis.fetch): ReceiversClient {
  async function ask<T>(command: Command): Promise<T> {
    // A text needs no CORS preflight.
    const answer = await request.call(globalThis, controlUrl, { method: 'POST', body: JSON.stringify(command) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the control said ${answer.status}: ${text}`);
    return JSON.parse(text) as T;
  }

  return {
    async open(protocol): Promise<Receiver> {
      const url = await ask<string>({ do: 'open', protocol });
      return {
        url,
        answer: (...says) => ask({ do: 'answer', at: url, says }),
        arrived: (count) => ask<readonly Arrived[]>({ do: 'arrived', at: url, count }),
        spans: (count) => ask<readonly ArrivedSpan[]>({ do: 'spans', at: url, count }),
        connections: () => ask<number>({ do: 'connections', at: url }),
        dropConnections: () => ask({ do: 'drop', at: url }),
        close: () => ask({ do: 'close', at: url }),
      };
    },
    async openMute(): Promise<MuteReceiver> {
      const url = await ask<string>({ do: 'open-mute' });
      return {
        url,
        connected: () => ask({ do: 'connected', at: url }),
        close: () => ask({ do: 'close', at: url }),
      };
    },
    unusedUrl: () => ask<string>({ do: 'unused' }),
    report: (results) => ask({ do: 'report', results }),
  };
}
