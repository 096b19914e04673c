/** What can be sent through and listened to: workers and ports of browsers and of Node, and a worker's own global. */
export interface MessageTarget {
  // biome-ignore lint/suspicious/noExplicitAny: each kind has overloads of its own, and all are called as they are.
  postMessage(...args: any[]): void;
}

/** Called in a listener's place with what came: `deliver` calls the listener, with the data it is to see. */
export type Delivery = (data: unknown, deliver: (data: unknown) => unknown) => unknown;

type Listener = ((this: unknown, argument: unknown) => unknown) | { handleEvent(event: unknown): unknown };
type Method = (this: unknown, type: string, listener: Listener, ...rest: unknown[]) => unknown;

/** Listeners of Node's emitters get the data, those of the DOM an event that holds it. */
const byData = {
  adding: ['on', 'addListener', 'once', 'prependListener', 'prependOnceListener'],
  removing: ['off', 'removeListener'],
};
const byEvent = { adding: ['addEventListener'], removing: ['removeEventListener'] };

/** Puts `delivery` around every listener for `message` that is added to this object from now on, however it is added. */
export function patchListeners(target: MessageTarget, delivery: Delivery): void {
  const patched = target as unknown as Record<string, unknown>;
  // Node's `once` adds by `on`, and its `onmessage` by `addEventListener`: what is wrapped already must not be wrapped twice.
  let inside = false;
  const within = <R>(run: () => R): R => {
    const outer = inside;
    inside = true;
    try {
      return run();
    } finally {
      inside = outer;
    }
  };

  const call = (listener: Listener, self: unknown, argument: unknown): unknown =>
    typeof listener === 'function' ? Reflect.apply(listener, self, [argument]) : listener.handleEvent(argument);

  const onData = (listener: Listener): Listener =>
    function (this: unknown, data: unknown) {
      return delivery(data, (seen) => call(listener, this, seen));
    };
  const onEvent = (listener: Listener): Listener =>
    function (this: unknown, event: unknown) {
      // Another listener may have opened it for itself: each is given what came.
      const came = original(event as MessageEventLike);
      return delivery(came, (seen) => call(listener, this, showing(event as MessageEventLike, seen)));
    };

  for (const [{ adding, removing }, wrap] of [
    [byData, onData],
    [byEvent, onEvent],
  ] as const) {
    /** So that a listener can be removed as it was added. */
    const wrappers = new WeakMap<object, Listener>();
    for (const name of [...adding, ...removing]) {
      const method = patched[name] as Method | undefined;
      if (typeof method !== 'function') continue;
      const isAdding = adding.includes(name);
      patched[name] = function (this: unknown, type: string, listener: Listener, ...rest: unknown[]) {
        if (type !== 'message' || inside) return Reflect.apply(method, this, [type, listener, ...rest]);
        let passed = wrappers.get(listener) ?? listener;
        if (isAdding && passed === listener && isListener(listener)) {
          passed = wrap(listener);
          wrappers.set(listener, passed);
        }
        return within(() => Reflect.apply(method, this, [type, passed, ...rest]));
      };
    }
  }
  patchOnMessage(target, onEvent, within);
}

const isListener = (value: unknown): value is Listener =>
  typeof value === 'function' || (typeof value === 'object' && value !== null);

/** `onmessage = listener`, where the object has such a property. */
function patchOnMessage(
  target: MessageTarget,
  wrap: (listener: Listener) => Listener,
  within: (run: () => void) => void,
): void {
  const descriptor = inheritedDescriptor(target, 'onmessage');
  if (!descriptor?.set || !descriptor.get) return;
  const { get, set } = descriptor;
  let assigned: unknown = Reflect.apply(get, target, []);
  Object.defineProperty(target, 'onmessage', {
    configurable: true,
    enumerable: true,
    get: () => assigned,
    set(listener: unknown) {
      assigned = typeof listener === 'function' ? listener : null;
      within(() => Reflect.apply(set, target, [assigned === null ? null : wrap(assigned as Listener)]));
    },
  });
}

function inheritedDescriptor(target: object, name: string): PropertyDescriptor | undefined {
  for (let at: object | null = target; at; at = Object.getPrototypeOf(at) as object | null) {
    const descriptor = Object.getOwnPropertyDescriptor(at, name);
    if (descriptor) return descriptor;
  }
  return undefined;
}

interface MessageEventLike {
  readonly data: unknown;
}

const originals = new WeakMap<MessageEventLike, unknown>();

function original(event: MessageEventLike): unknown {
  if (!originals.has(event)) originals.set(event, event.data);
  return originals.get(event);
}

/** The very event, trusted as it is, with other data. */
function showing(event: MessageEventLike, data: unknown): MessageEventLike {
  return Object.defineProperty(event, 'data', { value: data, configurable: true });
}
