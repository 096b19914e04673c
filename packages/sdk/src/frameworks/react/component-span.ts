import type { Attributes, AttributeValue, Span } from '@opentelemetry/api';
import { registeredContext } from '../../core/otel-api.js';
import { currentTelemetry } from '../../core/telemetry-global.js';

/** The life of one component as React tells it, in effects: `mounted` and `unmounted` may alternate. */
export interface MountedSpan {
  describe(attributes: Attributes | undefined): void;
  mounted(stays: boolean): void;
  unmounted(): void;
  setAttribute(key: string, value: AttributeValue): MountedSpan;
  addEvent(name: string, attributes?: Attributes): MountedSpan;
}

const nowMs = (): number | undefined => globalThis.performance?.now();

/** Made at the first rendering, and harmless if nothing comes of it: the span itself begins when the component is mounted. */
export function createComponentSpan(name: string): MountedSpan {
  let startTime = nowMs();
  let context = registeredContext()?.active();
  let waiting: ((span: Span) => void)[] = [];
  let span: Span | undefined;
  /** It was told once; a second mounting is React's check of effects, or the component's return from hiding. */
  let told = false;
  let ending: object | undefined;

  const change = (run: (span: Span) => void): void => {
    if (span) run(span);
    else if (!told) waiting.push(run);
  };
  const component: MountedSpan = {
    describe: (attributes) => attributes && change((span) => span.setAttributes(attributes)),
    setAttribute(key, value) {
      change((span) => span.setAttribute(key, value));
      return component;
    },
    addEvent(event, attributes) {
      const time = nowMs();
      change((span) => span.addEvent(event, attributes, time));
      return component;
    },
    mounted(stays) {
      ending = undefined;
      if (span || (told && !stays)) return;
      span = currentTelemetry()?.tracer.startSpan(name, { startTime }, context);
      told = true;
      for (const run of waiting) if (span) run(span);
      waiting = [];
      if (!stays) end(nowMs());
    },
    unmounted() {
      if (!span) return;
      const endTime = nowMs();
      const mine = {};
      ending = mine;
      // React's check of effects mounts again at once.
      void Promise.resolve().then(() => {
        if (ending === mine) end(endTime);
      });
    },
  };

  function end(endTime: number | undefined): void {
    span?.end(endTime);
    span = undefined;
    // A component that comes back is told from then on.
    startTime = undefined;
    context = undefined;
  }
  return component;
}
